#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>

#include "platform/executor.h"

namespace lodestone {

// The coordinator's loop where there is no browser: a test's own thread pumps it.
// Thread: Post from any; the rest from the thread that pumps.
class RunLoop final : public Loop {
 public:
  void Post(Priority priority, Work work, const char* what = __builtin_FUNCTION()) override;
  void PostDelayed(double delay_ms, Work work, const char* what = __builtin_FUNCTION()) override;

  // Runs work until `done()` holds. False when `timeout_ms` went by first (a hang guard for tests).
  bool RunUntil(const std::function<bool()>& done, double timeout_ms);
  // Drops what waits.
  void Clear();

 private:
  std::mutex mutex_;
  std::condition_variable posted_;
  struct Named {
    Work work;
    const char* what = "";
  };
  std::deque<Named> urgent_;
  std::deque<Named> rest_;
  std::multimap<double, Named> delayed_;  // by due time
};

}  // namespace lodestone
