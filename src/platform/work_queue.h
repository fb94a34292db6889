#pragma once

#include <array>
#include <cstddef>
#include <deque>

#include "base/clock.h"
#include "base/lag_histogram.h"
#include "platform/executor.h"

namespace lodestone {

// Work that waits for a thread, by priority, and how long it did.
// Thread: one, or under its owner's lock.
class WorkQueue {
 public:
  struct Item {
    Priority priority = Priority::kBackground;
    Work work;
    const char* what = "";
    double posted_ms = SystemClock().NowMs();
  };

  void Push(Item item) { of(item.priority).push_back(std::move(item)); }
  bool empty(Priority priority) const { return queues_[static_cast<size_t>(priority)].empty(); }
  // REQUIRES: not empty.
  Item Pop(Priority priority, double now_ms) {
    Item item = std::move(of(priority).front());
    of(priority).pop_front();
    waits_[static_cast<size_t>(priority)].Record(now_ms - item.posted_ms, item.what);
    return item;
  }
  void Clear() {
    for (auto& queue : queues_) queue.clear();
  }
  const LagHistogram& waits(Priority priority) const { return waits_[static_cast<size_t>(priority)]; }
  void ForgetWaits() { waits_ = {}; }

 private:
  std::deque<Item>& of(Priority priority) { return queues_[static_cast<size_t>(priority)]; }

  std::array<std::deque<Item>, 3> queues_;
  std::array<LagHistogram, 3> waits_;
};

inline constexpr std::array kPriorities = {Priority::kInteractive, Priority::kVisible, Priority::kBackground};

}  // namespace lodestone
