#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/ids.h"
#include "base/status.h"

namespace lodestone {

// Reads files that the page handed over, in pieces.
// Thread: coordinator; `done` is called on the coordinator, later, exactly once.
class FileSource {
 public:
  virtual ~FileSource() = default;
  using ReadDone = std::function<void(Result<std::string> bytes)>;
  // At most `size_bytes` from `offset`; fewer only at the end of the file.
  // Errors: kNotFound when the file has gone or changed, kUnavailable when it may not be read.
  virtual void Read(FileId file, uint64_t offset, uint32_t size_bytes, ReadDone done) = 0;
  // The handle is not needed any more.
  virtual void Release(FileId file) = 0;
};

}  // namespace lodestone
