#include <sqlite3.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "store/caretaker.h"
#include "store/database.h"
#include "store/document_purger.h"
#include "store/document_table.h"
#include "store/document_writer.h"
#include "store/full_text.h"
#include "store/schema.h"
#include "store/store.h"
#include "store/vector_table.h"

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

class SqliteStore final : public Store {
 public:
  explicit SqliteStore(std::unique_ptr<Database> database)
      : database_(std::move(database)),
        vectors_(database_.get(), &documents_),
        purger_(database_.get()),
        writer_(database_.get(), &documents_, &vectors_, &purger_),
        caretaker_(database_.get(), &documents_) {}

  Status Init() {
    if (Status status = MigrateSchema(database_.get()); !status.ok()) return status;
    Result<std::unique_ptr<FullText>> full_text = FullText::Create(database_.get(), &documents_);
    if (!full_text.ok()) return full_text.status();
    full_text_ = std::move(full_text).value();
    return writer_.Load();
  }

  Result<std::vector<DocumentRecord>> ListDocuments() override {
    std::vector<DocumentRecord> records;
    records.reserve(documents_.entries().size());
    for (const auto& [id, entry] : documents_.entries()) records.push_back(entry.record);
    return records;
  }

  Result<std::vector<std::pair<PassageId, DocumentId>>> ListPassages() override {
    std::vector<std::pair<PassageId, DocumentId>> passages;
    for (const auto& [id, entry] : documents_.entries()) {
      for (uint32_t i = 0; i < entry.record.passage_count; ++i) passages.emplace_back(PassageId{entry.first_passage + i}, id);
    }
    return passages;
  }

  std::vector<Result<StoredIds>> AddDocuments(std::span<const NewDocument> documents, double budget_ms,
                                              const std::function<void()>& between) override {
    return writer_.Add(documents, budget_ms, between);
  }

  Result<std::vector<CopiedVector>> AddVectors(const std::string& model_id, uint32_t dimension,
                                               std::span<const PassageId> passages,
                                               std::span<const uint16_t> half_bits) override {
    return vectors_.Add(model_id, dimension, passages, half_bits);
  }
  Result<VectorBatch> LoadVectors(const std::string& model_id, uint32_t dimension, PassageId after,
                                  size_t limit) override {
    return vectors_.Load(model_id, dimension, after, limit);
  }
  Result<std::vector<PassageText>> PassagesWithoutVector(const std::string& model_id, PassageId after,
                                                         size_t limit) override;

  Result<std::vector<PassageId>> RemoveDocuments(std::span<const DocumentId> documents, double budget_ms,
                                                 const std::function<void()>& between) override {
    return writer_.Remove(documents, budget_ms, between);
  }
  Status RemoveAll() override { return writer_.RemoveAll(); }

  Result<FilterResult> Filter(const ParsedQuery& query) override;
  Result<LexicalResult> SearchLexical(const ParsedQuery& query, const FilterResult& filter) override {
    return full_text_->Search(query.terms, filter);
  }
  Result<std::vector<PassageText>> LoadPassages(std::span<const PassageId> passages) override;
  Result<Document> LoadDocument(const std::string& path) override;
  std::vector<WordMatch> MatchWords(const ParsedQuery& query, std::string_view text) override {
    return full_text_->Match(query.terms, text);
  }

  Result<VerifyResult> Verify(DocumentId after, double budget_ms) override {
    return caretaker_.Verify(after, budget_ms);
  }
  Result<std::vector<std::string>> ListDamaged() override { return caretaker_.ListDamaged(); }
  Result<bool> NeedsCompaction() override { return caretaker_.NeedsCompaction(); }
  Result<bool> Compact(const std::function<bool()>& stop) override { return caretaker_.Compact(stop); }

  Result<uint64_t> SizeBytes() override {
    Result<int64_t> pages = database_->ReadInt("PRAGMA page_count");
    if (!pages.ok()) return pages.status();
    Result<int64_t> page_bytes = database_->ReadInt("PRAGMA page_size");
    if (!page_bytes.ok()) return page_bytes.status();
    return static_cast<uint64_t>(pages.value() * page_bytes.value());
  }

 private:
  std::unique_ptr<Database> database_;
  DocumentTable documents_;
  VectorTable vectors_;
  DocumentPurger purger_;
  DocumentWriter writer_;
  Caretaker caretaker_;
  std::unique_ptr<FullText> full_text_;
};

Result<std::vector<PassageText>> SqliteStore::PassagesWithoutVector(const std::string& model_id, PassageId after,
                                                                    size_t limit) {
  const Result<std::vector<PassageId>> passages = vectors_.Missing(model_id, after, limit);
  if (!passages.ok()) return passages.status();
  return LoadPassages(passages.value());
}

Result<FilterResult> SqliteStore::Filter(const ParsedQuery& query) {
  FilterResult result;
  result.restricts = query.has_filters();
  if (!result.restricts) return result;
  std::set<DocumentId> excluded;
  for (const std::string& word : query.excluded) {
    const auto passages = full_text_->PassagesWith(word);
    if (!passages.ok()) return passages.status();
    if (!passages.value()) continue;
    for (const PassageId passage : *passages.value()) excluded.insert(documents_.DocumentOf(passage));
  }
  for (const auto& [id, entry] : documents_.entries()) {
    if (excluded.contains(id) || !PassesFilters(entry, query)) continue;
    for (uint32_t i = 0; i < entry.record.passage_count; ++i) result.allowed.push_back(PassageId{entry.first_passage + i});
  }
  for (const std::string& phrase : query.phrases) {
    const auto passages = full_text_->PassagesWith(phrase);
    if (!passages.ok()) return passages.status();
    if (!passages.value()) continue;
    std::vector<PassageId> both;
    std::set_intersection(result.allowed.begin(), result.allowed.end(), passages.value()->begin(),
                          passages.value()->end(), std::back_inserter(both));
    result.allowed = std::move(both);
  }
  return result;
}

Result<std::vector<PassageText>> SqliteStore::LoadPassages(std::span<const PassageId> passages) {
  std::vector<PassageText> texts;
  texts.reserve(passages.size());
  TextReader reader(database_->handle());
  for (const PassageId passage : passages) {
    const DocumentEntry* entry = documents_.Find(documents_.DocumentOf(passage));
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

Result<Document> SqliteStore::LoadDocument(const std::string& path) {
  const DocumentEntry* entry = documents_.FindPath(path);
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

}  // namespace

Result<std::unique_ptr<Store>> Store::Open(const std::string& path) {
  Result<std::unique_ptr<Database>> database = Database::Open(path);
  if (!database.ok()) return database.status();
  auto store = std::make_unique<SqliteStore>(std::move(database).value());
  if (Status status = store->Init(); !status.ok()) return status;
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace lodestone
