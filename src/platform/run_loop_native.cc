#include <chrono>
#include <utility>

#include "base/clock.h"
#include "platform/run_loop.h"

namespace lodestone {

void RunLoop::Post(Priority priority, Work work, const char* what) {
  {
    std::lock_guard lock(mutex_);
    (priority == Priority::kInteractive ? urgent_ : rest_).push_back({std::move(work), what});
  }
  posted_.notify_one();
}

void RunLoop::PostDelayed(double delay_ms, Work work, const char* what) {
  std::lock_guard lock(mutex_);
  delayed_.emplace(SystemClock().NowMs() + delay_ms, Named{std::move(work), what});
}

void RunLoop::Clear() {
  std::lock_guard lock(mutex_);
  urgent_.clear();
  rest_.clear();
  delayed_.clear();
}

bool RunLoop::RunUntil(const std::function<bool()>& done, double timeout_ms) {
  const double deadline_ms = SystemClock().NowMs() + timeout_ms;
  while (!done()) {
    Named named;
    {
      std::unique_lock lock(mutex_);
      const double now_ms = SystemClock().NowMs();
      if (now_ms > deadline_ms) return false;
      if (!delayed_.empty() && delayed_.begin()->first <= now_ms) {
        named = std::move(delayed_.begin()->second);
        delayed_.erase(delayed_.begin());
      } else if (std::deque<Named>& queue = urgent_.empty() ? rest_ : urgent_; !queue.empty()) {
        named = std::move(queue.front());
        queue.pop_front();
      } else {
        double wait_ms = deadline_ms - now_ms + 1;
        if (!delayed_.empty()) wait_ms = std::min(wait_ms, delayed_.begin()->first - now_ms);
        posted_.wait_for(lock, std::chrono::duration<double, std::milli>(wait_ms));
      }
    }
    if (named.work) Run(named.work, named.what, SystemClock().NowMs());
  }
  return true;
}

}  // namespace lodestone
