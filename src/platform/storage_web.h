#pragma once

#include <string>

#include "base/status.h"

namespace lodestone {

// Makes the origin private file system appear as a folder and gives the path of the library's database
// for one site: apps under other paths of the same origin have their own.
// Thread: the storage thread. Errors: kUnavailable where the browser has no such file system.
Result<std::string> MountOriginStorage(const std::string& scope);

}  // namespace lodestone
