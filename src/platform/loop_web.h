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
  void Post(Priority priority, Work work, const char* what = __builtin_FUNCTION()) override;
  void PostDelayed(double delay_ms, Work work, const char* what = __builtin_FUNCTION()) override;

  // Called by the browser's side, on the coordinator.
  void RunTurn();
  void RunTimer(int token);

 private:
  struct Named {
    Work work;
    const char* what = "";
  };

  struct Line {
    Inbox<Named> inbox;
    std::deque<Named> queue;  // the coordinator's alone
  };

  void Wake();
  // The first of the line that may go ahead; null when both are empty.
  std::deque<Named>* Waiting();

  Line urgent_;
  Line rest_;
  std::atomic<bool> awake_ = false;  // a turn is on its way
  std::map<int, Named> timers_;
  int next_timer_ = 1;
};

}  // namespace lodestone
