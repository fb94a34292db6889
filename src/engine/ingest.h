#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "engine/context.h"
#include "engine/file_list.h"
#include "engine/folder_scan.h"
#include "protocol/messages.h"
#include "text/chunk.h"
#include "text/extract.h"

namespace lodestone {

// Brings files in: reads them in pieces, cuts them on the pool, commits text and words, and tells each
// request when its documents are searchable by meaning as well.
// Thread: coordinator.
class Ingest {
 public:
  using AddDone = std::function<void(Result<protocol::AddFilesReply>)>;
  using AddProgress = std::function<void(const protocol::AddProgress&)>;  // in lots, each file in one of them

  Ingest(EngineContext* context, FileList* files);
  ~Ingest();

  // `done` is called exactly once, when every file is committed and embedded, refused, or cancelled.
  void Add(RequestId id, const protocol::AddFiles& request, AddProgress progress, AddDone done);
  // What is committed stays; what is not is dropped.
  void Cancel(RequestId id);
  void CancelAll();
  void SetPaused(bool paused);
  bool paused() const { return paused_; }

  // The embedding side reports here.
  void PassagesEmbedded(const std::vector<PassageId>& passages);
  // They went by another way than by being read again.
  void DocumentsRemoved(const std::vector<DocumentId>& documents);
  bool waits_for_vectors() const { return !unembedded_.empty(); }
  // No vectors will come (no model can be had): documents are complete with their words alone.
  void GiveUpEmbedding();
  // Called when the tokenizer is there, or anything else that work waited for.
  void Pump();

  bool idle() const { return jobs_.empty() && waiting_.empty() && active_ == 0; }
  // A walk may be slower than what it finds is taken in: its next lot is of the same run.
  bool BeginsRun(const protocol::AddFiles& request) const { return idle() && !request.continues; }
  size_t queued() const { return waiting_.size(); }
  size_t running() const { return active_; }
  const std::string& current_path() const { return current_path_; }
  // Time left at the rate so far; 0 when unknown.
  double eta_ms() const;

  std::function<void()> on_documents_stored;    // new passages lack vectors
  std::function<void(PassageId first, uint32_t count)> on_vectors_copied;  // these have theirs at rest already
  std::function<void()> on_documents_removed;
  std::function<void(const Status&)> on_storage_failure;
  std::function<bool()> embedding_possible;     // false: words are all there will be

  FolderScans* scans = nullptr;  // hears of files that belong to a walk
  TaskId task;                   // that requests are parts of from now on
  uint64_t max_file_bytes = 64ull << 20;
  ChunkOptions chunk_options;

 private:
  struct Job;
  struct File;
  struct Parsed;
  struct Written;
  using JobPtr = std::shared_ptr<Job>;
  using FilePtr = std::shared_ptr<File>;

  void PumpLater();
  void StartFile(FilePtr file);
  void ReadNext(FilePtr file);
  void ParseWhole(FilePtr file);
  void FeedRecords(FilePtr file, std::string bytes);
  void ParseRecords(FilePtr file, std::vector<RecordResult> records);
  void Take(FilePtr file, Result<std::vector<Parsed>> parsed);
  void StoreBatch();
  void Stored(Written written);
  void RemoveStale(const FilePtr& file);
  void MaybeFinishFile(const FilePtr& file);
  void FinishFile(const FilePtr& file);
  void FailFile(const FilePtr& file, Status status);
  void FinishJob(const JobPtr& job);
  // A message a file would cost the page and the coordinator more than the files do.
  void TellProgress(const JobPtr& job);
  void DocumentComplete(DocumentId id);

  EngineContext* context_;
  FileList* files_;
  std::map<RequestId, JobPtr> jobs_;
  std::deque<FilePtr> waiting_;
  std::deque<FilePtr> paused_streams_;  // record files that wait for room or for the end of a pause
  size_t active_ = 0;                   // files being read, cut or stored
  size_t bytes_in_flight_ = 0;
  std::deque<Parsed> to_store_;
  size_t to_store_bytes_ = 0;
  bool storing_ = false;
  bool pump_posted_ = false;
  bool paused_ = false;
  struct Waiting {
    FilePtr file;
    uint32_t left = 0;
  };
  std::unordered_map<DocumentId, Waiting> unembedded_;
  std::string current_path_;
  uint64_t bytes_total_ = 0;
  uint64_t bytes_done_ = 0;
  double started_ms_ = 0;
  double paused_ms_ = 0;
  double paused_since_ms_ = 0;
};

}  // namespace lodestone
