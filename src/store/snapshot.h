#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "store/database.h"
#include "store/store.h"

namespace lodestone {

// Copies a database into a new, compact file. An older file of that name goes, and none is left after an error.
Status WriteSnapshot(Database* database, const std::string& path, const Watch& watch);

// Pieces of files beside the library: copies on their way out and in. Thread: the store's.
// Errors: kUnavailable, kStorageFull.
Result<uint64_t> FileSize(const std::string& path);
// Fewer bytes than asked for only at the end.
Result<std::string> ReadPiece(const std::string& path, uint64_t offset, uint32_t size_bytes);
// Makes the file with the first piece, at 0.
Status AppendPiece(const std::string& path, uint64_t offset, std::string_view bytes);
// No file of that name is fine.
void RemoveFile(const std::string& path);
// Gives a damaged library a name of its own, with its journal, so that a new one can take its place. Returns that name.
Result<std::string> SetAside(const std::string& path);
// Copies the library that was last set aside under its own name. No copy is left after an error. Errors: kNotFound.
Status CopySetAside(const std::string& path, const std::string& copy, const Watch& watch);
void RemoveAllSetAside(const std::string& path);

}  // namespace lodestone
