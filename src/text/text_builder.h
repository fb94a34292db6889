#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/document.h"

namespace lodestone {

// Writes readable plain text with headings from a stream of pieces of marked-up text.
// Breaks are held back until text follows, so that none pile up and none stand at either end.
class TextBuilder {
 public:
  // Text that flows: runs of white space become one space, none at the start of a line.
  void AddFlowing(std::string_view text);
  // Text as it is, line ends included.
  void AddVerbatim(std::string_view text);
  // Put before the next text of this line, kept only if such text comes: "- " of a list item.
  void AddMarker(std::string_view marker);
  void DropMarker() { marker_.clear(); }

  void BreakLine() { RequestBreak(1); }
  void BreakParagraph() { RequestBreak(2); }
  // Takes back a break that no text has followed yet.
  void DropBreak() { pending_lines_ = 0; }

  // Headings do not nest: one that begins while another is open ends that one first.
  void BeginHeading(int level);
  void EndHeading();
  bool in_heading() const { return heading_level_ != 0; }

  bool empty() const { return text_.empty(); }
  size_t size() const { return text_.size(); }

  // Hands over text and headings, trailing space trimmed.
  void Finish(std::string* text, std::vector<Heading>* headings);

 private:
  void RequestBreak(int lines);
  void WriteBreak();

  std::string text_;
  std::vector<Heading> headings_;
  std::string marker_;
  int pending_lines_ = 0;
  bool pending_space_ = false;
  int heading_level_ = 0;
  size_t heading_start_ = 0;
};

// `text` as a heading or title: one line without space around, cut to a sensible length.
std::string OneLine(std::string_view text, size_t max_bytes = 200);
// Whether OneLine makes `line`, or more, of the beginning of `text`.
bool BeginsWithLine(std::string_view text, std::string_view line);

}  // namespace lodestone
