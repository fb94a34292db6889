#pragma once

#include <string>
#include <string_view>

#include "text/text_builder.h"

namespace lodestone {

// Appends the readable text of a piece of HTML: no scripts, styles or markup; blocks are paragraphs, headings
// are headings, rows of tables are lines. Works on tags as they come and builds no tree, so that depth costs
// nothing. `title`, if given, takes the text of the first <title>.
// REQUIRES: valid UTF-8.
// Source: the HTML standard's tokenization stage, by the lexbor library.
void AppendHtml(std::string_view html, TextBuilder* out, std::string* title);

// True when `text` holds a tag of an element that people put into data ("<br>", "</strong>").
bool HoldsHtmlTag(std::string_view text);

// The text of a string of data that may hold HTML, one line a block; other strings come back as they are.
std::string DataText(std::string_view text);

}  // namespace lodestone
