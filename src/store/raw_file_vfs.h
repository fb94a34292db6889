#pragma once

#include <optional>
#include <string_view>

#include "base/status.h"
#include "platform/raw_files.h"

namespace lodestone {

// From now on a database by the name of one of `files` lives in it, and its journal in the one named so;
// all others are where they always are. `files` lives as long as the program. Call once, before any Store.
Status UseRawFiles(RawFiles* files);

struct RawFile {
  RawFiles* files;
  int file;
};
// The one of them that a database or journal at `path` lives in. It is open for good: it cannot be renamed.
std::optional<RawFile> FindRawFile(std::string_view path);

}  // namespace lodestone
