#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lodestone {

enum class Format { kPlainText, kMarkdown, kHtml, kJson, kJsonLines, kCsv, kCode };

// One heading of a document's stored text.
struct Heading {
  uint32_t offset = 0;  // UTF-8 byte offset into Document::text where the heading's line begins
  uint8_t level = 1;    // 1 is the outermost
  std::string text;     // plain words, no markup
};

// A document as it is stored: readable plain text, valid UTF-8 without NUL, '\n' line ends.
struct Document {
  std::string path;   // relative to what was added, '/' separators; records end in "#<id>"
  std::string title;  // never empty: the first heading, the record's title, else the file's name
  std::string text;
  std::vector<Heading> headings;  // ascending by offset
  Format format = Format::kPlainText;
  int64_t date_ms = 0;            // the record's own date, else 0
  bool lossy_encoding = false;    // bytes were not valid in the encoding that was found
  std::string encoding = "UTF-8"; // "UTF-8", "UTF-16LE", "UTF-16BE", "windows-1252"
};

// A passage: text.substr(start, end - start), never empty, on code point boundaries.
struct Passage {
  uint32_t start = 0;
  uint32_t end = 0;
  uint32_t token_count = 0;   // in the built-in vocabulary
  std::string heading_path;   // "Guide > Install > Linux", "" above the first heading
};

}  // namespace lodestone
