#include "store/document_purger.h"

#include "store/word_reader.h"

namespace lodestone {

Status DocumentPurger::Run(Slices* slices) {
  std::vector<Garbage> uncommitted;
  Status status;
  while (status.ok() && !(garbage_.empty() && uncommitted.empty())) {
    if (garbage_.empty() || slices->spent()) {
      status = slices->Commit();
      if (!status.ok()) break;
      uncommitted.clear();
      slices->LetOthersRun();
    } else {
      uncommitted.push_back(garbage_.back());
      garbage_.pop_back();
      status = PurgeRows(uncommitted.back(), slices);
    }
  }
  if (!status.ok()) slices->Rollback();
  // What is gone by an earlier slice is no harm to look for again.
  garbage_.insert(garbage_.end(), uncommitted.begin(), uncommitted.end());
  return status;
}

Status DocumentPurger::PurgeRows(const Garbage& garbage, Slices* slices) {
  if (Status status = slices->Enter(); !status.ok()) return status;
  Statement& find = database_->Prepared(
      "SELECT d.title, t.text FROM documents d JOIN texts t ON t.document_id = d.id WHERE d.id = ?1");
  find.Bind(1, garbage.document.value);
  const bool found = find.Next();
  const std::string title(found ? find.Text(0) : std::string_view());
  const std::string text(found ? find.Text(1) : std::string_view());
  if (Status status = find.Finish(); !status.ok()) return status;
  if (!found) return OkStatus();

  const uint32_t end = garbage.first_passage + garbage.passage_count;
  for (uint32_t id = garbage.first_passage; id < end; ++id) {
    if (slices->spent()) {
      if (Status status = slices->Commit(); !status.ok()) return status;
      slices->LetOthersRun();
      if (Status status = slices->Enter(); !status.ok()) return status;
    }
    if (Status status = PurgePassage(id, title, text); !status.ok()) return status;
  }
  Statement& vectors = database_->Prepared(
      "DELETE FROM vectors WHERE model_id IN (SELECT id FROM models) AND passage_id >= ?1 AND passage_id < ?2");
  vectors.Bind(1, garbage.first_passage);
  vectors.Bind(2, end);
  if (Status status = vectors.Run(); !status.ok()) return status;
  for (const char* sql : {"DELETE FROM headings WHERE document_id = ?1", "DELETE FROM texts WHERE document_id = ?1",
                          "DELETE FROM documents WHERE id = ?1"}) {
    Statement& rows = database_->Prepared(sql);
    rows.Bind(1, garbage.document.value);
    if (Status status = rows.Run(); !status.ok()) return status;
  }
  return OkStatus();
}

Status DocumentPurger::PurgePassage(uint32_t id, std::string_view title, std::string_view text) {
  Statement& passage = database_->Prepared("SELECT start_byte, end_byte, heading_path FROM passages WHERE id = ?1");
  passage.Bind(1, id);
  const bool there = passage.Next();
  const auto start = static_cast<size_t>(there ? passage.Int(0) : 0);
  const auto stop = static_cast<size_t>(there ? passage.Int(1) : 0);
  const std::string context = ContextOf(title, there ? passage.Text(2) : std::string_view());
  if (Status status = passage.Finish(); !status.ok()) return status;
  if (!there) return OkStatus();
  // Offsets outside of the text are damage: the index keeps words that no search shows, until it is rebuilt.
  if (start <= stop && stop <= text.size()) {
    // FTS5 removes the words that it is told: they must be those that were added.
    Statement& words = database_->Prepared(
        "INSERT INTO passages_fts (passages_fts, rowid, text, context) VALUES ('delete', ?1, ?2, ?3)");
    words.Bind(1, id);
    words.BindText(2, text.substr(start, stop - start));
    words.BindText(3, context);
    if (Status status = words.Run(); !status.ok()) return status;
  }
  Statement& row = database_->Prepared("DELETE FROM passages WHERE id = ?1");
  row.Bind(1, id);
  return row.Run();
}

}  // namespace lodestone
