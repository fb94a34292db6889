#include "text/extract.h"

#include <utility>

#include "text/date.h"
#include "text/decode.h"
#include "text/document_parts.h"
#include "text/html_text.h"
#include "text/json_text.h"
#include "text/markdown_text.h"
#include "text/text_builder.h"
#include "text/utf8.h"

namespace lodestone {
namespace {

Status ExtractMarkdown(std::string_view markdown, Document* document) {
  const FrontMatter front = ReadFrontMatter(markdown);
  TextBuilder builder;
  const Status status = AppendMarkdown(markdown.substr(front.length), &builder);
  if (!status.ok()) return status;
  builder.Finish(&document->text, &document->headings);
  document->title = OneLine(front.title);
  if (const auto date = ParseIsoDate(front.date)) document->date_ms = *date;
  if (document->title.empty() && !document->headings.empty()) document->title = document->headings.front().text;
  return OkStatus();
}

void ExtractHtml(std::string_view html, Document* document) {
  TextBuilder builder;
  std::string title;
  AppendHtml(html, &builder, &title);
  builder.Finish(&document->text, &document->headings);
  document->title = OneLine(title);
  if (document->title.empty() && !document->headings.empty()) document->title = document->headings.front().text;
}

Status ExtractJson(std::string_view json, Document* document) {
  Result<JsonDoc> parsed = ReadJson(json);
  if (!parsed.ok()) {
    return Status(StatusCode::kBadData, "The JSON is broken (" + parsed.status().detail() + ").");
  }
  yyjson_val* root = yyjson_doc_get_root(parsed.value().get());
  // The title of data is never its first section's name.
  if (yyjson_is_obj(root)) {
    document->title = OneLine(ScalarText(yyjson_obj_get(root, "title")));
    if (document->title.empty()) document->title = OneLine(JsonString(yyjson_obj_get(root, "name")));
    if (const auto date = ParseIsoDate(JsonString(yyjson_obj_get(root, "date")))) document->date_ms = *date;
  }
  TextBuilder builder;
  yyjson_val* text = yyjson_is_obj(root) ? yyjson_obj_get(root, "text") : nullptr;
  if (yyjson_is_str(text)) {
    const std::string own_text = DataText(ScalarText(text));
    builder.AddVerbatim(TrimAsciiSpace(own_text));
    builder.BreakParagraph();
  }
  const char* const skip[] = {"_id", "title", "text"};
  AppendJson(root, skip, yyjson_is_str(text) ? 3 : 2, &builder);
  builder.Finish(&document->text, &document->headings);
  return OkStatus();
}

}  // namespace

Result<Document> ExtractDocument(std::string_view path, std::string_view bytes) {
  if (bytes.empty()) return Status(StatusCode::kBadData, "The file is empty.");
  Result<DecodedText> decoded = DecodeText(bytes);
  if (!decoded.ok()) return decoded.status();

  Document document;
  document.path = path;
  document.format = DetectFormat(path);
  document.encoding = decoded.value().encoding;
  document.lossy_encoding = decoded.value().lossy;
  Status status;
  switch (document.format) {
    case Format::kMarkdown:
      status = ExtractMarkdown(decoded.value().utf8, &document);
      break;
    case Format::kHtml:
      ExtractHtml(decoded.value().utf8, &document);
      break;
    case Format::kJson:
      status = ExtractJson(decoded.value().utf8, &document);
      break;
    case Format::kPlainText:
    case Format::kCode:
    case Format::kJsonLines:
    case Format::kCsv:
      document.text = std::move(decoded.value().utf8);
      break;
  }
  if (!status.ok()) return status;
  CleanStoredText(&document.text);
  if (TrimAsciiSpace(document.text).empty()) {
    return Status(StatusCode::kBadData, "The file holds no text.");
  }
  if (document.title.empty()) document.title = BaseName(path);
  return document;
}

}  // namespace lodestone
