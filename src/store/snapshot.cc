#include "store/snapshot.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <memory>

namespace lodestone {
namespace {

using File = std::unique_ptr<FILE, int (*)(FILE*)>;

Status FileError(const char* what) {
  const int error = errno;
  const std::string detail = std::string(what) + ": " + std::strerror(error);
  if (error == ENOSPC || error == EDQUOT) {
    return Status(StatusCode::kStorageFull, "There is no room left to store this. Free some space.", detail);
  }
  return Status(StatusCode::kUnavailable, "The library's storage cannot be used.", detail);
}

bool Exists(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0;
}

std::string AsideName(const std::string& path, int number) { return path + ".damaged-" + std::to_string(number); }

constexpr uint32_t kCopyBytes = 1u << 20;

}  // namespace

Status WriteSnapshot(Database* database, const std::string& path) {
  RemoveFile(path);
  // Words of removed documents would go along in the index's segments.
  if (Status status = database->Run("INSERT INTO passages_fts (passages_fts) VALUES ('optimize')"); !status.ok()) {
    return status;
  }
  Statement& copy = database->Prepared("VACUUM INTO ?1");
  copy.BindText(1, path);
  Status status = copy.Run();
  if (!status.ok()) RemoveFile(path);
  return status;
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
  if (rename(path.c_str(), name.c_str()) != 0) return FileError("rename");
  const std::string journal = path + "-journal";
  if (Exists(journal) && rename(journal.c_str(), (name + "-journal").c_str()) != 0) return FileError("rename");
  return name;
}

Status CopySetAside(const std::string& path, const std::string& copy) {
  int number = 0;
  while (Exists(AsideName(path, number + 1))) ++number;
  if (number == 0) return Status(StatusCode::kNotFound, "No damaged library is kept.");
  for (uint64_t offset = 0;;) {
    const Result<std::string> piece = ReadPiece(AsideName(path, number), offset, kCopyBytes);
    if (!piece.ok()) return piece.status();
    if (Status status = AppendPiece(copy, offset, piece.value()); !status.ok()) return status;
    if (piece.value().size() < kCopyBytes) return OkStatus();
    offset += piece.value().size();
  }
}

void RemoveAllSetAside(const std::string& path) {
  for (int number = 1; Exists(AsideName(path, number)); ++number) {
    RemoveFile(AsideName(path, number));
    RemoveFile(AsideName(path, number) + "-journal");
  }
}

}  // namespace lodestone
