#include "store/buffered_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>

#include "store/database.h"

namespace lodestone {
namespace {

// SQLite's own file system moves less than 128 KB at a time, and more not at all. A multiple of the page.
constexpr sqlite3_int64 kPieceBytes = 120 << 10;

sqlite3_vfs* the_base = nullptr;

// A file below, with what is on its way to it and what came from it before it was asked for. Reads see both, so that only
// writing can fail for want of room: SQLite gives up a transaction when a write fails, not when a read does.
class Buffers {
 public:
  explicit Buffers(sqlite3_file* below) : below_(below) {}

  sqlite3_file* below() const { return below_; }

  int Read(void* to, int size, sqlite3_int64 offset) {
    const bool follows = offset == next_read_;
    next_read_ = offset + size;
    if (follows && !Covers(offset, size)) {
      if (const int failure = ReadAhead(offset); failure != SQLITE_OK) return failure;
    }
    if (!Covers(offset, size)) return ReadBoth(static_cast<char*>(to), size, offset);
    std::memcpy(to, ahead_.data() + (offset - ahead_at_), static_cast<size_t>(size));
    return SQLITE_OK;
  }

  int Write(const void* from, int size, sqlite3_int64 offset) {
    if (offset < End(ahead_at_, ahead_) && offset + size > ahead_at_) ahead_.clear();
    const bool follows = offset == End(held_at_, held_) && End(held_at_, held_) - held_at_ + size <= kPieceBytes;
    if (!held_.empty() && !follows) {
      if (const int failure = Flush(); failure != SQLITE_OK) return failure;
    }
    if (held_.empty()) held_at_ = offset;
    held_.append(static_cast<const char*>(from), static_cast<size_t>(size));
    return SQLITE_OK;
  }

  // What fails to be written is kept: SQLite takes it for written, and reads it to roll back.
  int Flush() {
    if (held_.empty()) return SQLITE_OK;
    const int result = below_->pMethods->xWrite(below_, held_.data(), static_cast<int>(held_.size()), held_at_);
    if (result == SQLITE_OK) held_.clear();
    return result;
  }

  // The file gets smaller before the rest is written: that may be what makes the room.
  int Truncate(sqlite3_int64 size) {
    ahead_.clear();
    if (End(held_at_, held_) > size) held_.resize(static_cast<size_t>(std::max<sqlite3_int64>(size - held_at_, 0)));
    if (const int failure = below_->pMethods->xTruncate(below_, size); failure != SQLITE_OK) return failure;
    return Flush();
  }

  int FileSize(sqlite3_int64* size) {
    const int result = below_->pMethods->xFileSize(below_, size);
    if (!held_.empty()) *size = std::max(*size, End(held_at_, held_));
    return result;
  }

  void Drop() { held_.clear(); }
  void Forget() { ahead_.clear(); }

 private:
  static sqlite3_int64 End(sqlite3_int64 at, const std::string& bytes) {
    return at + static_cast<sqlite3_int64>(bytes.size());
  }
  bool Covers(sqlite3_int64 offset, int size) const {
    return offset >= ahead_at_ && offset + size <= End(ahead_at_, ahead_);
  }

  // What the file below has, with what is held laid over it.
  int ReadBoth(char* to, int size, sqlite3_int64 offset) {
    const sqlite3_int64 held_end = End(held_at_, held_);
    const sqlite3_int64 from = std::max(offset, held_at_);
    const sqlite3_int64 until = std::min(offset + size, held_end);
    int result = SQLITE_OK;
    if (from > offset || until < offset + size) {
      // Past its end the file below gives zeros, which is what one that grows has there.
      result = below_->pMethods->xRead(below_, to, size, offset);
      if (result != SQLITE_OK && result != SQLITE_IOERR_SHORT_READ) return result;
    }
    if (from < until) std::memcpy(to + (from - offset), held_.data() + (from - held_at_), static_cast<size_t>(until - from));
    return !held_.empty() && held_end >= offset + size ? SQLITE_OK : result;
  }

  // Fills `ahead_` from `offset` to the end of the file at most.
  int ReadAhead(sqlite3_int64 offset) {
    ahead_.clear();
    sqlite3_int64 file_size = 0;
    if (const int failure = FileSize(&file_size); failure != SQLITE_OK) return failure;
    const sqlite3_int64 wanted = std::min(kPieceBytes, file_size - offset);
    if (wanted <= 0) return SQLITE_OK;
    ahead_.resize(static_cast<size_t>(wanted));
    ahead_at_ = offset;
    const int result = ReadBoth(ahead_.data(), static_cast<int>(wanted), offset);
    if (result != SQLITE_OK) ahead_.clear();
    return result;
  }

  sqlite3_file* below_;
  std::string held_;  // to be written from held_at_ on
  sqlite3_int64 held_at_ = 0;
  std::string ahead_;  // what the file has from ahead_at_ on
  sqlite3_int64 ahead_at_ = 0;
  sqlite3_int64 next_read_ = -1;
};

// As SQLite allocates it; the file below follows it in the same piece of memory.
struct OpenFile {
  sqlite3_file base;
  Buffers* buffers;
};
static_assert(sizeof(OpenFile) % alignof(std::max_align_t) == 0 || sizeof(OpenFile) % 8 == 0);

Buffers& BuffersOf(sqlite3_file* file) { return *reinterpret_cast<OpenFile*>(file)->buffers; }

int Close(sqlite3_file* file) {
  std::unique_ptr<Buffers> buffers(&BuffersOf(file));
  sqlite3_file* below = buffers->below();
  const int flushed = buffers->Flush();
  const int closed = below->pMethods->xClose(below);
  return flushed != SQLITE_OK ? flushed : closed;
}

int Read(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) { return BuffersOf(file).Read(to, size, offset); }

int Write(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
  return BuffersOf(file).Write(from, size, offset);
}

// Calls `call(file below)` with nothing held back.
template <typename Call>
int Through(sqlite3_file* file, Call call) {
  Buffers& buffers = BuffersOf(file);
  if (const int failure = buffers.Flush(); failure != SQLITE_OK) return failure;
  return call(buffers.below());
}

int Truncate(sqlite3_file* file, sqlite3_int64 size) { return BuffersOf(file).Truncate(size); }
int Sync(sqlite3_file* file, int flags) {
  return Through(file, [flags](sqlite3_file* below) { return below->pMethods->xSync(below, flags); });
}
int FileSize(sqlite3_file* file, sqlite3_int64* size) { return BuffersOf(file).FileSize(size); }
int Lock(sqlite3_file* file, int level) {
  Buffers& buffers = BuffersOf(file);
  // Another process may have written while this one had no lock.
  buffers.Forget();
  return buffers.below()->pMethods->xLock(buffers.below(), level);
}
int Unlock(sqlite3_file* file, int level) {
  Buffers& buffers = BuffersOf(file);
  const int flushed = buffers.Flush();
  // Whoever has the lock next begins with the journal, which undoes what could not be written.
  if (flushed != SQLITE_OK) buffers.Drop();
  const int unlocked = buffers.below()->pMethods->xUnlock(buffers.below(), level);
  return flushed != SQLITE_OK ? flushed : unlocked;
}
int CheckReservedLock(sqlite3_file* file, int* is_reserved) {
  sqlite3_file* below = BuffersOf(file).below();
  return below->pMethods->xCheckReservedLock(below, is_reserved);
}
int FileControl(sqlite3_file* file, int operation, void* argument) {
  return Through(file, [&](sqlite3_file* below) { return below->pMethods->xFileControl(below, operation, argument); });
}
int SectorSize(sqlite3_file* file) {
  sqlite3_file* below = BuffersOf(file).below();
  return below->pMethods->xSectorSize(below);
}
int DeviceCharacteristics(sqlite3_file* file) {
  sqlite3_file* below = BuffersOf(file).below();
  return below->pMethods->xDeviceCharacteristics(below);
}

const sqlite3_io_methods kMethods = {
    1,    Close,  Read,   Write,             Truncate,    Sync,       FileSize,
    Lock, Unlock, CheckReservedLock, FileControl, SectorSize, DeviceCharacteristics,
    nullptr, nullptr, nullptr, nullptr, nullptr, nullptr,
};

int Open(sqlite3_vfs*, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  sqlite3_file* below = reinterpret_cast<sqlite3_file*>(reinterpret_cast<OpenFile*>(file) + 1);
  file->pMethods = nullptr;
  const int result = the_base->xOpen(the_base, path, below, flags, out_flags);
  if (below->pMethods == nullptr) return result;
  // SQLite closes what has methods, opened or not.
  file->pMethods = &kMethods;
  reinterpret_cast<OpenFile*>(file)->buffers = new Buffers(below);
  return result;
}

}  // namespace

Status UseBufferedFiles() {
  static Status status;
  static std::once_flag once;
  std::call_once(once, [] {
    if (const int result = sqlite3_initialize(); result != SQLITE_OK) {
      status = StatusOf(result, nullptr);
      return;
    }
    the_base = sqlite3_vfs_find(nullptr);
    static sqlite3_vfs vfs = *the_base;
    vfs.zName = "lodestone-buffered";
    vfs.pNext = nullptr;
    vfs.szOsFile = the_base->szOsFile + static_cast<int>(sizeof(OpenFile));
    vfs.xOpen = Open;
    status = StatusOf(sqlite3_vfs_register(&vfs, /*makeDflt=*/1), nullptr);
  });
  return status;
}

}  // namespace lodestone
