#pragma once

#include "platform/executor.h"
#include "platform/work_queue.h"

namespace lodestone {

// Runs work on the coordinator itself, one piece a turn of its loop: the build without threads.
// Serves as the executor and as the storage queue. Thread: coordinator.
class InlineExecutor final : public Executor, public SerialQueue {
 public:
  explicit InlineExecutor(Loop* loop) : loop_(loop) {}

  void Post(Priority priority, Work work, const char* what = __builtin_FUNCTION()) override;
  int thread_count() const override { return 1; }
  void SetActiveLimit(int) override {}
  bool InteractiveWaiting() const override { return !queue_.empty(Priority::kInteractive); }
  void RunInteractive() override;
  LagHistogram WaitTimes(Priority priority) const override { return queue_.waits(priority); }
  void ForgetWaitTimes() override { queue_.ForgetWaits(); }

 private:
  void RunOne();

  Loop* loop_;
  WorkQueue queue_;
};

}  // namespace lodestone
