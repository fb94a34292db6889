#include "engine/transfer.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>

#include "store/snapshot.h"

namespace lodestone {
namespace {

constexpr uint32_t kPieceBytes = 1u << 20;
constexpr double kTransactionBudgetMs = 10;
// More at once than anyone makes; older ones were left by a page that has gone.
constexpr uint32_t kMaxFiles = 8;

Status ExportCancelled() { return Status(StatusCode::kCancelled, "Exporting was cancelled."); }

std::string FileName(const StoragePlace& place, const char* kind, uint32_t id) {
  return place.scratch_folder + "/" + kind + "-" + std::to_string(id % kMaxFiles) + ".sqlite";
}

}  // namespace

struct Transfer::Control {
  std::atomic<bool> stopped = false;
  double reported_ms = 0;  // of the storage thread
};

struct Transfer::Outgoing {
  uint32_t id = 0;
  RequestId request;
  std::shared_ptr<Control> control = std::make_shared<Control>();
  bool is_made = false;
  bool is_gone = false;  // the page is yet to hear of it
  uint64_t size_bytes = 0;
  Progress progress;
  Ended ended;
};

struct Transfer::Incoming {
  uint32_t id = 0;
  RequestId request;
  std::shared_ptr<Control> control = std::make_shared<Control>();
  FileId file;
  uint64_t size_bytes = 0;
  uint64_t received = 0;
  bool replace = false;
  Progress progress;
  Done<ImportResult> done;
};

void RemoveLeftovers(const StoragePlace& place) {
  for (uint32_t id = 0; id < kMaxFiles; ++id) {
    for (const char* kind : {"export", "import"}) {
      RemoveFile(FileName(place, kind, id));
      RemoveFile(FileName(place, kind, id) + "-journal");
    }
  }
}

Watch Transfer::WatchBy(std::shared_ptr<Control> control, Progress share) {
  return {.stop = [control] { return control->stopped.load(std::memory_order_relaxed); },
          .report = [this, control, share = std::move(share)](uint64_t done, uint64_t total) {
            const double now_ms = context_->platform.clock->NowMs();
            if (total == 0 || now_ms - control->reported_ms < report_interval_ms) return;
            control->reported_ms = now_ms;
            context_->platform.loop->Post(Priority::kVisible, [share, done, total] { share(done, total); }, "Report");
          }};
}

void Transfer::Export(RequestId request, bool damaged, Progress progress, Done<protocol::ExportReply> done, Ended ended) {
  auto outgoing = std::make_shared<Outgoing>();
  outgoing->id = ++last_id_;
  outgoing->request = request;
  outgoing->progress = std::move(progress);
  outgoing->ended = std::move(ended);
  outgoing_[request] = outgoing;
  const Watch watch = WatchBy(outgoing->control, [outgoing](uint64_t part, uint64_t total) {
    if (!outgoing->is_made) outgoing->progress(part / 2, total);
  });
  context_->OnStorage<Result<uint64_t>>(
      Priority::kVisible,
      [id = outgoing->id, damaged, watch, context = context_](Store& store) -> Result<uint64_t> {
        if (watch.stop()) return ExportCancelled();
        SerialQueue* const queue = context->platform.storage;
        const auto between = [queue] {
          if (queue->InteractiveWaiting()) queue->RunInteractive();
        };
        const std::string path = FileName(context->place, "export", id);
        const Status status = damaged ? CopySetAside(context->place.path, path, watch) : store.Export(path, between, watch);
        return status.ok() ? FileSize(path) : status;
      },
      [this, outgoing, done = std::move(done)](Result<uint64_t> size_bytes) {
        // It may have been told to stop too late.
        if (size_bytes.ok() && outgoing->control->stopped) size_bytes = ExportCancelled();
        if (!size_bytes.ok()) {
          outgoing_.erase(outgoing->request);
          return Discard(outgoing, size_bytes.status(), [done, status = size_bytes.status()] { done(status); });
        }
        outgoing->is_made = true;
        outgoing->size_bytes = size_bytes.value();
        outgoing->progress(outgoing->size_bytes / 2, outgoing->size_bytes);
        done(protocol::ExportReply{outgoing->id, outgoing->size_bytes});
      },
      "Export");
}

std::shared_ptr<Transfer::Outgoing> Transfer::FindOutgoing(uint32_t export_id) const {
  for (const auto& [request, outgoing] : outgoing_) {
    if (outgoing->id == export_id && outgoing->is_made) return outgoing;
  }
  return nullptr;
}

void Transfer::Discard(std::shared_ptr<Outgoing> outgoing, const Status& status, std::function<void()> done) {
  outgoing->is_gone = true;
  context_->OnStorage<Status>(
      Priority::kVisible,
      [id = outgoing->id, context = context_](Store&) {
        RemoveFile(FileName(context->place, "export", id));
        return OkStatus();
      },
      [outgoing, status, done = std::move(done)](Status) {
        done();
        outgoing->ended(status);
      });
}

void Transfer::Read(const protocol::ReadExport& request, Done<std::string> done) {
  const std::shared_ptr<Outgoing> outgoing = FindOutgoing(request.export_id);
  if (!outgoing) return done(Status(StatusCode::kNotFound, "This export has ended."));
  if (outgoing->is_gone) return done(ExportCancelled());
  context_->OnStorage<Result<std::string>>(
      Priority::kVisible,
      [request, context = context_](Store&) -> Result<std::string> {
        Result<std::string> bytes = ReadPiece(FileName(context->place, "export", request.export_id), request.offset,
                                              std::min(request.size_bytes, kPieceBytes));
        if (!bytes.ok()) return bytes.status();
        return protocol::Encode(protocol::ReadExportReply{std::move(bytes).value()});
      },
      [outgoing, end = request.offset + request.size_bytes, done = std::move(done)](Result<std::string> reply) {
        if (outgoing->is_gone) return done(ExportCancelled());
        outgoing->progress((outgoing->size_bytes + std::min(end, outgoing->size_bytes)) / 2, outgoing->size_bytes);
        done(std::move(reply));
      });
}

void Transfer::End(uint32_t export_id, Done<protocol::Ack> done) {
  const std::shared_ptr<Outgoing> outgoing = FindOutgoing(export_id);
  if (!outgoing) return done(protocol::Ack{});
  outgoing_.erase(outgoing->request);
  if (outgoing->is_gone) return done(protocol::Ack{});
  Discard(outgoing, OkStatus(), [done] { done(protocol::Ack{}); });
}

void Transfer::Cancel(RequestId request) {
  if (const auto found = incoming_.find(request); found != incoming_.end()) found->second->control->stopped = true;
  const auto found = outgoing_.find(request);
  if (found == outgoing_.end()) return;
  const std::shared_ptr<Outgoing> outgoing = found->second;
  outgoing->control->stopped = true;
  if (outgoing->is_made && !outgoing->is_gone) Discard(outgoing, ExportCancelled(), [] {});
}

void Transfer::Import(RequestId id, const protocol::Import& request, Progress progress, Done<ImportResult> done) {
  auto incoming = std::make_shared<Incoming>();
  incoming->id = ++last_id_;
  incoming->request = id;
  incoming->file = FileId{request.file_id};
  incoming->size_bytes = request.size_bytes;
  incoming->replace = request.replace;
  incoming->progress = std::move(progress);
  incoming->done = std::move(done);
  incoming_[id] = incoming;
  ReceiveNext(std::move(incoming));
}

void Transfer::ReceiveNext(std::shared_ptr<Incoming> incoming) {
  const auto cancelled = [](const Incoming& one) { return one.control->stopped.load(std::memory_order_relaxed); };
  const Status status(StatusCode::kCancelled, "Importing was cancelled. The library is as it was.");
  context_->platform.files->Read(incoming->file, incoming->received, kPieceBytes, [=, this](Result<std::string> bytes) {
    if (!bytes.ok()) return Finish(incoming, bytes.status());
    if (cancelled(*incoming)) return Finish(incoming, status);
    const uint64_t offset = incoming->received;
    incoming->received += bytes.value().size();
    incoming->progress(incoming->received / 2, incoming->size_bytes);
    const bool at_end = bytes.value().empty() || incoming->received >= incoming->size_bytes;
    context_->OnStorage<Status>(
        Priority::kBackground,
        [offset, id = incoming->id, bytes = std::move(bytes).value(), context = context_](Store&) {
          return AppendPiece(FileName(context->place, "import", id), offset, bytes);
        },
        [=, this](Status appended) {
          if (!appended.ok()) return Finish(incoming, appended);
          if (cancelled(*incoming)) return Finish(incoming, status);
          if (at_end) TakeIn(incoming);
          else ReceiveNext(incoming);
        },
        "ReceiveNext");
  });
}

void Transfer::TakeIn(std::shared_ptr<Incoming> incoming) {
  const Watch watch = WatchBy(incoming->control, [incoming](uint64_t done, uint64_t total) {
    const double share = static_cast<double>(done) / static_cast<double>(total);
    incoming->progress(static_cast<uint64_t>(static_cast<double>(incoming->size_bytes) * (1 + share) / 2), incoming->size_bytes);
  });
  context_->OnStorage<Result<ImportResult>>(
      Priority::kBackground,
      [id = incoming->id, replace = incoming->replace, watch, context = context_](Store& store) {
        SerialQueue* const queue = context->platform.storage;
        const auto between = [queue] {
          if (queue->InteractiveWaiting()) queue->RunInteractive();
        };
        return store.Import(FileName(context->place, "import", id), replace ? ImportMode::kReplace : ImportMode::kMerge,
                            kTransactionBudgetMs, between, watch);
      },
      [this, incoming](Result<ImportResult> result) { Finish(incoming, std::move(result)); });
}

void Transfer::Finish(std::shared_ptr<Incoming> incoming, Result<ImportResult> result) {
  incoming_.erase(incoming->request);
  context_->platform.files->Release(incoming->file);
  context_->OnStorage<Status>(
      Priority::kBackground,
      [id = incoming->id, context = context_](Store&) {
        RemoveFile(FileName(context->place, "import", id));
        RemoveFile(FileName(context->place, "import", id) + "-journal");
        return OkStatus();
      },
      [incoming, result = std::move(result)](Status) mutable { incoming->done(std::move(result)); });
}

}  // namespace lodestone
