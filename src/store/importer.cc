#include "store/importer.h"

#include <sqlite3.h>

#include <utility>
#include <vector>

#include "store/sqlite_store.h"
#include "store/stop_watch.h"

namespace lodestone {
namespace {

constexpr size_t kLotBytes = 1u << 20;
constexpr double kCheckSliceMs = 10;
constexpr size_t kVectorsAtOnce = 4096;
constexpr int kPagesAtOnce = 256;

Status Cancelled() { return Status(StatusCode::kCancelled, "Importing was cancelled. The library is as it was."); }

Status Damaged(std::string detail) {
  return Status(StatusCode::kBadData, "This library file is damaged, so nothing of it was taken.", std::move(detail));
}

// The words of every table, index and view.
Result<std::string> SchemaOf(Database& database) {
  Statement& rows = database.Prepared(
      "SELECT type || ' ' || name || ' ' || ifnull(sql, '') FROM sqlite_schema "
      "WHERE name NOT LIKE 'sqlite_%' ORDER BY name");
  std::string schema;
  while (rows.Next()) {
    schema += rows.Text(0);
    schema += '\n';
  }
  if (Status status = rows.Finish(); !status.ok()) return status;
  return schema;
}

}  // namespace

Importer::~Importer() = default;

Status Importer::Open(const std::string& path, ImportMode mode) {
  Result<std::unique_ptr<Database>> database = Database::Open(path, mode == ImportMode::kSalvage);
  if (!database.ok()) return database.status();
  source_ = std::make_unique<SqliteStore>(std::move(database).value(), mode == ImportMode::kSalvage);
  if (mode != ImportMode::kSalvage) {
    const Result<int64_t> tables = source_->database().ReadInt("SELECT count(*) FROM sqlite_schema");
    if (tables.ok() && tables.value() == 0) return Status(StatusCode::kBadData, "This file is not a Lodestone library.");
  }
  if (Status status = source_->Init(); !status.ok()) return status;
  // The damaged file is kept as it is.
  return mode == ImportMode::kSalvage ? source_->database().Run("PRAGMA query_only=ON") : CheckAll();
}

bool Importer::Pause() const {
  if (between_) between_();
  return watch_.stop && watch_.stop();
}

void Importer::Report(bool checked, uint64_t done, uint64_t total) const {
  if (!watch_.report || total == 0) return;
  constexpr uint64_t kHalf = 500;
  watch_.report((checked ? kHalf : 0) + kHalf * done / total, 2 * kHalf);
}

Status Importer::CheckAll() {
  const Result<std::string> theirs = SchemaOf(source_->database());
  if (!theirs.ok()) return theirs.status();
  const Result<std::string> ours = SchemaOf(store_->database());
  if (!ours.ok()) return ours.status();
  // A trigger, or a table of another shape, would become part of the library.
  if (theirs.value() != ours.value()) {
    return Status(StatusCode::kBadData, "This file is not a Lodestone library, or something changed its tables.");
  }
  if (Status status = CheckDatabase(); !status.ok()) return status;
  if (source_->left_out() > 0) return Damaged("passages of a document");
  if (Status status = CheckDocuments(); !status.ok()) return status;
  return CheckVectors();
}

Status Importer::CheckDatabase() {
  Database& database = source_->database();
  bool stopped = false;
  const std::function<bool()> look = [&] { return stopped = Pause(); };
  const StopWatch watch(database.handle(), look);
  Statement& check = database.Prepared("PRAGMA integrity_check(1)");
  const std::string answer(check.Next() ? check.Text(0) : std::string_view("no answer"));
  const Status status = check.Finish();
  if (stopped) return Cancelled();
  if (!status.ok()) return Damaged(status.detail());
  if (answer != "ok") return Damaged(answer);
  const Status words = database.Run("INSERT INTO passages_fts (passages_fts, rank) VALUES ('integrity-check', 1)");
  if (stopped) return Cancelled();
  return words.ok() ? words : Damaged(words.detail());
}

Status Importer::CheckDocuments() {
  const Result<std::vector<DocumentRecord>> documents = source_->ListDocuments();
  if (!documents.ok()) return documents.status();
  const std::vector<DocumentRecord>& all = documents.value();
  size_t done = 0;
  for (DocumentId after{};;) {
    const Result<VerifyResult> verified = source_->Verify(after, kCheckSliceMs);
    if (!verified.ok()) return Damaged(verified.status().detail());
    if (!verified.value().damaged.empty()) return Damaged("the text of " + verified.value().damaged.front().path);
    if (verified.value().done) return OkStatus();
    after = verified.value().last;
    while (done < all.size() && !(after < all[done].id)) ++done;
    Report(false, done, all.size());
    if (Pause()) return Cancelled();
  }
}

Status Importer::CheckVectors() {
  const Result<std::vector<StoredModel>> models = source_->ListModels();
  if (!models.ok()) return models.status();
  // Those that fail their checksums, and those of no passage, are not loaded.
  const Result<int64_t> stored = source_->database().ReadInt("SELECT count(*) FROM vectors");
  if (!stored.ok()) return Damaged(stored.status().detail());
  int64_t sound = 0;
  for (const StoredModel& model : models.value()) {
    for (PassageId after{};;) {
      const Result<VectorBatch> batch = source_->LoadVectors(model.id, model.dimension, after, kVectorsAtOnce);
      if (!batch.ok()) return Damaged(batch.status().detail());
      sound += static_cast<int64_t>(batch.value().passages.size());
      if (Pause()) return Cancelled();
      if (batch.value().passages.size() < kVectorsAtOnce) break;
      after = batch.value().passages.back();
    }
  }
  return sound == stored.value() ? OkStatus() : Damaged("a vector");
}

Status Importer::Replace() {
  sqlite3* const to = store_->database().handle();
  sqlite3_backup* backup = sqlite3_backup_init(to, "main", source_->database().handle(), "main");
  if (!backup) return StatusOf(sqlite3_extended_errcode(to), to);
  int stepped = SQLITE_OK;
  bool stopped = false;
  // Nobody else has a turn: the library is neither the old one nor the new one.
  while (stepped == SQLITE_OK && !stopped) {
    stepped = sqlite3_backup_step(backup, kPagesAtOnce);
    const auto total = static_cast<uint64_t>(sqlite3_backup_pagecount(backup));
    Report(true, total - static_cast<uint64_t>(sqlite3_backup_remaining(backup)), total);
    stopped = stepped == SQLITE_OK && watch_.stop && watch_.stop();
  }
  // Ended amid the pages, it puts back those that were there.
  const int finished = sqlite3_backup_finish(backup);
  if (stopped) return finished == SQLITE_OK ? Cancelled() : StatusOf(finished, to);
  return StatusOf(stepped == SQLITE_DONE ? finished : stepped, to);
}

Result<ImportResult> Importer::Merge(ImportMode mode, double budget_ms) {
  ImportResult result;
  result.damaged = static_cast<uint32_t>(source_->left_out());
  const Result<std::vector<DocumentRecord>> theirs = source_->ListDocuments();
  if (!theirs.ok()) return theirs.status();
  std::vector<NewDocument> lot;
  std::vector<PassageId> first_passages;  // of the lot, in the source
  size_t lot_bytes = 0;
  uint64_t seen = 0;
  for (const DocumentRecord& record : theirs.value()) {
    ++seen;
    const DocumentRecord* ours = store_->FindRecord(record.path);
    if (ours && (ours->content_hash == record.content_hash || ours->modified_ms >= record.modified_ms)) {
      ++result.unchanged;
      continue;
    }
    if (mode == ImportMode::kSalvage && !source_->IsSound(record.id)) {
      ++result.damaged;
      continue;
    }
    Result<NewDocument> document = source_->LoadWhole(record.id);
    if (!document.ok()) {
      result.ended_early = document.status();
      return result;
    }
    lot_bytes += document.value().document.text.size();
    lot.push_back(std::move(document).value());
    first_passages.push_back(source_->FirstPassage(record.id));
    if (lot_bytes < kLotBytes) continue;
    result.ended_early = Flush(&lot, &first_passages, budget_ms, &result);
    lot_bytes = 0;
    Report(true, seen, theirs.value().size());
    if (result.ended_early.ok() && Pause()) {
      result.ended_early = Status(StatusCode::kCancelled, "Importing was cancelled. What was taken in before stays.");
    }
    if (!result.ended_early.ok()) return result;
  }
  result.ended_early = Flush(&lot, &first_passages, budget_ms, &result);
  return result;
}

Status Importer::Flush(std::vector<NewDocument>* documents, std::vector<PassageId>* first_passages, double budget_ms,
                       ImportResult* result) {
  const std::vector<Result<StoredIds>> stored = store_->AddDocuments(*documents, budget_ms, between_);
  for (size_t i = 0; i < stored.size(); ++i) {
    if (!stored[i].ok()) return stored[i].status();
    ++(stored[i].value().replaced ? result->updated : result->added);
    const auto count = static_cast<uint32_t>((*documents)[i].passages.size());
    if (Status status = CopyVectors((*first_passages)[i], stored[i].value().first_passage, count); !status.ok()) return status;
    if (between_) between_();
  }
  documents->clear();
  first_passages->clear();
  return OkStatus();
}

Status Importer::CopyVectors(PassageId from, PassageId to, uint32_t count) {
  const Result<std::vector<StoredModel>> models = source_->ListModels();
  // A damaged list of models costs the vectors, which can be made again.
  if (!models.ok() || count == 0) return OkStatus();
  for (const StoredModel& model : models.value()) {
    Result<VectorBatch> batch = source_->LoadVectors(model.id, model.dimension, PassageId{from.value - 1}, count);
    if (!batch.ok()) continue;
    std::vector<PassageId> passages;
    for (const PassageId passage : batch.value().passages) {
      if (passage.value >= from.value + count) break;
      passages.push_back(PassageId{to.value + (passage.value - from.value)});
    }
    if (passages.empty()) continue;
    const auto half_bits = std::span(batch.value().half_bits).first(passages.size() * model.dimension);
    const auto added = store_->AddVectors(model.id, model.dimension, passages, half_bits);
    if (!added.ok()) return added.status();
  }
  return OkStatus();
}

}  // namespace lodestone
