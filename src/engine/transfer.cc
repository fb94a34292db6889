#include "engine/transfer.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "store/snapshot.h"

namespace lodestone {
namespace {

constexpr uint32_t kPieceBytes = 1u << 20;
constexpr double kTransactionBudgetMs = 10;
// More at once than anyone makes; older ones were left by a page that has gone.
constexpr uint32_t kMaxFiles = 8;

std::string FileName(const StoragePlace& place, const char* kind, uint32_t id) {
  return place.scratch_folder + "/" + kind + "-" + std::to_string(id % kMaxFiles) + ".sqlite";
}

}  // namespace

struct Transfer::Incoming {
  uint32_t id = 0;
  FileId file;
  uint64_t size_bytes = 0;
  uint64_t received = 0;
  bool replace = false;
  std::function<void(uint64_t)> tell;
  Done<protocol::ImportReply> done;
};

void RemoveLeftovers(const StoragePlace& place) {
  for (uint32_t id = 0; id < kMaxFiles; ++id) {
    for (const char* kind : {"export", "import"}) {
      RemoveFile(FileName(place, kind, id));
      RemoveFile(FileName(place, kind, id) + "-journal");
    }
  }
}

void Transfer::Export(bool damaged, Done<protocol::ExportReply> done) {
  const uint32_t id = ++last_id_;
  context_->OnStorage<Result<protocol::ExportReply>>(
      Priority::kVisible,
      [id, damaged, context = context_](Store& store) -> Result<protocol::ExportReply> {
        const std::string path = FileName(context->place, "export", id);
        if (Status status = damaged ? CopySetAside(context->place.path, path) : store.Export(path); !status.ok()) return status;
        const Result<uint64_t> size_bytes = FileSize(path);
        if (!size_bytes.ok()) return size_bytes.status();
        return protocol::ExportReply{id, size_bytes.value()};
      },
      std::move(done));
}

void Transfer::Read(const protocol::ReadExport& request, Done<std::string> done) {
  context_->OnStorage<Result<std::string>>(
      Priority::kVisible,
      [request, context = context_](Store&) -> Result<std::string> {
        Result<std::string> bytes = ReadPiece(FileName(context->place, "export", request.export_id), request.offset,
                                              std::min(request.size_bytes, kPieceBytes));
        if (!bytes.ok()) return bytes.status();
        return protocol::Encode(protocol::ReadExportReply{std::move(bytes).value()});
      },
      std::move(done));
}

void Transfer::End(uint32_t export_id, Done<protocol::Ack> done) {
  context_->OnStorage<Result<protocol::Ack>>(
      Priority::kVisible,
      [export_id, context = context_](Store&) -> Result<protocol::Ack> {
        RemoveFile(FileName(context->place, "export", export_id));
        return protocol::Ack{};
      },
      std::move(done));
}

void Transfer::Import(const protocol::Import& request, std::function<void(uint64_t)> received,
                      Done<protocol::ImportReply> done) {
  auto incoming = std::make_shared<Incoming>();
  incoming->id = ++last_id_;
  incoming->file = FileId{request.file_id};
  incoming->size_bytes = request.size_bytes;
  incoming->replace = request.replace;
  incoming->tell = std::move(received);
  incoming->done = std::move(done);
  ReceiveNext(std::move(incoming));
}

void Transfer::ReceiveNext(std::shared_ptr<Incoming> incoming) {
  context_->platform.files->Read(incoming->file, incoming->received, kPieceBytes, [this, incoming](Result<std::string> bytes) {
    if (!bytes.ok()) return Finish(incoming, bytes.status());
    const uint64_t offset = incoming->received;
    incoming->received += bytes.value().size();
    incoming->tell(incoming->received);
    const bool at_end = bytes.value().empty() || incoming->received >= incoming->size_bytes;
    context_->OnStorage<Status>(
        Priority::kBackground,
        [offset, id = incoming->id, bytes = std::move(bytes).value(), context = context_](Store&) {
          return AppendPiece(FileName(context->place, "import", id), offset, bytes);
        },
        [this, incoming, at_end](Status status) {
          if (!status.ok()) return Finish(incoming, status);
          if (at_end) TakeIn(incoming);
          else ReceiveNext(incoming);
        },
        "ReceiveNext");
  });
}

void Transfer::TakeIn(std::shared_ptr<Incoming> incoming) {
  context_->OnStorage<Result<protocol::ImportReply>>(
      Priority::kBackground,
      [id = incoming->id, replace = incoming->replace, context = context_](Store& store) -> Result<protocol::ImportReply> {
        SerialQueue* const queue = context->platform.storage;
        const Result<ImportResult> result =
            store.Import(FileName(context->place, "import", id), replace ? ImportMode::kReplace : ImportMode::kMerge,
                         kTransactionBudgetMs, [queue] {
                           if (queue->InteractiveWaiting()) queue->RunInteractive();
                         });
        if (!result.ok()) return result.status();
        return protocol::ImportReply{result.value().added, result.value().updated, result.value().unchanged};
      },
      [this, incoming](Result<protocol::ImportReply> reply) { Finish(incoming, std::move(reply)); });
}

void Transfer::Finish(std::shared_ptr<Incoming> incoming, Result<protocol::ImportReply> reply) {
  context_->platform.files->Release(incoming->file);
  context_->OnStorage<Status>(
      Priority::kBackground,
      [id = incoming->id, context = context_](Store&) {
        RemoveFile(FileName(context->place, "import", id));
        RemoveFile(FileName(context->place, "import", id) + "-journal");
        return OkStatus();
      },
      [incoming, reply = std::move(reply)](Status) mutable { incoming->done(std::move(reply)); });
}

}  // namespace lodestone
