#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "store/database.h"
#include "store/slices.h"

namespace lodestone {

// Removes the rows of documents that no search sees any more, in short transactions. What fails, or is
// cut off by the machine's end, is tried again at the next call or the next start.
// Thread: the store's.
class DocumentPurger {
 public:
  explicit DocumentPurger(Database* database) : database_(database) {}

  // REQUIRES: the document is not visible (in the database, or because it was never committed).
  void Add(DocumentId document, uint32_t first_passage, uint32_t passage_count) {
    garbage_.push_back({document, first_passage, passage_count});
  }
  Status Run(Slices* slices);
  // Everything is gone already.
  void Forget() { garbage_.clear(); }

 private:
  struct Garbage {
    DocumentId document;
    uint32_t first_passage;
    uint32_t passage_count;
  };
  Status PurgeRows(const Garbage& garbage, Slices* slices);
  Status PurgePassage(uint32_t id, std::string_view title, std::string_view text);

  Database* const database_;
  std::vector<Garbage> garbage_;
};

}  // namespace lodestone
