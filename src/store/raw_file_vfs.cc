#include "store/raw_file_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "store/database.h"

namespace lodestone {
namespace {

RawFiles* the_files = nullptr;
sqlite3_vfs* the_base = nullptr;

// As SQLite allocates it. One process has one connection to a file, so there is nothing to lock.
struct OpenFile {
  sqlite3_file base;
  int file;
};

int FileOf(sqlite3_file* file) { return reinterpret_cast<OpenFile*>(file)->file; }

std::string_view LastPart(std::string_view path) { return path.substr(path.rfind('/') + 1); }

int Close(sqlite3_file*) { return SQLITE_OK; }

int Read(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
  const int64_t read = the_files->Read(FileOf(file), to, size, offset);
  if (read < 0) return SQLITE_IOERR_READ;
  if (read == size) return SQLITE_OK;
  std::memset(static_cast<char*>(to) + read, 0, static_cast<size_t>(size - read));
  return SQLITE_IOERR_SHORT_READ;
}

int Write(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
  const int64_t written = the_files->Write(FileOf(file), from, size, offset);
  if (written < 0) return SQLITE_IOERR_WRITE;
  return written == size ? SQLITE_OK : SQLITE_FULL;
}

int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  return the_files->Truncate(FileOf(file), size) == 0 ? SQLITE_OK : SQLITE_IOERR_TRUNCATE;
}

int Sync(sqlite3_file* file, int) { return the_files->Flush(FileOf(file)) == 0 ? SQLITE_OK : SQLITE_IOERR_FSYNC; }

int FileSize(sqlite3_file* file, sqlite3_int64* size) {
  *size = the_files->SizeBytes(FileOf(file));
  return *size >= 0 ? SQLITE_OK : SQLITE_IOERR_FSTAT;
}

int Lock(sqlite3_file*, int) { return SQLITE_OK; }
int CheckReservedLock(sqlite3_file*, int* is_reserved) {
  *is_reserved = 0;
  return SQLITE_OK;
}
int FileControl(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int SectorSize(sqlite3_file*) { return 4096; }
int DeviceCharacteristics(sqlite3_file*) { return 0; }

const sqlite3_io_methods kMethods = {
    1,    Close,  Read,   Write,             Truncate,    Sync,       FileSize,
    Lock, Lock,   CheckReservedLock, FileControl, SectorSize, DeviceCharacteristics,
    nullptr, nullptr, nullptr, nullptr, nullptr, nullptr,
};

int Open(sqlite3_vfs*, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  const int found = path ? the_files->Find(LastPart(path)) : -1;
  if (found < 0) return the_base->xOpen(the_base, path, file, flags, out_flags);
  auto* open = reinterpret_cast<OpenFile*>(file);
  open->base.pMethods = &kMethods;
  open->file = found;
  if (out_flags) *out_flags = flags;
  return SQLITE_OK;
}

// The files themselves stay: an empty one stands for none.
int Delete(sqlite3_vfs*, const char* path, int sync_directory) {
  const int found = the_files->Find(LastPart(path));
  if (found < 0) return the_base->xDelete(the_base, path, sync_directory);
  return the_files->Truncate(found, 0) == 0 ? SQLITE_OK : SQLITE_IOERR_DELETE;
}

int Access(sqlite3_vfs*, const char* path, int flags, int* result) {
  const int found = the_files->Find(LastPart(path));
  if (found < 0) return the_base->xAccess(the_base, path, flags, result);
  *result = the_files->SizeBytes(found) > 0;
  return SQLITE_OK;
}

int FullPathname(sqlite3_vfs*, const char* path, int size, char* out) {
  if (the_files->Find(LastPart(path)) < 0) return the_base->xFullPathname(the_base, path, size, out);
  sqlite3_snprintf(size, out, "%s", path);
  return SQLITE_OK;
}

}  // namespace

std::optional<RawFile> FindRawFile(std::string_view path) {
  const int found = the_files ? the_files->Find(LastPart(path)) : -1;
  if (found < 0) return std::nullopt;
  return RawFile{the_files, found};
}

Status UseRawFiles(RawFiles* files) {
  the_files = files;
  if (the_base) return OkStatus();
  the_base = sqlite3_vfs_find(nullptr);
  static sqlite3_vfs vfs = *the_base;
  vfs.zName = "lodestone";
  vfs.pNext = nullptr;
  vfs.szOsFile = std::max(the_base->szOsFile, static_cast<int>(sizeof(OpenFile)));
  vfs.xOpen = Open;
  vfs.xDelete = Delete;
  vfs.xAccess = Access;
  vfs.xFullPathname = FullPathname;
  return StatusOf(sqlite3_vfs_register(&vfs, /*makeDflt=*/1), nullptr);
}

}  // namespace lodestone
