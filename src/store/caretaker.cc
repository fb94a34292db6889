#include "store/caretaker.h"

#include <sqlite3.h>

#include <string_view>
#include <utility>

#include "base/clock.h"
#include "store/checksum.h"
#include "store/stop_watch.h"

namespace lodestone {
namespace {

// Removed by a person: nothing of it may stay in the file.
constexpr std::string_view kRemovedProperty = "removed_uncompacted";
// Free pages are used again, so that a library that only changes is compacted seldom.
constexpr int64_t kMinFreePages = 256;
constexpr int64_t kMaxFreeShare = 4;  // a quarter
// Full-text pages merged in one transaction.
constexpr int kMergePages = 64;

}  // namespace

Result<VerifyResult> Caretaker::Verify(DocumentId after, double budget_ms) {
  VerifyResult result;
  const double until_ms = SystemClock().NowMs() + budget_ms;
  auto next = documents_->entries().upper_bound(after);
  while (next != documents_->entries().end()) {
    const DocumentEntry& entry = next->second;
    result.last = next->first;
    ++next;
    if (!IsSound(entry)) {
      result.damaged.push_back(
          {entry.record.id, entry.record.path, PassageId{entry.first_passage}, entry.record.passage_count});
    }
    if (SystemClock().NowMs() >= until_ms) break;
  }
  result.done = next == documents_->entries().end();
  if (result.damaged.empty()) return result;
  if (Status status = TakeOut(result.damaged); !status.ok()) return status;
  return result;
}

bool Caretaker::IsSound(const DocumentEntry& entry) {
  Statement& find = database_->Prepared("SELECT text FROM texts WHERE document_id = ?1");
  find.Bind(1, entry.record.id.value);
  const bool found = find.Next();
  const std::string text(found ? find.Text(0) : std::string_view());
  if (Status status = find.Finish(); !status.ok() || !found) return false;
  Statement& rows = database_->Prepared(
      "SELECT document_id, start_byte, end_byte, heading_path FROM passages WHERE id >= ?1 AND id < ?2 ORDER BY id");
  rows.Bind(1, entry.first_passage);
  rows.Bind(2, entry.first_passage + entry.record.passage_count);
  std::vector<Passage> passages;
  bool is_ours = true;
  while (rows.Next()) {
    is_ours &= rows.Int(0) == entry.record.id.value;
    Passage passage;
    passage.start = static_cast<uint32_t>(rows.Int(1));
    passage.end = static_cast<uint32_t>(rows.Int(2));
    passage.heading_path = rows.Text(3);
    passages.push_back(std::move(passage));
  }
  if (Status status = rows.Finish(); !status.ok()) return false;
  return is_ours && passages.size() == entry.record.passage_count &&
         DocumentChecksum(text, passages) == entry.checksum;
}

Status Caretaker::TakeOut(const std::vector<DamagedDocument>& damaged) {
  Status status = database_->Run("BEGIN IMMEDIATE");
  for (const DamagedDocument& document : damaged) {
    if (status.ok()) status = RemoveRows(document);
  }
  // What damage has left without its document goes as well.
  if (status.ok()) status = database_->Run("DELETE FROM passages WHERE document_id NOT IN (SELECT id FROM documents)");
  if (status.ok()) status = database_->Run("DELETE FROM vectors WHERE passage_id NOT IN (SELECT id FROM passages)");
  // The index removes words that it is told, and those of a damaged text are not known any more.
  if (status.ok()) status = database_->Run("INSERT INTO passages_fts (passages_fts) VALUES ('rebuild')");
  if (status.ok()) status = database_->Run("COMMIT");
  if (!status.ok()) {
    database_->Rollback();
    return status;
  }
  for (const DamagedDocument& document : damaged) documents_->Remove(document.document);
  return OkStatus();
}

Status Caretaker::RemoveRows(const DamagedDocument& document) {
  Statement& remember = database_->Prepared("INSERT OR REPLACE INTO damaged (path) VALUES (?1)");
  remember.BindText(1, document.path);
  if (Status status = remember.Run(); !status.ok()) return status;
  // By the rows' own word: the range of ids may be what is damaged.
  for (const char* sql : {"DELETE FROM headings WHERE document_id = ?1", "DELETE FROM texts WHERE document_id = ?1",
                          "DELETE FROM passages WHERE document_id = ?1", "DELETE FROM documents WHERE id = ?1"}) {
    Statement& rows = database_->Prepared(sql);
    rows.Bind(1, document.document.value);
    if (Status status = rows.Run(); !status.ok()) return status;
  }
  return OkStatus();
}

Result<std::vector<std::string>> Caretaker::ListDamaged() {
  std::vector<std::string> paths;
  Statement& rows = database_->Prepared("SELECT path FROM damaged ORDER BY path");
  while (rows.Next()) paths.emplace_back(rows.Text(0));
  if (Status status = rows.Finish(); !status.ok()) return status;
  return paths;
}

Result<bool> Caretaker::NeedsCompaction() {
  const Result<int64_t> removed = database_->Property(kRemovedProperty);
  if (!removed.ok()) return removed.status();
  if (removed.value() != 0) return true;
  const Result<int64_t> free_pages = database_->ReadInt("PRAGMA freelist_count");
  if (!free_pages.ok()) return free_pages.status();
  const Result<int64_t> pages = database_->ReadInt("PRAGMA page_count");
  if (!pages.ok()) return pages.status();
  return free_pages.value() >= kMinFreePages && free_pages.value() * kMaxFreeShare > pages.value();
}

// Removed words leave the index when all of its segments are merged into one.
Result<bool> Caretaker::MergeWords(const std::function<bool()>& stop) {
  for (int pages = -kMergePages;; pages = kMergePages) {
    const int before = sqlite3_total_changes(database_->handle());
    Statement& merge = database_->Prepared("INSERT INTO passages_fts (passages_fts, rank) VALUES ('merge', ?1)");
    merge.Bind(1, pages);
    if (Status status = merge.Run(); !status.ok()) return status;
    // Fewer than two changes mean that there is nothing left to merge.
    if (sqlite3_total_changes(database_->handle()) - before < 2) return true;
    if (stop && stop()) return false;
  }
}

Result<bool> Caretaker::Compact(const std::function<bool()>& stop) {
  const Result<bool> merged = MergeWords(stop);
  if (!merged.ok() || !merged.value()) return merged;
  {
    const StopWatch watch(database_->handle(), stop);
    const int result = sqlite3_exec(database_->handle(), "VACUUM", nullptr, nullptr, nullptr);
    if ((result & 0xff) == SQLITE_INTERRUPT) return false;
    if (Status status = StatusOf(result, database_->handle()); !status.ok()) return status;
  }
  if (Status status = database_->SetProperty(kRemovedProperty, 0); !status.ok()) return status;
  return true;
}

}  // namespace lodestone
