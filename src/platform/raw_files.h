#pragma once

#include <cstdint>
#include <string_view>

namespace lodestone {

// A few files that are open already, for places where opening one is not possible on the spot. All calls
// finish at once.
// Thread: the one that owns them.
class RawFiles {
 public:
  virtual ~RawFiles() = default;
  // A number for the calls below, or -1 where there is no file of this name (the last part of a path).
  virtual int Find(std::string_view name) = 0;
  // Bytes moved, fewer only at the end of the file, or -1.
  virtual int64_t Read(int file, void* to, int64_t size_bytes, int64_t offset) = 0;
  virtual int64_t Write(int file, const void* from, int64_t size_bytes, int64_t offset) = 0;
  // -1 on failure, as below.
  virtual int64_t SizeBytes(int file) = 0;
  virtual int Truncate(int file, int64_t size_bytes) = 0;
  // Until it returns 0 nothing written is safe from a crash.
  virtual int Flush(int file) = 0;
};

}  // namespace lodestone
