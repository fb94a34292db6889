#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "store/database.h"
#include "store/document_table.h"
#include "store/store.h"

namespace lodestone {

// Looks after what is stored: finds damage and takes it out, and gives back the room of what was removed.
// Thread: the store's.
class Caretaker {
 public:
  // Both outlive it.
  Caretaker(Database* database, DocumentTable* documents) : database_(database), documents_(documents) {}

  // As Store's functions of the same names.
  Result<VerifyResult> Verify(DocumentId after, double budget_ms);
  Result<std::vector<std::string>> ListDamaged();
  Result<bool> NeedsCompaction();
  Result<bool> Compact(const std::function<bool()>& stop);
  // Takes the words of what was removed out of the full-text index. False when `stop` ended it early.
  Result<bool> MergeWords(const std::function<bool()>& stop);

  // False when its text, passages and checksum do not agree, or cannot be read.
  bool IsSound(const DocumentEntry& entry);
  // Removes documents that cannot be trusted and remembers their paths.
  Status TakeOut(const std::vector<DamagedDocument>& damaged);

 private:
  Status RemoveRows(const DamagedDocument& document);

  Database* const database_;
  DocumentTable* const documents_;
};

}  // namespace lodestone
