#include "store/document_writer.h"

#include <algorithm>
#include <limits>
#include <string>

#include "base/check.h"
#include "store/checksum.h"
#include "store/word_reader.h"

namespace lodestone {
namespace {

// The numbers are stored: a new format goes to the end.
static_assert(static_cast<int>(Format::kPlainText) == 0 && static_cast<int>(Format::kMarkdown) == 1 &&
              static_cast<int>(Format::kHtml) == 2 && static_cast<int>(Format::kJson) == 3 &&
              static_cast<int>(Format::kJsonLines) == 4 && static_cast<int>(Format::kCsv) == 5 &&
              static_cast<int>(Format::kCode) == 6);

constexpr double kNoBudget = std::numeric_limits<double>::infinity();

std::vector<PassageId> PassagesOf(uint32_t first, uint32_t count) {
  std::vector<PassageId> passages(count);
  for (uint32_t i = 0; i < count; ++i) passages[i] = PassageId{first + i};
  return passages;
}

}  // namespace

Status DocumentWriter::ReadRanges(std::unordered_map<uint32_t, Range>* ranges) {
  Statement& rows = database_->Prepared("SELECT id, document_id FROM passages ORDER BY id");
  while (rows.Next()) {
    const auto id = static_cast<uint32_t>(rows.Int(0));
    Range& range = (*ranges)[static_cast<uint32_t>(rows.Int(1))];
    if (range.count == 0) range.first = id;
    range.consecutive &= id == range.first + range.count;
    ++range.count;
    next_passage_ = std::max(next_passage_, id + 1);
  }
  return rows.Finish();
}

Status DocumentWriter::Load(bool as_far_as_it_goes, std::vector<DamagedDocument>* damaged) {
  next_document_ = next_passage_ = 1;
  std::unordered_map<uint32_t, Range> ranges;
  if (Status status = ReadRanges(&ranges); !status.ok() && !as_far_as_it_goes) return status;
  Statement& rows = database_->Prepared(
      "SELECT id, path, title, type, size_bytes, modified_ms, content_hash, passage_count, lossy_encoding, date_ms, "
      "first_passage, checksum, visible FROM documents ORDER BY id");
  while (rows.Next()) {
    DocumentEntry entry;
    entry.record.id = DocumentId{static_cast<uint32_t>(rows.Int(0))};
    entry.record.path = rows.Text(1);
    entry.record.title = rows.Text(2);
    entry.record.type = rows.Text(3);
    entry.record.size_bytes = static_cast<uint64_t>(rows.Int(4));
    entry.record.modified_ms = rows.Int(5);
    entry.record.content_hash = rows.Text(6);
    entry.record.passage_count = static_cast<uint32_t>(rows.Int(7));
    entry.record.lossy_encoding = rows.Int(8) != 0;
    entry.date_ms = rows.Int(9);
    entry.first_passage = static_cast<uint32_t>(rows.Int(10));
    next_document_ = std::max(next_document_, entry.record.id.value + 1);
    const Range range = ranges[entry.record.id.value];
    const bool is_whole = range.consecutive && range.count == entry.record.passage_count &&
                          (range.count == 0 || range.first == entry.first_passage);
    if (rows.Int(12) != 0 && !is_whole) {
      damaged->push_back({entry.record.id, entry.record.path, PassageId{entry.first_passage}, entry.record.passage_count});
      continue;
    }
    entry.checksum = rows.Int(11);
    if (rows.Int(12) != 0) {
      documents_->Add(std::move(entry));
    } else {
      purger_->Add(entry.record.id, entry.first_passage, entry.record.passage_count);
    }
  }
  if (Status status = rows.Finish(); !status.ok() && !as_far_as_it_goes) return status;
  // A full disk, or damage there, is no reason not to open: the rows stay hidden.
  if (!as_far_as_it_goes) (void)Sweep();
  return OkStatus();
}

Status DocumentWriter::Sweep() {
  const std::function<void()> nobody;
  Slices slices(database_, kNoBudget, nobody);
  return purger_->Run(&slices);
}

std::vector<Result<StoredIds>> DocumentWriter::Add(std::span<const NewDocument> documents, double budget_ms,
                                                   const std::function<void()>& between) {
  results_.assign(documents.size(), Status(StatusCode::kInternal, "This document was not stored."));
  Slices slices(database_, budget_ms, between);
  Status full;
  for (size_t i = 0; i < documents.size(); ++i) {
    if (!full.ok()) {
      results_[i] = full;
      continue;
    }
    const std::string& path = documents[i].document.path;
    Status status;
    // Which document a path means is known only once the one before it is visible.
    if (std::any_of(written_.begin(), written_.end(), [&](const Written& w) { return w.entry.record.path == path; })) {
      status = CommitWritten(&slices);
    }
    DocumentEntry entry;
    bool vectors_copied = false;
    if (status.ok()) status = Write(documents[i], &entry, &vectors_copied, &slices);
    if (status.ok()) {
      written_.push_back({i, vectors_copied, std::move(entry)});
      if (slices.spent()) status = CommitWritten(&slices);
    } else {
      slices.Rollback();
      results_[i] = status;
      FailWritten(status);
      // Rows of it that are committed already are no part of the rollback.
      if (entry.record.id.value != 0) {
        purger_->Add(entry.record.id, entry.first_passage, entry.record.passage_count);
      }
    }
    if (status.code() == StatusCode::kStorageFull) full = status;
  }
  (void)CommitWritten(&slices);  // a failure is in the results
  (void)purger_->Run(&slices);
  return std::move(results_);
}

Status DocumentWriter::Write(const NewDocument& document, DocumentEntry* entry, bool* vectors_copied, Slices* slices) {
  const size_t passage_count = document.passages.size();
  if (next_document_ == UINT32_MAX || passage_count > UINT32_MAX - next_passage_) {
    return Status(StatusCode::kTooLarge, "The library has no numbers left for new documents. Export and import it.");
  }
  if (Status status = slices->Enter(); !status.ok()) return status;
  DocumentRecord& record = entry->record;
  record.id = DocumentId{next_document_++};
  record.path = document.document.path;
  record.title = document.document.title;
  record.type = TypeOfPath(record.path, document.document.format);
  record.size_bytes = document.size_bytes;
  record.modified_ms = document.modified_ms;
  record.content_hash = document.content_hash;
  record.passage_count = static_cast<uint32_t>(passage_count);
  record.lossy_encoding = document.document.lossy_encoding;
  entry->date_ms = document.document.date_ms;
  entry->checksum = DocumentChecksum(document.document.text, document.passages);
  entry->first_passage = next_passage_;
  next_passage_ += record.passage_count;

  if (Status status = WriteRow(document, *entry); !status.ok()) return status;
  // The first of them has every vector that any of them has.
  const std::vector<DocumentId> twins = documents_->TwinsOf(*entry);
  const DocumentEntry* twin = twins.empty() ? nullptr : documents_->Find(twins.front());
  uint32_t id = entry->first_passage;
  for (const Passage& passage : document.passages) {
    if (slices->spent()) {
      if (Status status = CommitWritten(slices); !status.ok()) return status;
      if (Status status = slices->Enter(); !status.ok()) return status;
    }
    if (Status status = WritePassage(document, passage, *entry, id); !status.ok()) return status;
    if (twin) {
      const PassageId from{twin->first_passage + (id - entry->first_passage)};
      const Result<bool> copied = vectors_->Copy(from, PassageId{id});
      if (!copied.ok()) return copied.status();
      *vectors_copied |= copied.value();
    }
    ++id;
  }
  Statement& sound = database_->Prepared("DELETE FROM damaged WHERE path = ?1");
  sound.BindText(1, record.path);
  if (Status status = sound.Run(); !status.ok()) return status;
  if (const DocumentEntry* old = documents_->FindPath(record.path)) {
    Statement& hide = database_->Prepared("UPDATE documents SET visible = 0 WHERE id = ?1");
    hide.Bind(1, old->record.id.value);
    if (Status status = hide.Run(); !status.ok()) return status;
  }
  Statement& show = database_->Prepared("UPDATE documents SET visible = 1 WHERE id = ?1");
  show.Bind(1, record.id.value);
  return show.Run();
}

Status DocumentWriter::WriteRow(const NewDocument& document, const DocumentEntry& entry) {
  const DocumentRecord& record = entry.record;
  Statement& row = database_->Prepared(
      "INSERT INTO documents (id, path, title, type, format, encoding, lossy_encoding, date_ms, modified_ms, "
      "size_bytes, content_hash, first_passage, passage_count, checksum, visible) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, 0)");
  row.Bind(1, record.id.value);
  row.BindText(2, record.path);
  row.BindText(3, record.title);
  row.BindText(4, record.type);
  row.Bind(5, static_cast<int64_t>(document.document.format));
  row.BindText(6, document.document.encoding);
  row.Bind(7, record.lossy_encoding ? 1 : 0);
  row.Bind(8, entry.date_ms);
  row.Bind(9, record.modified_ms);
  row.Bind(10, static_cast<int64_t>(record.size_bytes));
  row.BindText(11, record.content_hash);
  row.Bind(12, entry.first_passage);
  row.Bind(13, record.passage_count);
  row.Bind(14, entry.checksum);
  if (Status status = row.Run(); !status.ok()) return status;

  Statement& text = database_->Prepared("INSERT INTO texts (document_id, text) VALUES (?1, ?2)");
  text.Bind(1, record.id.value);
  text.BindText(2, document.document.text);
  if (Status status = text.Run(); !status.ok()) return status;

  int64_t position = 0;
  for (const Heading& heading : document.document.headings) {
    Statement& insert = database_->Prepared(
        "INSERT INTO headings (document_id, position, start_byte, level, text) VALUES (?1, ?2, ?3, ?4, ?5)");
    insert.Bind(1, record.id.value);
    insert.Bind(2, position++);
    insert.Bind(3, heading.offset);
    insert.Bind(4, heading.level);
    insert.BindText(5, heading.text);
    if (Status status = insert.Run(); !status.ok()) return status;
  }
  return OkStatus();
}

Status DocumentWriter::WritePassage(const NewDocument& document, const Passage& passage, const DocumentEntry& entry,
                                    uint32_t id) {
  const std::string& text = document.document.text;
  LODESTONE_CHECK(passage.start < passage.end && passage.end <= text.size());
  Statement& row = database_->Prepared(
      "INSERT INTO passages (id, document_id, start_byte, end_byte, token_count, heading_path) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
  row.Bind(1, id);
  row.Bind(2, entry.record.id.value);
  row.Bind(3, passage.start);
  row.Bind(4, passage.end);
  row.Bind(5, passage.token_count);
  row.BindText(6, passage.heading_path);
  if (Status status = row.Run(); !status.ok()) return status;

  const std::string context = ContextOf(entry.record.title, passage.heading_path);
  Statement& words = database_->Prepared("INSERT INTO passages_fts (rowid, text, context) VALUES (?1, ?2, ?3)");
  words.Bind(1, id);
  words.BindText(2, std::string_view(text).substr(passage.start, passage.end - passage.start));
  words.BindText(3, context);
  return words.Run();
}

Status DocumentWriter::CommitWritten(Slices* slices) {
  Status status = slices->Commit();
  if (!status.ok()) {
    FailWritten(status);
    return status;
  }
  for (Written& written : written_) Publish(std::move(written));
  written_.clear();
  slices->LetOthersRun();
  return OkStatus();
}

void DocumentWriter::Publish(Written written) {
  StoredIds ids;
  ids.document = written.entry.record.id;
  ids.first_passage = PassageId{written.entry.first_passage};
  ids.vectors_copied = written.vectors_copied;
  if (const DocumentEntry* old = documents_->FindPath(written.entry.record.path)) {
    ids.replaced = old->record.id;
    ids.replaced_passages = PassagesOf(old->first_passage, old->record.passage_count);
    purger_->Add(old->record.id, old->first_passage, old->record.passage_count);
    documents_->Remove(old->record.id);
  }
  results_[written.index] = std::move(ids);
  documents_->Add(std::move(written.entry));
}

void DocumentWriter::FailWritten(const Status& status) {
  for (const Written& written : written_) {
    results_[written.index] = status;
    // A long one may have earlier slices in the database.
    const DocumentEntry& entry = written.entry;
    purger_->Add(entry.record.id, entry.first_passage, entry.record.passage_count);
  }
  written_.clear();
}

Result<std::vector<PassageId>> DocumentWriter::Remove(std::span<const DocumentId> documents, double budget_ms,
                                                      const std::function<void()>& between) {
  Slices slices(database_, budget_ms, between);
  if (Status status = slices.Enter(); !status.ok()) return status;
  std::vector<const DocumentEntry*> gone;
  for (const DocumentId document : documents) {
    const DocumentEntry* entry = documents_->Find(document);
    if (!entry || std::find(gone.begin(), gone.end(), entry) != gone.end()) continue;
    Statement& hide = database_->Prepared("UPDATE documents SET visible = 0 WHERE id = ?1");
    hide.Bind(1, document.value);
    if (Status status = hide.Run(); !status.ok()) {
      slices.Rollback();
      return status;
    }
    gone.push_back(entry);
  }
  // Its words stay in the index's segments and in free pages until the next compaction.
  if (Status status = database_->SetProperty("removed_uncompacted", 1); !status.ok()) return status;
  if (Status status = slices.Commit(); !status.ok()) return status;
  std::vector<PassageId> passages;
  for (const DocumentEntry* entry : gone) {
    const std::vector<PassageId> of_document = PassagesOf(entry->first_passage, entry->record.passage_count);
    passages.insert(passages.end(), of_document.begin(), of_document.end());
    purger_->Add(entry->record.id, entry->first_passage, entry->record.passage_count);
    documents_->Remove(entry->record.id);
  }
  slices.LetOthersRun();
  // They are gone for every search; a failure to free their space is no failure to remove them.
  (void)purger_->Run(&slices);
  return passages;
}

Status DocumentWriter::RemoveAll() {
  const std::function<void()> nobody;
  Slices slices(database_, kNoBudget, nobody);
  if (Status status = slices.Enter(); !status.ok()) return status;
  Status status = database_->Run(
      "INSERT INTO passages_fts (passages_fts) VALUES ('delete-all');"
      "DELETE FROM vectors; DELETE FROM graphs; DELETE FROM models; DELETE FROM passages; DELETE FROM headings; DELETE FROM texts; "
      "DELETE FROM documents; DELETE FROM damaged; DELETE FROM properties;");
  if (!status.ok()) {
    slices.Rollback();
    return status;
  }
  if (status = slices.Commit(); !status.ok()) return status;
  documents_->Clear();
  purger_->Forget();
  // Nothing of the texts stays in the file, as far as that can be had.
  (void)database_->Run("VACUUM");
  return OkStatus();
}

}  // namespace lodestone
