#pragma once

#include <map>

#include "platform/file_source.h"

namespace lodestone {

// Reads slices of the File objects that the coordinator worker keeps (coordinator.worker.mjs).
// Thread: coordinator.
class WebFileSource final : public FileSource {
 public:
  WebFileSource();
  void Read(FileId file, uint64_t offset, uint32_t size_bytes, ReadDone done) override;
  void Release(FileId file) override;

  // Called by the browser's side. `bytes` is copied; null with `error` set means failure.
  void Finish(int token, const char* bytes, uint32_t size_bytes, const char* error);

 private:
  std::map<int, ReadDone> reads_;
  int next_token_ = 1;
};

}  // namespace lodestone
