#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "engine/context.h"
#include "store/store.h"

namespace lodestone {

// What the coordinator learns of the store when it is opened, and when all of it has changed.
struct LibraryContents {
  Status status;
  std::vector<DocumentRecord> documents;
  std::vector<std::pair<PassageId, DocumentId>> passages;
  std::vector<std::string> damaged_paths;
  uint64_t size_bytes = 0;
  bool needs_compaction = false;
  std::string storage_name;
  std::string notice;  // what went wrong on the way, in plain words
};

// Thread, of all: the storage thread.

// Reads an open store.
LibraryContents ReadLibrary(Store& store);

// Opens the store at `place` into `store`. A damaged file is set aside, and what is sound of it goes into a new
// one. Where the place cannot be used at all, the store is in memory and `place` says so.
LibraryContents OpenLibraryAt(StoragePlace* place, std::unique_ptr<Store>* store);

// The same for a store that turned out to be damaged after it was opened.
LibraryContents MendLibraryAt(StoragePlace* place, std::unique_ptr<Store>* store);

}  // namespace lodestone
