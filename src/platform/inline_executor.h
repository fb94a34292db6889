#pragma once

#include <array>
#include <deque>

#include "platform/executor.h"

namespace lodestone {

// Runs work on the coordinator itself, one piece a turn of its loop: the build without threads.
// Serves as the executor and as the storage queue. Thread: coordinator.
class InlineExecutor final : public Executor, public SerialQueue {
 public:
  explicit InlineExecutor(Loop* loop) : loop_(loop) {}

  void Post(Priority priority, Work work) override;
  int thread_count() const override { return 1; }
  void SetActiveLimit(int) override {}
  bool InteractiveWaiting() const override { return !queues_[0].empty(); }
  void RunInteractive() override;

 private:
  void RunOne();

  Loop* loop_;
  std::array<std::deque<Work>, 3> queues_;
};

}  // namespace lodestone
