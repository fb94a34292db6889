#include "store/document_reader.h"

#include <sqlite3.h>

#include <utility>

namespace lodestone {
namespace {

// Reads slices of stored texts without reading the whole of a long one.
// Thread: the store's. Not kept over a write.
class TextReader {
 public:
  explicit TextReader(sqlite3* handle) : handle_(handle) {}
  ~TextReader() { sqlite3_blob_close(blob_); }
  TextReader(const TextReader&) = delete;
  TextReader& operator=(const TextReader&) = delete;

  Status Read(DocumentId document, uint32_t start, uint32_t end, std::string* text) {
    int result = SQLITE_OK;
    if (document != document_) {
      result = blob_ ? sqlite3_blob_reopen(blob_, document.value)
                     : sqlite3_blob_open(handle_, "main", "texts", "text", document.value, 0, &blob_);
      document_ = document;
    }
    if (result == SQLITE_OK && (start > end || end > static_cast<uint32_t>(sqlite3_blob_bytes(blob_)))) {
      return Status(StatusCode::kBadData, "The stored library is damaged.", "a passage is outside of its text");
    }
    text->resize(end - start);
    if (result == SQLITE_OK) {
      result = sqlite3_blob_read(blob_, text->data(), static_cast<int>(end - start), static_cast<int>(start));
    }
    return StatusOf(result, handle_);
  }

 private:
  sqlite3* const handle_;
  sqlite3_blob* blob_ = nullptr;
  DocumentId document_;
};

}  // namespace

Result<std::vector<PassageText>> DocumentReader::LoadPassages(std::span<const PassageId> passages) {
  std::vector<PassageText> texts;
  texts.reserve(passages.size());
  TextReader reader(database_->handle());
  for (const PassageId passage : passages) {
    const DocumentEntry* entry = documents_->Find(documents_->DocumentOf(passage));
    if (!entry) continue;
    Statement& row = database_->Prepared("SELECT start_byte, end_byte, heading_path FROM passages WHERE id = ?1");
    row.Bind(1, passage.value);
    PassageText text;
    const bool found = row.Next();
    if (found) {
      text.start = static_cast<uint32_t>(row.Int(0));
      text.end = static_cast<uint32_t>(row.Int(1));
      text.heading_path = row.Text(2);
    }
    if (Status status = row.Finish(); !status.ok()) return status;
    if (!found) return Status(StatusCode::kBadData, "The stored library is damaged.", "a passage is missing");
    text.passage = passage;
    text.document = entry->record.id;
    text.path = entry->record.path;
    text.title = entry->record.title;
    if (Status status = reader.Read(text.document, text.start, text.end, &text.text); !status.ok()) return status;
    texts.push_back(std::move(text));
  }
  return texts;
}

Result<Document> DocumentReader::LoadDocument(const std::string& path) {
  const DocumentEntry* entry = documents_->FindPath(path);
  if (!entry) return Status(StatusCode::kNotFound, "There is no document \"" + path + "\" in the library.");
  Statement& row = database_->Prepared(
      "SELECT d.format, d.encoding, t.text FROM documents d JOIN texts t ON t.document_id = d.id WHERE d.id = ?1");
  row.Bind(1, entry->record.id.value);
  Document document;
  const bool found = row.Next();
  if (found) {
    document.format = static_cast<Format>(row.Int(0));
    document.encoding = row.Text(1);
    document.text = row.Text(2);
  }
  if (Status status = row.Finish(); !status.ok()) return status;
  if (!found) return Status(StatusCode::kBadData, "The stored library is damaged.", "a text is missing");
  document.path = path;
  document.title = entry->record.title;
  document.date_ms = entry->date_ms;
  document.lossy_encoding = entry->record.lossy_encoding;
  Statement& headings =
      database_->Prepared("SELECT start_byte, level, text FROM headings WHERE document_id = ?1 ORDER BY position");
  headings.Bind(1, entry->record.id.value);
  while (headings.Next()) {
    document.headings.push_back({static_cast<uint32_t>(headings.Int(0)), static_cast<uint8_t>(headings.Int(1)),
                                 std::string(headings.Text(2))});
  }
  if (Status status = headings.Finish(); !status.ok()) return status;
  return document;
}

Result<NewDocument> DocumentReader::LoadWhole(DocumentId id) {
  const DocumentEntry* entry = documents_->Find(id);
  if (!entry) return Status(StatusCode::kNotFound, "This document is not in the library.");
  Result<Document> loaded = LoadDocument(entry->record.path);
  if (!loaded.ok()) return loaded.status();
  NewDocument document;
  document.document = std::move(loaded).value();
  document.size_bytes = entry->record.size_bytes;
  document.modified_ms = entry->record.modified_ms;
  document.content_hash = entry->record.content_hash;
  Statement& rows = database_->Prepared(
      "SELECT start_byte, end_byte, token_count, heading_path FROM passages WHERE id >= ?1 AND id < ?2 ORDER BY id");
  rows.Bind(1, entry->first_passage);
  rows.Bind(2, entry->first_passage + entry->record.passage_count);
  while (rows.Next()) {
    document.passages.push_back({static_cast<uint32_t>(rows.Int(0)), static_cast<uint32_t>(rows.Int(1)),
                                 static_cast<uint32_t>(rows.Int(2)), std::string(rows.Text(3))});
  }
  if (Status status = rows.Finish(); !status.ok()) return status;
  return document;
}

}  // namespace lodestone
