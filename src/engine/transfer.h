#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/ids.h"
#include "base/status.h"
#include "engine/context.h"
#include "protocol/messages.h"

namespace lodestone {

// Libraries as files: out of the store to the page in pieces, and in from a file of the page's.
// Thread: coordinator.
class Transfer {
 public:
  template <typename Reply>
  using Done = std::function<void(Result<Reply>)>;
  // Both in bytes of the file; each of the two steps, making or taking in and reading, counts half.
  using Progress = std::function<void(uint64_t done, uint64_t total)>;
  using Ended = std::function<void(const Status&)>;

  explicit Transfer(EngineContext* context) : context_(context) {}

  // Makes a file to be read by pieces until End; `damaged`: the one that was last set aside, as it is. `ended` comes once,
  // after `done`, when the file is gone: at its End, after a cancel, or because it could not be made.
  void Export(RequestId request, bool damaged, Progress progress, Done<protocol::ExportReply> done, Ended ended);
  // `done` gets the encoded ReadExportReply. Errors: kNotFound, kCancelled.
  void Read(const protocol::ReadExport& request, Done<std::string> done);
  void End(uint32_t export_id, Done<protocol::Ack> done);
  // Reads the page's file to the end and takes it in. Unless it gives an error, the library in memory is out of date.
  void Import(RequestId id, const protocol::Import& request, Progress progress, Done<ImportResult> done);
  // What goes by this request ends with kCancelled as soon as it can, an export also after its answer, while it is read.
  // Nothing of it is left but what an import had merged.
  void Cancel(RequestId request);

  // How long an export may take, with its reading.
  double reader_patience_ms = 30 * 60e3;
  double report_interval_ms = 100;  // at the least

 private:
  struct Control;
  struct Outgoing;
  struct Incoming;
  // What the storage thread looks at and tells of.
  Watch WatchBy(std::shared_ptr<Control> control, Progress share);
  std::shared_ptr<Outgoing> FindOutgoing(uint32_t export_id) const;
  void Discard(std::shared_ptr<Outgoing> outgoing, const Status& status, std::function<void()> done);
  void ReceiveNext(std::shared_ptr<Incoming> incoming);
  void TakeIn(std::shared_ptr<Incoming> incoming);
  void Finish(std::shared_ptr<Incoming> incoming, Result<ImportResult> result);

  EngineContext* context_;
  uint32_t last_id_ = 0;
  std::map<RequestId, std::shared_ptr<Outgoing>> outgoing_;
  std::map<RequestId, std::shared_ptr<Incoming>> incoming_;
};

// Removes what earlier runs left in the folder of `place`. Thread: the storage thread.
void RemoveLeftovers(const StoragePlace& place);

}  // namespace lodestone
