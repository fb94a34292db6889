#include "store/sqlite_store.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "store/importer.h"
#include "store/schema.h"
#include "store/snapshot.h"

namespace lodestone {

Status SqliteStore::Init() {
  if (Status status = MigrateSchema(database_.get()); !status.ok()) return status;
  return Reload();
}

Status SqliteStore::Reload() {
  documents_.Clear();
  purger_.Forget();
  Result<std::unique_ptr<FullText>> full_text = FullText::Create(database_.get(), &documents_);
  if (!full_text.ok()) return full_text.status();
  full_text_ = std::move(full_text).value();
  std::vector<DamagedDocument> damaged;
  if (Status status = writer_.Load(as_far_as_it_goes_, &damaged); !status.ok()) return status;
  left_out_ = damaged.size();
  return damaged.empty() || as_far_as_it_goes_ ? OkStatus() : caretaker_.TakeOut(damaged);
}

const DocumentRecord* SqliteStore::FindRecord(const std::string& path) const {
  const DocumentEntry* entry = documents_.FindPath(path);
  return entry ? &entry->record : nullptr;
}

Result<std::vector<DocumentRecord>> SqliteStore::ListDocuments() {
  std::vector<DocumentRecord> records;
  records.reserve(documents_.entries().size());
  for (const auto& [id, entry] : documents_.entries()) records.push_back(entry.record);
  return records;
}

Result<std::vector<std::pair<PassageId, DocumentId>>> SqliteStore::ListPassages() {
  std::vector<std::pair<PassageId, DocumentId>> passages;
  for (const auto& [id, entry] : documents_.entries()) {
    for (uint32_t i = 0; i < entry.record.passage_count; ++i) passages.emplace_back(PassageId{entry.first_passage + i}, id);
  }
  return passages;
}

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

Result<uint64_t> SqliteStore::SizeBytes() {
  Result<int64_t> pages = database_->ReadInt("PRAGMA page_count");
  if (!pages.ok()) return pages.status();
  Result<int64_t> page_bytes = database_->ReadInt("PRAGMA page_size");
  if (!page_bytes.ok()) return page_bytes.status();
  return static_cast<uint64_t>(pages.value() * page_bytes.value());
}

Status SqliteStore::Export(const std::string& path, const std::function<void()>& between, const Watch& watch) {
  // What is pending stays out of the copy.
  if (Status status = writer_.Sweep(); !status.ok()) return status;
  // Words of removed documents would go along in the index's segments.
  const Result<bool> merged = caretaker_.MergeWords([&] {
    if (between) between();
    return watch.stop && watch.stop();
  });
  if (!merged.ok()) return merged.status();
  if (!merged.value()) return Status(StatusCode::kCancelled, "Exporting was cancelled.");
  return WriteSnapshot(database_.get(), path, watch);
}

Result<ImportResult> SqliteStore::Import(const std::string& path, ImportMode mode, double budget_ms,
                                         const std::function<void()>& between, const Watch& watch) {
  Importer importer(this, between, watch);
  if (Status status = importer.Open(path, mode); !status.ok()) return status;
  if (mode != ImportMode::kReplace) return importer.Merge(mode, budget_ms);
  if (Status status = importer.Replace(); !status.ok()) return status;
  if (Status status = Reload(); !status.ok()) return status;
  ImportResult result;
  result.added = static_cast<uint32_t>(documents_.entries().size());
  return result;
}

Result<std::unique_ptr<Store>> Store::Open(const std::string& path) {
  Result<std::unique_ptr<Database>> database = Database::Open(path);
  if (!database.ok()) return database.status();
  auto store = std::make_unique<SqliteStore>(std::move(database).value());
  if (Status status = store->Init(); !status.ok()) return status;
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace lodestone
