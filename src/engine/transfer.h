#pragma once

#include <cstdint>
#include <functional>
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

  explicit Transfer(EngineContext* context) : context_(context) {}

  // Makes a file to be read by pieces until End. `damaged`: the one that was last set aside, as it is.
  void Export(bool damaged, Done<protocol::ExportReply> done);
  // `done` gets the encoded ReadExportReply.
  void Read(const protocol::ReadExport& request, Done<std::string> done);
  void End(uint32_t export_id, Done<protocol::Ack> done);
  // Reads the page's file to the end, telling how much of it is there, and takes it in. The library in memory is out of
  // date on success.
  void Import(const protocol::Import& request, std::function<void(uint64_t)> received, Done<protocol::ImportReply> done);

 private:
  struct Incoming;
  void ReceiveNext(std::shared_ptr<Incoming> incoming);
  void TakeIn(std::shared_ptr<Incoming> incoming);
  void Finish(std::shared_ptr<Incoming> incoming, Result<protocol::ImportReply> reply);

  EngineContext* context_;
  uint32_t last_id_ = 0;
};

// Removes what earlier runs left in the folder of `place`. Thread: the storage thread.
void RemoveLeftovers(const StoragePlace& place);

}  // namespace lodestone
