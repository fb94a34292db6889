#include "engine/ingest.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "engine/ingest_file.h"

namespace lodestone {
namespace {

using protocol::AddOutcome;
using protocol::FileState;

// One read, and so one copy into memory on the coordinator, stays well under a millisecond.
constexpr uint32_t kReadBytes = 1u << 20;
// Without threads the records of one read are taken apart in one go.
constexpr uint32_t kInlineReadBytes = 128u << 10;
// Also what one transaction can hold of small files: each waits for the disk once.
constexpr size_t kMaxFilesInFlight = 128;
constexpr size_t kMaxBytesInFlight = 96u << 20;
// Asking the browser to read costs a quarter of a millisecond on the coordinator.
constexpr int kReadsPerTurn = 4;

bool IsRecords(Format format) { return format == Format::kJsonLines || format == Format::kCsv; }

std::string Megabytes(uint64_t bytes) { return std::to_string((bytes + (1u << 19)) >> 20) + " MB"; }

}  // namespace

Ingest::Ingest(EngineContext* context, FileList* files) : context_(context), files_(files) {}
Ingest::~Ingest() = default;

void Ingest::Add(RequestId id, const protocol::AddFiles& request, AddProgress progress, AddDone done) {
  if (BeginsRun(request)) {
    files_->BeginRun();
    bytes_total_ = bytes_done_ = 0;
    paused_ms_ = 0;
    started_ms_ = context_->platform.clock->NowMs();
    paused_since_ms_ = started_ms_;
  }
  auto job = std::make_shared<Job>();
  job->id = id;
  job->done = std::move(done);
  job->progress = std::move(progress);
  job->scan = request.scan;
  job->total = static_cast<uint32_t>(request.files.size());
  // Only an engine that ends refuses.
  const Result<TaskId> adopted = context_->tasks.Adopt({.part_of = task}, {.cancel = [] {}});
  if (adopted.ok()) job->task = adopted.value();
  jobs_[id] = job;
  for (const protocol::FileEntry& entry : request.files) {
    auto file = std::make_shared<File>();
    file->job = job;
    file->entry = entry;
    file->format = DetectFormat(entry.path);
    files_->Queue(entry.path, entry.size_bytes);
    if (job->scan != 0) scans->Saw(job->scan, entry.path);
    bytes_total_ += entry.size_bytes;
    waiting_.push_back(std::move(file));
  }
  if (request.files.empty()) FinishJob(job);
  Pump();
}

void Ingest::Cancel(RequestId id) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return;
  const JobPtr job = found->second;
  job->cancelled = true;
  std::deque<FilePtr> keep;
  for (FilePtr& file : waiting_) {
    if (file->job == job) {
      file->ended = true;
      bytes_done_ += file->entry.size_bytes;
      context_->platform.files->Release(FileId{file->entry.file_id});
      files_->SetState(file->entry.path, FileState::kCancelled);
    } else {
      keep.push_back(std::move(file));
    }
  }
  waiting_.swap(keep);
  std::erase_if(to_store_, [&](const Parsed& parsed) {
    if (parsed.file->job != job) return false;
    to_store_bytes_ -= parsed.size_bytes();
    --parsed.file->steps;
    MaybeFinishFile(parsed.file);
    return true;
  });
  // What would be left over here would be missing from the room that later files have.
  LODESTONE_CHECK(!to_store_.empty() || to_store_bytes_ == 0);
  for (FilePtr& file : std::exchange(paused_streams_, {})) {
    if (file->job == job) MaybeFinishFile(file);
    else paused_streams_.push_back(std::move(file));
  }
  (void)context_->tasks.Cancel(job->task);
  context_->tasks.Finish(job->task, OkStatus());
  jobs_.erase(id);
  job->done(Status(StatusCode::kCancelled, "Adding was cancelled. What was already added stays."));
  Pump();
}

void Ingest::CancelAll() {
  while (!jobs_.empty()) Cancel(jobs_.begin()->first);
}

void Ingest::SetPaused(bool paused) {
  if (paused == paused_) return;
  const double now_ms = context_->platform.clock->NowMs();
  if (paused) paused_since_ms_ = now_ms;
  else paused_ms_ += now_ms - paused_since_ms_;
  paused_ = paused;
  Pump();
}

double Ingest::eta_ms() const {
  if (bytes_done_ == 0 || paused_ || jobs_.empty()) return 0;
  const double spent_ms = context_->platform.clock->NowMs() - started_ms_ - paused_ms_;
  return spent_ms * static_cast<double>(bytes_total_ - std::min(bytes_total_, bytes_done_)) /
         static_cast<double>(bytes_done_);
}

void Ingest::Pump() {
  if (paused_ || !context_->passage_tokenizer) return;
  int reads = 0;
  while (!paused_streams_.empty() && to_store_bytes_ < kMaxStoreQueueBytes) {
    if (++reads > kReadsPerTurn) return PumpLater();
    FilePtr file = std::move(paused_streams_.front());
    paused_streams_.pop_front();
    ReadNext(file);
  }
  while (!waiting_.empty() && active_ < kMaxFilesInFlight && bytes_in_flight_ < kMaxBytesInFlight &&
         to_store_bytes_ < kMaxStoreQueueBytes) {
    if (++reads > kReadsPerTurn) return PumpLater();
    FilePtr file = std::move(waiting_.front());
    waiting_.pop_front();
    StartFile(std::move(file));
  }
}

void Ingest::PumpLater() {
  if (std::exchange(pump_posted_, true)) return;
  context_->platform.loop->Post(Priority::kBackground, [this] {
    pump_posted_ = false;
    Pump();
  });
}

void Ingest::StartFile(FilePtr file) {
  file->counted_active = true;
  ++active_;
  current_path_ = file->entry.path;
  const uint64_t size_bytes = file->entry.size_bytes;
  if (!IsSupportedPath(file->entry.path)) {
    return FailFile(file, Status(StatusCode::kBadData,
                                 "This kind of file cannot be read yet. Text, Markdown, HTML, JSON, JSONL, CSV "
                                 "and source code can."));
  }
  if (size_bytes == 0) return FailFile(file, Status(StatusCode::kBadData, "The file is empty."));
  if (!IsRecords(file->format) && size_bytes > max_file_bytes) {
    return FailFile(file, Status(StatusCode::kTooLarge, "The file has " + Megabytes(size_bytes) +
                                                            ", and one text may have " + Megabytes(max_file_bytes) +
                                                            ". Split it, or save it as JSONL with a record a part."));
  }
  files_->SetState(file->entry.path, FileState::kReading);
  if (IsRecords(file->format)) {
    file->records = MakeRecordReader(file->format, file->entry.path);
    for (const auto& [id, record] : context_->library.documents()) {
      if (record.path.starts_with(file->entry.path + "#")) file->stale.insert(id);
    }
  } else {
    file->bytes.reserve(size_bytes);
    bytes_in_flight_ += size_bytes;
    file->bytes_accounted = size_bytes;
  }
  ReadNext(file);
}

void Ingest::ReadNext(FilePtr file) {
  if (file->job->cancelled || file->read_all) return MaybeFinishFile(file);
  ++file->steps;
  context_->platform.files->Read(FileId{file->entry.file_id}, file->read,
                                  context_->platform.threaded || !file->records ? kReadBytes : kInlineReadBytes,
                                  [this, file](Result<std::string> bytes) {
    --file->steps;
    if (file->job->cancelled) return MaybeFinishFile(file);
    if (!bytes.ok()) return FailFile(file, bytes.status());
    const std::string& piece = bytes.value();
    file->read += piece.size();
    if (piece.empty() || file->read >= file->entry.size_bytes) file->read_all = true;
    if (file->records) {
      bytes_done_ += piece.size();
      return FeedRecords(file, std::move(bytes).value());
    }
    file->bytes += piece;
    if (file->read_all) ParseWhole(file);
    else ReadNext(file);
  });
}

void Ingest::PassagesEmbedded(const std::vector<PassageId>& passages) {
  for (PassageId passage : passages) {
    const auto found = unembedded_.find(context_->library.document_of(passage));
    if (found == unembedded_.end()) continue;
    if (--found->second.left == 0) DocumentComplete(found->first);
  }
}

void Ingest::DocumentsRemoved(const std::vector<DocumentId>& documents) {
  for (DocumentId document : documents) DocumentComplete(document);
}

void Ingest::DocumentComplete(DocumentId id) {
  const auto found = unembedded_.find(id);
  if (found == unembedded_.end()) return;
  const FilePtr file = found->second.file;
  unembedded_.erase(found);
  --file->unembedded;
  MaybeFinishFile(file);
}

void Ingest::GiveUpEmbedding() {
  while (!unembedded_.empty()) DocumentComplete(unembedded_.begin()->first);
}

void Ingest::FailFile(const FilePtr& file, Status status) {
  if (!file->failed && !file->ended) {
    file->failed = true;
    if (file->job->reply.failed.size() < kMaxFailuresListed) {
      file->job->reply.failed.push_back({file->entry.path, status.message()});
    }
    files_->SetState(file->entry.path, FileState::kFailed, status.message());
  }
  // A record file that fails half way stops reading; what it gave so far stays.
  file->read_all = true;
  MaybeFinishFile(file);
}

void Ingest::MaybeFinishFile(const FilePtr& file) {
  if (file->steps > 0) return;
  // Reading, cutting and storing are over: the next file may start, though vectors are still to come.
  const bool stream_waits = file->records && !file->read_all && !file->job->cancelled;
  if (stream_waits) return;
  // Only a file that was read whole and without a broken line says what is gone from it.
  if (!file->stale.empty() && !file->failed && !file->job->cancelled && file->record_failures == 0) {
    return RemoveStale(file);
  }
  if (file->counted_active) {
    file->counted_active = false;
    --active_;
    bytes_in_flight_ -= std::exchange(file->bytes_accounted, 0);
    if (file->records) bytes_done_ += file->entry.size_bytes - std::min(file->read, file->entry.size_bytes);
    file->bytes = {};
    file->records.reset();
    context_->platform.files->Release(FileId{file->entry.file_id});
    PumpLater();
  }
  if (file->unembedded == 0) FinishFile(file);
}

void Ingest::FinishFile(const FilePtr& file) {
  if (file->ended) return;
  file->ended = true;
  const JobPtr job = file->job;
  const bool any = file->added + file->updated + file->unchanged > 0;
  AddOutcome outcome = file->failed    ? AddOutcome::kFailed
                       : file->updated ? AddOutcome::kUpdated
                       : file->added   ? AddOutcome::kAdded
                                       : AddOutcome::kUnchanged;
  if (job->cancelled) {
    outcome = AddOutcome::kCancelled;
    files_->SetState(file->entry.path, any ? FileState::kReady : FileState::kCancelled);
  } else if (!file->failed && !any) {
    outcome = AddOutcome::kFailed;
    files_->SetState(file->entry.path, FileState::kFailed,
                     file->record_failures ? "None of its lines could be read." : "There is no text in this file.");
    if (!file->record_failures) job->reply.failed.push_back({file->entry.path, "There is no text in this file."});
  } else if (!file->failed) {
    files_->SetState(file->entry.path, FileState::kReady);
    if (file->record_failures) {
      files_->SetWarning(file->entry.path, std::to_string(file->record_failures) + " lines could not be read.");
    }
  }
  job->reply.added += file->added;
  job->reply.updated += file->updated;
  job->reply.unchanged += file->unchanged;
  ++job->finished;
  if (job->cancelled) return;
  job->untold.files.push_back({job->finished, file->entry.path, outcome});
  if (job->finished == job->total) return FinishJob(job);
  if (std::exchange(job->telling, true)) return;
  // Behind what is queued: what finishes meanwhile goes with it.
  context_->platform.loop->Post(Priority::kBackground, [this, job] {
    job->telling = false;
    if (!job->cancelled) TellProgress(job);
  });
}

void Ingest::TellProgress(const JobPtr& job) {
  if (job->untold.files.empty()) return;
  job->untold.total = job->total;
  job->progress(std::exchange(job->untold, {}));
}

void Ingest::FinishJob(const JobPtr& job) {
  TellProgress(job);
  context_->tasks.Finish(job->task, OkStatus());
  jobs_.erase(job->id);
  job->done(std::move(job->reply));
}

}  // namespace lodestone
