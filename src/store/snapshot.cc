#include "store/snapshot.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "store/raw_file_vfs.h"
#include "store/stop_watch.h"

namespace lodestone {
namespace {

using File = std::unique_ptr<FILE, int (*)(FILE*)>;

Status Unusable(const std::string& detail) {
  return Status(StatusCode::kUnavailable, "The library's storage cannot be used.", detail);
}

Status FileError(const char* what) {
  const int error = errno;
  const std::string detail = std::string(what) + ": " + std::strerror(error);
  if (error == ENOSPC || error == EDQUOT) {
    return Status(StatusCode::kStorageFull, "There is no room left to store this. Free some space.", detail);
  }
  return Unusable(detail);
}

bool Exists(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0;
}

std::string AsideName(const std::string& path, int number) { return path + ".damaged-" + std::to_string(number); }

constexpr uint32_t kCopyBytes = 1u << 20;
// Asking the file system how long a file has become costs more than a look at a flag.
constexpr double kReportIntervalMs = 100;

Status Cancelled() { return Status(StatusCode::kCancelled, "Exporting was cancelled."); }

// How large the database is without its free pages. 0 when it does not say.
uint64_t UsedBytes(Database* database) {
  const Result<int64_t> pages = database->ReadInt("PRAGMA page_count");
  const Result<int64_t> free_pages = database->ReadInt("PRAGMA freelist_count");
  const Result<int64_t> page_bytes = database->ReadInt("PRAGMA page_size");
  if (!pages.ok() || !free_pages.ok() || !page_bytes.ok()) return 0;
  return static_cast<uint64_t>((pages.value() - free_pages.value()) * page_bytes.value());
}

// No copy is left after an error.
Status CopyBytes(const RawFile& from, const std::string& to) {
  const int64_t size = from.files->SizeBytes(from.file);
  Status status = size < 0 ? Unusable("size") : OkStatus();
  std::string piece;
  for (int64_t offset = 0; status.ok() && (offset < size || offset == 0); offset += kCopyBytes) {
    piece.resize(static_cast<size_t>(std::min<int64_t>(kCopyBytes, size - offset)));
    const int64_t read = from.files->Read(from.file, piece.data(), static_cast<int64_t>(piece.size()), offset);
    status = read == static_cast<int64_t>(piece.size())
                 ? AppendPiece(to, static_cast<uint64_t>(offset), piece)
                 : Unusable("read");
  }
  if (!status.ok()) RemoveFile(to);
  return status;
}

// As SetAside, of a file that cannot be renamed: it is emptied once its bytes are safe.
Result<std::string> MoveAside(const std::string& path, const RawFile& library, const std::string& name) {
  // Beside it there is no file system that outlives the tab.
  if (path.find('/') == std::string::npos) {
    return Unusable("no folder");
  }
  const std::optional<RawFile> journal = FindRawFile(path + "-journal");
  const bool is_hot = journal && journal->files->SizeBytes(journal->file) > 0;
  if (Status status = CopyBytes(library, name); !status.ok()) return status;
  if (is_hot) {
    if (Status status = CopyBytes(*journal, name + "-journal"); !status.ok()) {
      RemoveFile(name);
      return status;
    }
  }
  for (const RawFile& file : {library, journal.value_or(library)}) {
    if (file.files->Truncate(file.file, 0) != 0 || file.files->Flush(file.file) != 0) {
      return Unusable("truncate");
    }
  }
  return name;
}

}  // namespace

Status WriteSnapshot(Database* database, const std::string& path, const Watch& watch) {
  RemoveFile(path);
  const uint64_t total = UsedBytes(database);
  double reported_ms = SystemClock().NowMs();
  bool stopped = false;
  // While it copies, SQLite says nothing of its progress: the new file's length does.
  const std::function<bool()> look = [&] {
    stopped = watch.stop && watch.stop();
    if (!stopped && watch.report && SystemClock().NowMs() - reported_ms >= kReportIntervalMs) {
      reported_ms = SystemClock().NowMs();
      const Result<uint64_t> size_bytes = FileSize(path);
      if (size_bytes.ok()) watch.report(std::min(size_bytes.value(), total), total);
    }
    return stopped;
  };
  if (look()) return Cancelled();
  Status status;
  {
    const StopWatch stop(database->handle(), look);
    Statement& copy = database->Prepared("VACUUM INTO ?1");
    copy.BindText(1, path);
    status = copy.Run();
  }
  if (status.ok()) return status;
  RemoveFile(path);
  RemoveFile(path + "-journal");
  return stopped ? Cancelled() : status;
}

Result<uint64_t> FileSize(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return FileError("stat");
  return static_cast<uint64_t>(info.st_size);
}

Result<std::string> ReadPiece(const std::string& path, uint64_t offset, uint32_t size_bytes) {
  const File file(fopen(path.c_str(), "rb"), fclose);
  if (!file || fseeko(file.get(), static_cast<off_t>(offset), SEEK_SET) != 0) return FileError("read");
  std::string bytes(size_bytes, '\0');
  bytes.resize(fread(bytes.data(), 1, bytes.size(), file.get()));
  if (ferror(file.get())) return FileError("read");
  return bytes;
}

Status AppendPiece(const std::string& path, uint64_t offset, std::string_view bytes) {
  File file(fopen(path.c_str(), offset == 0 ? "wb" : "r+b"), fclose);
  if (!file || fseeko(file.get(), static_cast<off_t>(offset), SEEK_SET) != 0) return FileError("write");
  if (fwrite(bytes.data(), 1, bytes.size(), file.get()) != bytes.size()) return FileError("write");
  // What is buffered may find the disk full only now.
  if (fclose(file.release()) != 0) return FileError("write");
  return OkStatus();
}

void RemoveFile(const std::string& path) { unlink(path.c_str()); }

Result<std::string> SetAside(const std::string& path) {
  int number = 1;
  while (Exists(AsideName(path, number))) ++number;
  const std::string name = AsideName(path, number);
  if (const auto library = FindRawFile(path)) return MoveAside(path, *library, name);
  if (rename(path.c_str(), name.c_str()) != 0) return FileError("rename");
  const std::string journal = path + "-journal";
  if (Exists(journal) && rename(journal.c_str(), (name + "-journal").c_str()) != 0) return FileError("rename");
  return name;
}

Status CopySetAside(const std::string& path, const std::string& copy, const Watch& watch) {
  int number = 0;
  while (Exists(AsideName(path, number + 1))) ++number;
  if (number == 0) return Status(StatusCode::kNotFound, "No damaged library is kept.");
  const std::string from = AsideName(path, number);
  const Result<uint64_t> size_bytes = FileSize(from);
  if (!size_bytes.ok()) return size_bytes.status();
  Status status;
  for (uint64_t offset = 0;;) {
    if (watch.stop && watch.stop()) status = Cancelled();
    const Result<std::string> piece = status.ok() ? ReadPiece(from, offset, kCopyBytes) : Result<std::string>(status);
    status = piece.ok() ? AppendPiece(copy, offset, piece.value()) : piece.status();
    if (!status.ok()) break;
    offset += piece.value().size();
    if (watch.report) watch.report(std::min(offset, size_bytes.value()), size_bytes.value());
    if (piece.value().size() < kCopyBytes) return status;
  }
  RemoveFile(copy);
  return status;
}

void RemoveAllSetAside(const std::string& path) {
  for (int number = 1; Exists(AsideName(path, number)); ++number) {
    RemoveFile(AsideName(path, number));
    RemoveFile(AsideName(path, number) + "-journal");
  }
}

}  // namespace lodestone
