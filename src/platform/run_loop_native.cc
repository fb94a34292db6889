#include <chrono>
#include <utility>

#include "base/clock.h"
#include "platform/run_loop.h"

namespace lodestone {

void RunLoop::Post(Work work) {
  {
    std::lock_guard lock(mutex_);
    queue_.push_back(std::move(work));
  }
  posted_.notify_one();
}

void RunLoop::PostDelayed(double delay_ms, Work work) {
  std::lock_guard lock(mutex_);
  delayed_.emplace(SystemClock().NowMs() + delay_ms, std::move(work));
}

void RunLoop::Clear() {
  std::lock_guard lock(mutex_);
  queue_.clear();
  delayed_.clear();
}

bool RunLoop::RunUntil(const std::function<bool()>& done, double timeout_ms) {
  const double deadline_ms = SystemClock().NowMs() + timeout_ms;
  while (!done()) {
    Work work;
    {
      std::unique_lock lock(mutex_);
      const double now_ms = SystemClock().NowMs();
      if (now_ms > deadline_ms) return false;
      if (!delayed_.empty() && delayed_.begin()->first <= now_ms) {
        work = std::move(delayed_.begin()->second);
        delayed_.erase(delayed_.begin());
      } else if (!queue_.empty()) {
        work = std::move(queue_.front());
        queue_.pop_front();
      } else {
        double wait_ms = deadline_ms - now_ms + 1;
        if (!delayed_.empty()) wait_ms = std::min(wait_ms, delayed_.begin()->first - now_ms);
        posted_.wait_for(lock, std::chrono::duration<double, std::milli>(wait_ms));
      }
    }
    if (work) work();
  }
  return true;
}

}  // namespace lodestone
