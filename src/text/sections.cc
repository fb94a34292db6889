#include "text/sections.h"

#include <algorithm>
#include <utility>

#include "text/utf8.h"

namespace lodestone {
namespace {

bool IsBlank(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return IsAsciiSpace(c); });
}

}  // namespace

std::string JoinPath(const std::vector<std::string_view>& path) {
  std::string joined;
  for (const std::string_view heading : path) {
    if (!joined.empty()) joined += " > ";
    joined += heading;
  }
  return joined;
}

size_t CommonPrefix(const std::vector<std::string_view>& a, const std::vector<std::string_view>& b) {
  size_t length = 0;
  while (length < a.size() && length < b.size() && a[length] == b[length]) ++length;
  return length;
}

std::vector<Section> FindSections(const Document& document) {
  std::vector<Section> sections;
  const std::string_view text = document.text;
  const auto size = static_cast<uint32_t>(text.size());
  std::vector<std::pair<uint8_t, std::string_view>> open;  // the headings that hold here
  uint32_t start = 0;
  bool carried = false;  // `start` is at a heading that had no text of its own

  const uint32_t first = document.headings.empty() ? size : std::min(document.headings.front().offset, size);
  if (!IsBlank(text.substr(0, first))) sections.push_back({0, first, {}});
  for (size_t i = 0; i < document.headings.size(); ++i) {
    const Heading& heading = document.headings[i];
    const uint32_t offset = std::min(heading.offset, size);
    const uint32_t end = i + 1 < document.headings.size() ? std::min(document.headings[i + 1].offset, size) : size;
    while (!open.empty() && open.back().first >= heading.level) open.pop_back();
    open.emplace_back(heading.level, heading.text);
    if (!carried) start = offset;
    const size_t line_end = std::min(text.find('\n', offset), text.size());
    const bool only_heading = line_end >= end || IsBlank(text.substr(line_end, end - line_end));
    carried = only_heading && i + 1 < document.headings.size() && document.headings[i + 1].level > heading.level;
    if (carried) continue;
    Section section{start, end, {}};
    for (const auto& [level, words] : open) section.path.push_back(words);
    sections.push_back(std::move(section));
  }
  return sections;
}

}  // namespace lodestone
