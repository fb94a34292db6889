#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/status.h"
#include "store/store.h"

namespace lodestone {

class SqliteStore;

// Takes another library's file into a store.
// Thread: the store's.
class Importer {
 public:
  // `store` outlives it.
  explicit Importer(SqliteStore* store) : store_(store) {}
  ~Importer();

  // Opens the file, brings it to this version's schema and, but for kSalvage, checks all of it.
  // Errors: kBadData, kMismatch when it is of a newer version.
  Status Open(const std::string& path, ImportMode mode);
  // Puts the file's database in place of the store's, in one transaction. The store must reload.
  Status Replace();
  Result<ImportResult> Merge(ImportMode mode, double budget_ms, const std::function<void()>& between);

 private:
  Status CheckAll();
  // Stores a lot of documents and their vectors.
  Status Flush(std::vector<NewDocument>* documents, std::vector<PassageId>* first_passages, double budget_ms,
               const std::function<void()>& between, ImportResult* result);
  Status CopyVectors(PassageId from, PassageId to, uint32_t count);

  SqliteStore* const store_;
  std::unique_ptr<SqliteStore> source_;
};

}  // namespace lodestone
