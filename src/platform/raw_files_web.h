#pragma once

#include <functional>
#include <string>

#include "platform/raw_files.h"

namespace lodestone {

// The files of the origin private file system that this thread has opened, or the coordinator worker before the engine
// began (web/origin_files.mjs). Null where there are none. Thread: the one that opened them.
RawFiles* OriginRawFiles();

// Opens those of the site at `scope` for this thread. `done` is called from the thread's event loop when they are open, or
// cannot be had; it need not return. The thread goes on after its function's end.
void OpenOriginRawFiles(const std::string& scope, std::function<void()> done);

}  // namespace lodestone
