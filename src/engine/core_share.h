#pragma once

#include "engine/context.h"

namespace lodestone {

// Shares the cores between storing, reading and embedding, and with the page: together they keep as many threads busy as
// there are cores for them, and no more, as the coordinator and the page would wait for their turn behind each further
// one. Of each kind one may always go on, but for a moment after a person has searched.
// Thread: coordinator. REQUIRES: context outlives it.
class CoreShare {
 public:
  explicit CoreShare(EngineContext* context);

  // That may be busy in the background at once; all of them from the start.
  void SetThreads(int count);
  // Somebody looks at the page just now: for a frame or two one core fewer is taken, and of a single one none, whatever
  // is asked for in between. Does nothing where no thread of ours could be in the page's way.
  void GiveWay();
  bool giving_way() const { return giving_way_; }

 private:
  int Lanes() const;
  void Share();

  EngineContext* context_;
  int threads_;
  bool giving_way_ = false;
  double way_again_ms_ = 0;
};

}  // namespace lodestone
