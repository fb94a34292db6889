#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <set>

#include "base/check.h"
#include "store/database.h"
#include "store/document_table.h"
#include "store/document_writer.h"
#include "store/full_text.h"
#include "store/schema.h"
#include "store/store.h"

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
      : database_(std::move(database)), writer_(database_.get(), &documents_) {}

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

  Status AddVectors(const std::string& model_id, uint32_t dimension, std::span<const PassageId> passages,
                    std::span<const uint16_t> half_bits) override;
  Result<VectorBatch> LoadVectors(const std::string& model_id, uint32_t dimension, PassageId after,
                                  size_t limit) override;
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

  Result<uint64_t> SizeBytes() override {
    Result<int64_t> pages = database_->ReadInt("PRAGMA page_count");
    if (!pages.ok()) return pages.status();
    Result<int64_t> page_bytes = database_->ReadInt("PRAGMA page_size");
    if (!page_bytes.ok()) return page_bytes.status();
    return static_cast<uint64_t>(pages.value() * page_bytes.value());
  }

 private:
  struct Model {
    int64_t id = 0;  // 0: not there
    int64_t dimension = 0;
  };
  Result<Model> FindModel(const std::string& name);
  // Inside a transaction.
  Status WriteVectors(const std::string& model_id, uint32_t dimension, std::span<const PassageId> passages,
                      std::span<const uint16_t> half_bits);
  Status DropModel(int64_t id);

  std::unique_ptr<Database> database_;
  DocumentTable documents_;
  DocumentWriter writer_;
  std::unique_ptr<FullText> full_text_;
};

Result<SqliteStore::Model> SqliteStore::FindModel(const std::string& name) {
  Statement& find = database_->Prepared("SELECT id, dimension FROM models WHERE name = ?1");
  find.BindText(1, name);
  Model model;
  if (find.Next()) model = {find.Int(0), find.Int(1)};
  if (Status status = find.Finish(); !status.ok()) return status;
  return model;
}

Status SqliteStore::DropModel(int64_t id) {
  for (const char* sql : {"DELETE FROM vectors WHERE model_id = ?1", "DELETE FROM models WHERE id = ?1"}) {
    Statement& remove = database_->Prepared(sql);
    remove.Bind(1, id);
    if (Status status = remove.Run(); !status.ok()) return status;
  }
  return OkStatus();
}

Status SqliteStore::AddVectors(const std::string& model_id, uint32_t dimension, std::span<const PassageId> passages,
                               std::span<const uint16_t> half_bits) {
  LODESTONE_CHECK(half_bits.size() == passages.size() * dimension);
  Status status = database_->Run("BEGIN IMMEDIATE");
  if (status.ok()) status = WriteVectors(model_id, dimension, passages, half_bits);
  if (status.ok()) status = database_->Run("COMMIT");
  if (!status.ok()) database_->Rollback();
  return status;
}

Status SqliteStore::WriteVectors(const std::string& model_id, uint32_t dimension, std::span<const PassageId> passages,
                                 std::span<const uint16_t> half_bits) {
  Result<Model> model = FindModel(model_id);
  if (!model.ok()) return model.status();
  if (model.value().id != 0 && model.value().dimension != dimension) {
    if (Status status = DropModel(model.value().id); !status.ok()) return status;
    model.value().id = 0;
  }
  if (model.value().id == 0) {
    Statement& insert = database_->Prepared("INSERT INTO models (name, dimension) VALUES (?1, ?2)");
    insert.BindText(1, model_id);
    insert.Bind(2, dimension);
    if (Status status = insert.Run(); !status.ok()) return status;
    model.value().id = sqlite3_last_insert_rowid(database_->handle());
  }
  for (size_t i = 0; i < passages.size(); ++i) {
    if (documents_.DocumentOf(passages[i]).value == 0) continue;
    Statement& insert = database_->Prepared(
        "INSERT OR REPLACE INTO vectors (model_id, passage_id, vector) VALUES (?1, ?2, ?3)");
    insert.Bind(1, model.value().id);
    insert.Bind(2, passages[i].value);
    insert.BindBlob(3, {reinterpret_cast<const char*>(&half_bits[i * dimension]), dimension * sizeof(uint16_t)});
    if (Status status = insert.Run(); !status.ok()) return status;
  }
  return OkStatus();
}

Result<VectorBatch> SqliteStore::LoadVectors(const std::string& model_id, uint32_t dimension, PassageId after,
                                             size_t limit) {
  VectorBatch batch;
  const Result<Model> model = FindModel(model_id);
  if (!model.ok()) return model.status();
  if (model.value().id == 0) return batch;
  if (model.value().dimension != dimension) {
    // Another model by the same name: its vectors would keep passages from being embedded.
    if (Status status = DropModel(model.value().id); !status.ok()) return status;
    return batch;
  }
  Statement& rows = database_->Prepared(
      "SELECT passage_id, vector FROM vectors WHERE model_id = ?1 AND passage_id > ?2 ORDER BY passage_id");
  rows.Bind(1, model.value().id);
  rows.Bind(2, after.value);
  const size_t vector_bytes = dimension * sizeof(uint16_t);
  Status damage;
  while (batch.passages.size() < limit && rows.Next()) {
    const PassageId passage{static_cast<uint32_t>(rows.Int(0))};
    if (documents_.DocumentOf(passage).value == 0) continue;
    const std::string_view vector = rows.Blob(1);
    if (vector.size() != vector_bytes) {
      damage = Status(StatusCode::kBadData, "The stored library is damaged.", "a vector has the wrong length");
      break;
    }
    batch.passages.push_back(passage);
    batch.half_bits.resize(batch.passages.size() * dimension);
    std::memcpy(&batch.half_bits[(batch.passages.size() - 1) * dimension], vector.data(), vector_bytes);
  }
  if (Status status = rows.Finish(); !status.ok()) return status;
  if (!damage.ok()) return damage;
  return batch;
}

Result<std::vector<PassageText>> SqliteStore::PassagesWithoutVector(const std::string& model_id, PassageId after,
                                                                    size_t limit) {
  const Result<Model> model = FindModel(model_id);
  if (!model.ok()) return model.status();
  Statement& rows = database_->Prepared(
      "SELECT id FROM passages p WHERE id > ?2 AND NOT EXISTS "
      "(SELECT 1 FROM vectors WHERE model_id = ?1 AND passage_id = p.id) ORDER BY id");
  rows.Bind(1, model.value().id);
  rows.Bind(2, after.value);
  std::vector<PassageId> passages;
  while (passages.size() < limit && rows.Next()) {
    const PassageId passage{static_cast<uint32_t>(rows.Int(0))};
    if (documents_.DocumentOf(passage).value != 0) passages.push_back(passage);
  }
  if (Status status = rows.Finish(); !status.ok()) return status;
  return LoadPassages(passages);
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
