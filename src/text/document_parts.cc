#include "text/document_parts.h"

#include <algorithm>

#include "text/date.h"
#include "text/decode.h"
#include "text/json_text.h"
#include "text/text_builder.h"
#include "text/utf8.h"

namespace lodestone {
namespace {

constexpr size_t kTitleBytes = 80;

// The unit that "\uXXXX" at `position` stands for, 0 when it stands for none.
unsigned EscapedUnit(std::string_view json, size_t position) {
  if (position + 6 > json.size() || json[position] != '\\' || json[position + 1] != 'u') return 0;
  unsigned unit = 0;
  for (size_t i = position + 2; i < position + 6; ++i) {
    const char c = json[i];
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return 0;
    unit = unit * 16 + static_cast<unsigned>(digit);
  }
  return unit;
}

bool IsHighSurrogate(unsigned unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
bool IsLowSurrogate(unsigned unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

// Escapes of half a surrogate pair become escapes of U+FFFD: the parser refuses the whole text otherwise.
bool RepairSurrogates(std::string* json) {
  bool repaired = false;
  for (size_t i = json->find('\\'); i != std::string::npos && i + 1 < json->size(); i = json->find('\\', i)) {
    const unsigned unit = EscapedUnit(*json, i);
    if (IsHighSurrogate(unit) && IsLowSurrogate(EscapedUnit(*json, i + 6))) {
      i += 12;
    } else if (IsHighSurrogate(unit) || IsLowSurrogate(unit)) {
      json->replace(i + 2, 4, "fffd");
      repaired = true;
      i += 6;
    } else {
      i += 2;
    }
  }
  return repaired;
}

constexpr yyjson_read_flag kJsonFlags = YYJSON_READ_NUMBER_AS_RAW | YYJSON_READ_ALLOW_COMMENTS |
                                        YYJSON_READ_ALLOW_TRAILING_COMMAS | YYJSON_READ_ALLOW_INF_AND_NAN;

}  // namespace

void CleanStoredText(std::string* text) {
  std::erase(*text, '\0');
  NormaliseLineEnds(text);
  // Blank lines go; the spaces of a last line with words go with them.
  while (!text->empty() && IsAsciiSpace(text->back())) text->pop_back();
}

std::string TitleFromText(std::string_view text) { return OneLine(TrimAsciiSpace(text).substr(0, 4096), kTitleBytes); }

Result<JsonDoc> ReadJson(std::string_view json) {
  yyjson_read_err error = {};
  // The reader takes a mutable pointer for its in-place mode, which is not used here.
  JsonDoc doc(yyjson_read_opts(const_cast<char*>(json.data()), json.size(), kJsonFlags, nullptr, &error));
  if (doc == nullptr && error.code == YYJSON_READ_ERROR_INVALID_STRING) {
    std::string repaired(json);
    if (RepairSurrogates(&repaired)) {
      doc.reset(yyjson_read_opts(repaired.data(), repaired.size(), kJsonFlags, nullptr, &error));
    }
  }
  if (doc != nullptr) return doc;
  const auto line = 1 + std::count(json.begin(), json.begin() + static_cast<std::ptrdiff_t>(
                                                                    std::min(error.pos, json.size())), '\n');
  return Status(StatusCode::kBadData, "The JSON is broken.",
                "line " + std::to_string(line) + ": " + (error.msg == nullptr ? "" : error.msg));
}

Status FillFromRecord(Record record, Document* document) {
  CleanStoredText(&record.text);
  CleanStoredText(&record.other_text);
  std::erase(record.title, '\0');
  std::string title = OneLine(record.title);
  if (record.text.empty()) record.text = std::move(record.other_text);
  // A title alone is still something to find.
  if (record.text.empty()) record.text = title;
  if (TrimAsciiSpace(record.text).empty()) return Status(StatusCode::kBadData, "The record has no text.");
  document->title = title.empty() ? TitleFromText(record.text) : std::move(title);
  document->text = std::move(record.text);
  if (const auto date = ParseIsoDate(record.date)) document->date_ms = *date;
  return OkStatus();
}

Record RecordFromJson(yyjson_val* object) {
  Record record;
  record.id = ScalarText(yyjson_obj_get(object, "_id"));
  const bool own_id = !record.id.empty();
  if (!own_id) record.id = ScalarText(yyjson_obj_get(object, "id"));
  record.title = ScalarText(yyjson_obj_get(object, "title"));
  record.text = JsonString(yyjson_obj_get(object, "text"));
  record.date = ScalarText(yyjson_obj_get(object, "date"));
  if (TrimAsciiSpace(record.text).empty()) {
    const char* const skip[] = {"title", own_id ? "_id" : "id"};
    TextBuilder builder;
    AppendJson(object, skip, std::size(skip), &builder);
    std::vector<Heading> headings;
    builder.Finish(&record.other_text, &headings);
  }
  return record;
}

}  // namespace lodestone
