#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/document.h"

namespace lodestone {

// What is stored beside the data to find damage that SQLite's own check does not see.

// Over a document's text and each passage's offsets and heading path. Two documents of equal content
// hash and checksum have the same passages.
int64_t DocumentChecksum(std::string_view text, const std::vector<Passage>& passages);

// Over a vector's bytes and which passage of its document it stands for, counted from 0.
int64_t VectorChecksum(std::string_view vector, uint32_t position);

}  // namespace lodestone
