#pragma once

#include <atomic>
#include <deque>
#include <map>

#include "platform/executor.h"
#include "platform/inbox.h"

namespace lodestone {

// The coordinator worker's event loop. Work runs in turns of a few milliseconds, so that messages
// from the page get in between.
// Thread: Post from any; there is one per module, made on the coordinator.
class WebLoop final : public Loop {
 public:
  WebLoop();
  void Post(Work work, const char* what = __builtin_FUNCTION()) override;
  void PostDelayed(double delay_ms, Work work, const char* what = __builtin_FUNCTION()) override;

  // Called by the browser's side, on the coordinator.
  void RunTurn();
  void RunTimer(int token);

 private:
  struct Named {
    Work work;
    const char* what = "";
  };

  void Wake();

  Inbox<Named> inbox_;
  std::atomic<bool> awake_ = false;  // a turn is on its way
  std::deque<Named> queue_;          // the coordinator's alone
  std::map<int, Named> timers_;
  int next_timer_ = 1;
};

}  // namespace lodestone
