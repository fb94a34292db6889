#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "text/document.h"
#include "text/json.h"

namespace lodestone {

// Steps that readers of several formats share.

// Makes `text` fit to be stored: LF line ends, no NUL, no blank lines at the end.
void CleanStoredText(std::string* text);

// A title made of the beginning of a text.
std::string TitleFromText(std::string_view text);

// Reads JSON with comments, trailing commas and unpaired surrogates forgiven; numbers stay as written.
// Errors: kBadData, with the line and the parser's words in detail().
Result<JsonDoc> ReadJson(std::string_view json);

// What a record says, whatever its format.
struct Record {
  std::string id;
  std::string title;
  std::string text;
  std::string date;
  std::string other_text;  // the members as lines, for a record without text
};

// Fills text, title and date of `document` from a record.
// Errors: kBadData when nothing is left to store.
Status FillFromRecord(Record record, Document* document);

// The fields _id (or id), title, text and date of a JSON object, the other members as lines.
Record RecordFromJson(yyjson_val* object);

}  // namespace lodestone
