#pragma once

// What the parts of Ingest (ingest.cc, ingest_parse.cc, ingest_store.cc) share of a file on its way in.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_set>

#include "base/words.h"
#include "engine/ingest.h"
#include "index/posting_segment.h"

namespace lodestone {

inline constexpr size_t kMaxFailuresListed = 1000;
// Documents wait for the storage thread at most this much, then reading pauses.
inline constexpr size_t kMaxStoreQueueBytes = 32u << 20;

struct Ingest::Job {
  RequestId id;
  AddDone done;
  AddProgress progress;
  protocol::AddProgress untold;  // finished files that the page has not heard of
  bool telling = false;
  protocol::AddFilesReply reply;
  uint32_t scan = 0;  // the walk that it belongs to, or 0
  uint32_t total = 0;
  uint32_t finished = 0;
  TaskId task;
  std::atomic<bool> cancelled = false;  // threads look at it, too
};

struct Ingest::File {
  JobPtr job;
  protocol::FileEntry entry;
  Format format = Format::kPlainText;
  std::string bytes;
  uint64_t read = 0;
  std::unique_ptr<RecordReader> records;
  bool counted_active = false;
  bool read_all = false;
  bool failed = false;
  bool ended = false;
  uint32_t steps = 0;        // reads, cuts and stores under way
  uint32_t unembedded = 0;   // documents without all vectors
  uint32_t added = 0;
  uint32_t updated = 0;
  uint32_t unchanged = 0;
  uint32_t record_failures = 0;
  // Of a file of records: documents it gave before and has not given again.
  std::unordered_set<DocumentId> stale;
  uint64_t bytes_accounted = 0;
};

// One document on its way to the store, or why there is none.
struct Ingest::Parsed {
  FilePtr file;
  Status status;
  uint64_t line = 0;  // of a record
  bool unchanged = false;
  NewDocument document;
  WordCounts words;  // of its passages

  size_t size_bytes() const { return document.document.text.size() + words.size_bytes(); }
};

// Documents that went to the store together.
struct Ingest::Written {
  std::vector<Parsed> batch;
  std::vector<Result<StoredIds>> ids;
  std::vector<PostingSegmentPtr> segments;  // their words
};

}  // namespace lodestone
