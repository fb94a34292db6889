#pragma once

#include <functional>
#include <vector>

#include "base/status.h"
#include "engine/context.h"
#include "store/store.h"

namespace lodestone {

// Looks after the stored library when nobody is waiting: finds damage, and gives back the room of what
// was removed.
// Thread: coordinator.
class Housekeeper {
 public:
  explicit Housekeeper(EngineContext* context) : context_(context) {}

  // Begins to hold documents against their checksums, some time from now.
  void LibraryOpened();
  // What was removed must leave the file; done at the next Kick with nothing else to do.
  void DocumentsRemoved() { compaction_wanted_ = true; }
  // Something ended: there may be time now.
  void Kick();
  // False from a removal until its compaction has ended.
  bool idle() const { return !compaction_wanted_ && !compacting_; }

  std::function<bool()> others_idle;
  std::function<void(const std::vector<DamagedDocument>&)> on_damaged;
  std::function<void()> on_compacted;
  std::function<void(const Status&)> on_failure;
  std::function<void()> on_idle;

  double verify_delay_ms = 3000;  // after the library was opened: the first queries come first

 private:
  void VerifyNext(DocumentId after);
  void Compact();

  EngineContext* context_;
  bool compaction_wanted_ = false;
  bool compacting_ = false;
  int interruptions_ = 0;
};

}  // namespace lodestone
