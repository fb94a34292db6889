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
  // `between` and `watch` as in Store::Import. All outlive it.
  Importer(SqliteStore* store, const std::function<void()>& between, const Watch& watch)
      : store_(store), between_(between), watch_(watch) {}
  ~Importer();

  // Opens the file, brings it to this version's schema and, but for kSalvage, checks all of it.
  // Errors: kBadData, kMismatch when it is of a newer version.
  Status Open(const std::string& path, ImportMode mode);
  // Puts the file's database in place of the store's, in one transaction. The store must reload.
  Status Replace();
  Result<ImportResult> Merge(ImportMode mode, double budget_ms);

 private:
  Status CheckAll();
  Status CheckDatabase();
  Status CheckDocuments();
  Status CheckVectors();
  // Others' turn. True when the import is no longer wanted.
  bool Pause() const;
  // Of a check, or of taking in, which count half each.
  void Report(bool checked, uint64_t done, uint64_t total) const;
  // Stores a lot of documents and their vectors.
  Status Flush(std::vector<NewDocument>* documents, std::vector<PassageId>* first_passages, double budget_ms,
               ImportResult* result);
  Status CopyVectors(PassageId from, PassageId to, uint32_t count);

  SqliteStore* const store_;
  const std::function<void()>& between_;
  const Watch& watch_;
  std::unique_ptr<SqliteStore> source_;
};

}  // namespace lodestone
