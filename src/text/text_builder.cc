#include "text/text_builder.h"

#include <algorithm>

#include "text/utf8.h"

namespace lodestone {

void TextBuilder::RequestBreak(int lines) {
  pending_lines_ = std::max(pending_lines_, lines);
  pending_space_ = false;
}

void TextBuilder::WriteBreak() {
  if (pending_lines_ > 0) {
    while (!text_.empty() && (text_.back() == ' ' || text_.back() == '\t' || text_.back() == '\n')) text_.pop_back();
    if (!text_.empty()) text_.append(static_cast<size_t>(pending_lines_), '\n');
    pending_lines_ = 0;
  } else if (pending_space_) {
    text_.push_back(' ');
  }
  pending_space_ = false;
  if (!marker_.empty()) {
    text_.append(marker_);
    marker_.clear();
  }
}

void TextBuilder::AddFlowing(std::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    if (IsAsciiSpace(text[i])) {
      // At the start of a line there is nothing to keep apart.
      if (pending_lines_ == 0 && marker_.empty() && !text_.empty() && text_.back() != '\n' && text_.back() != ' ') {
        pending_space_ = true;
      }
      ++i;
      continue;
    }
    size_t end = i + 1;
    while (end < text.size() && !IsAsciiSpace(text[end])) ++end;
    WriteBreak();
    text_.append(text.substr(i, end - i));
    i = end;
  }
}

void TextBuilder::AddVerbatim(std::string_view text) {
  if (text.empty()) return;
  WriteBreak();
  const size_t start = text_.size();
  text_.append(text);
  // Character references can smuggle these in; the places of headings must not move later.
  std::replace(text_.begin() + static_cast<std::ptrdiff_t>(start), text_.end(), '\r', '\n');
}

void TextBuilder::AddMarker(std::string_view marker) { marker_.assign(marker); }

void TextBuilder::BeginHeading(int level) {
  EndHeading();
  BreakParagraph();
  marker_.clear();
  WriteBreak();  // now, so that the heading's place is known
  heading_level_ = std::clamp(level, 1, 6);
  heading_start_ = text_.size();
}

void TextBuilder::EndHeading() {
  if (heading_level_ == 0) return;
  const std::string_view words = std::string_view(text_).substr(std::min(heading_start_, text_.size()));
  std::string line = OneLine(words);
  if (!line.empty()) {
    headings_.push_back({static_cast<uint32_t>(heading_start_), static_cast<uint8_t>(heading_level_), std::move(line)});
  }
  heading_level_ = 0;
  BreakParagraph();
}

void TextBuilder::Finish(std::string* text, std::vector<Heading>* headings) {
  EndHeading();
  while (!text_.empty() && IsAsciiSpace(text_.back())) text_.pop_back();
  *text = std::move(text_);
  *headings = std::move(headings_);
  text_.clear();
  headings_.clear();
}

std::string OneLine(std::string_view text, size_t max_bytes) {
  std::string line;
  for (const char c : TrimAsciiSpace(text)) {
    if (c == '\0') continue;
    if (!IsAsciiSpace(c)) {
      line.push_back(c);
    } else if (!line.empty() && line.back() != ' ') {
      line.push_back(' ');
    }
    if (line.size() > max_bytes * 2) break;
  }
  if (line.size() > max_bytes) {
    line = std::string(CutAtWord(line, max_bytes));
    line += "…";
  }
  return line;
}

bool BeginsWithLine(std::string_view text, std::string_view line) {
  constexpr std::string_view kCut = "…";
  if (line.ends_with(kCut)) line.remove_suffix(kCut.size());
  // With room for the word at which it would be cut.
  return OneLine(text.substr(0, 4096), line.size() + 64).starts_with(line);
}

}  // namespace lodestone
