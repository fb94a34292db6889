#pragma once

#include "engine/context.h"

namespace lodestone {

// Shares the cores between storing, reading and embedding: together they keep as many threads busy as there are cores for
// them, and no more, as the coordinator and the page would wait for their turn behind each further one. One lane
// may always go on, and one of the other threads; while somebody waits for an answer, none of these begins anything.
// Thread: coordinator. REQUIRES: context outlives it.
class CoreShare {
 public:
  explicit CoreShare(EngineContext* context);

  // That may be busy in the background at once; all of them from the start.
  void SetThreads(int count);

 private:
  bool Held() const;
  int Lanes() const;
  void Share();

  EngineContext* context_;
  int threads_;
  double held_since_ms_ = -1;  // that somebody has been waiting for an answer without a break; negative when nobody is
};

}  // namespace lodestone
