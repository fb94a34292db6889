#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "text/text_builder.h"

namespace lodestone {

// What a Markdown file says about itself before its text ("---" YAML or "+++" TOML).
struct FrontMatter {
  size_t length = 0;  // bytes to drop; 0 when there is none
  std::string title;
  std::string date;
};
FrontMatter ReadFrontMatter(std::string_view markdown);

// Appends the readable text of Markdown: markup gone, code blocks kept, table rows as lines.
// REQUIRES: valid UTF-8 without front matter.
// Errors: kBadData when the parser gives up.
// Source: CommonMark with GitHub's tables, by the md4c library.
Status AppendMarkdown(std::string_view markdown, TextBuilder* out);

}  // namespace lodestone
