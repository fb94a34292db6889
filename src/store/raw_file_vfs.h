#pragma once

#include "base/status.h"
#include "platform/raw_files.h"

namespace lodestone {

// From now on a database by the name of one of `files` lives in it, and its journal in the one named so;
// all others are where they always are. `files` lives as long as the program. Call once, before any Store.
Status UseRawFiles(RawFiles* files);

}  // namespace lodestone
