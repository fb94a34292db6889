#pragma once

#include "platform/raw_files.h"

namespace lodestone {

// The files of the origin private file system that the coordinator worker opened before the engine began
// (web/origin_files.mjs). Null where it could open none. Thread: coordinator.
RawFiles* OriginRawFiles();

}  // namespace lodestone
