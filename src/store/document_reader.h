#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "store/database.h"
#include "store/document_table.h"
#include "store/store.h"

namespace lodestone {

// Reads visible documents and passages.
// Thread: the store's.
class DocumentReader {
 public:
  // Both outlive it.
  DocumentReader(Database* database, const DocumentTable* documents) : database_(database), documents_(documents) {}

  // As Store's functions of the same names.
  Result<std::vector<PassageText>> LoadPassages(std::span<const PassageId> passages);
  Result<Document> LoadDocument(const std::string& path);
  Result<NewDocument> LoadWhole(DocumentId document);

 private:
  Database* const database_;
  const DocumentTable* const documents_;
};

}  // namespace lodestone
