#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/document.h"

namespace lodestone {

// The text under one heading, with the heading's line. Views point into the document.
struct Section {
  uint32_t start = 0;
  uint32_t end = 0;
  std::vector<std::string_view> path;  // headings from the outermost to its own
};

// The sections of a document in order; together they hold all its words. One that has nothing but its heading is
// taken into the one below it.
std::vector<Section> FindSections(const Document& document);

// "Guide > Install > Linux".
std::string JoinPath(const std::vector<std::string_view>& path);

// How many headings two paths share from the outermost on.
size_t CommonPrefix(const std::vector<std::string_view>& a, const std::vector<std::string_view>& b);

}  // namespace lodestone
