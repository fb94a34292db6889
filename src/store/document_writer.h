#pragma once

#include <functional>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "store/database.h"
#include "store/document_purger.h"
#include "store/document_table.h"
#include "store/slices.h"
#include "store/store.h"
#include "store/vector_table.h"

namespace lodestone {

// Writes and removes documents in short transactions.
//
// A document goes in as pending (visible = 0); the transaction with its last row makes it visible and
// hides the one it replaces. Rows of documents that are not visible are removed behind that, also in
// short transactions, and at the next start when the machine stops in between.
// Thread: the store's.
class DocumentWriter {
 public:
  // All outlive it. `Load` comes first.
  DocumentWriter(Database* database, DocumentTable* documents, VectorTable* vectors, DocumentPurger* purger)
      : database_(database), documents_(documents), vectors_(vectors), purger_(purger) {}

  // Reads the visible documents into the table and removes the rows of the others. `damaged` gets those whose
  // passages are not what they say; they are left out. `as_far_as_it_goes`: rows that cannot be read are no failure.
  Status Load(bool as_far_as_it_goes, std::vector<DamagedDocument>* damaged);
  // Removes the rows of documents that are not visible, in one go.
  Status Sweep();
  // As Store::AddDocuments.
  std::vector<Result<StoredIds>> Add(std::span<const NewDocument> documents, double budget_ms,
                                     const std::function<void()>& between);
  // As Store::RemoveDocuments.
  Result<std::vector<PassageId>> Remove(std::span<const DocumentId> documents, double budget_ms,
                                        const std::function<void()>& between);
  Status RemoveAll();

 private:
  // A document of this batch whose last row is written but not yet committed.
  struct Written {
    size_t index;  // in the batch
    bool vectors_copied;
    DocumentEntry entry;
  };
  // Passages as they are, by document. False for `consecutive` when another's are among them.
  struct Range {
    uint32_t first = 0;
    uint32_t count = 0;
    bool consecutive = true;
  };
  Status ReadRanges(std::unordered_map<uint32_t, Range>* ranges);

  // `vectors_copied`: a document of equal content had some.
  Status Write(const NewDocument& document, DocumentEntry* entry, bool* vectors_copied, Slices* slices);
  Status WriteRow(const NewDocument& document, const DocumentEntry& entry);
  Status WritePassage(const NewDocument& document, const Passage& passage, const DocumentEntry& entry, uint32_t id);
  Status CommitWritten(Slices* slices);
  void Publish(Written written);
  void FailWritten(const Status& status);

  Database* const database_;
  DocumentTable* const documents_;
  VectorTable* const vectors_;
  DocumentPurger* const purger_;
  uint32_t next_document_ = 1;
  uint32_t next_passage_ = 1;
  std::vector<Written> written_;
  std::vector<Result<StoredIds>> results_;
};

}  // namespace lodestone
