#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "text/document.h"

namespace lodestone {

// The part of a path after the last '/'.
std::string_view BaseName(std::string_view path);
// What the file's name says; kPlainText for names unknown.
Format DetectFormat(std::string_view path);
// False for names that are never text (images, archives, fonts, ...), so that they are refused before reading.
bool IsSupportedPath(std::string_view path);

// Reads one whole file that is one document (all formats but kJsonLines and kCsv).
// Errors: kBadData, in words for the person.
Result<Document> ExtractDocument(std::string_view path, std::string_view bytes);

// One record of a JSONL or CSV file, or why its line was not taken.
struct RecordResult {
  uint64_t line = 0;  // 1-based line in the file where the record begins
  Status status;
  Document document;  // path is "<file>#<_id>", "#<line>" without an _id
};

// Cuts a stream of bytes of a JSONL or CSV file into records, in bounded memory.
// Thread: one at a time. Records over 64 MB are refused with their line number.
class RecordReader {
 public:
  virtual ~RecordReader() = default;
  using Sink = std::function<void(RecordResult)>;
  // Calls `sink` for each record that `bytes` completes.
  virtual void Feed(std::string_view bytes, const Sink& sink) = 0;
  // The end of the file: the last record may lack its line end.
  virtual void Finish(const Sink& sink) = 0;
};
std::unique_ptr<RecordReader> MakeRecordReader(Format format, std::string_view path);

}  // namespace lodestone
