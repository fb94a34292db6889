#pragma once

#include <semaphore.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "platform/executor.h"
#include "platform/inbox.h"
#include "platform/work_queue.h"

namespace lodestone {

// Threads that sleep until there is work; used natively and, over pthreads, in the browser. Post never waits.
// Owns: its threads; the destructor finishes the work that runs, drops what waits, and joins.
class ThreadPool final : public Executor {
 public:
  explicit ThreadPool(int thread_count);
  ~ThreadPool() override;

  void Post(Priority priority, Work work, const char* what = __builtin_FUNCTION()) override;
  int thread_count() const override { return static_cast<int>(threads_.size()); }
  bool InteractiveWaiting() const override { return interactive_waiting_.load(std::memory_order_relaxed) > 0; }
  void RunInteractive() override;
  LagHistogram WaitTimes(Priority priority) const override;
  void ForgetWaitTimes() override;

  void SetActiveLimit(int count) override;

 private:
  void Run();
  // The best piece that may start now; empty when none. `woken`: the semaphore has been waited for since the last look.
  // REQUIRES: mutex_ held.
  Work TakeLocked(bool interactive_only, bool woken, double now_ms);

  Inbox<WorkQueue::Item> inbox_;
  // Counts the pieces that nobody has begun to look for: for each piece that no thread has taken it is not 0, or a thread
  // that is awake will look. Not a condition variable, whose lock would have to be had first.
  sem_t ready_;
  mutable std::mutex mutex_;  // of what follows, among the threads
  WorkQueue queue_;
  std::atomic<int> interactive_waiting_ = 0;
  int active_ = 0;
  int active_limit_;
  std::atomic<bool> stopping_ = false;
  std::vector<std::thread> threads_;
};

// One thread that runs its work by priority, then in order (the storage thread).
class SerialThread final : public SerialQueue {
 public:
  SerialThread() : pool_(1) {}
  void Post(Priority priority, Work work, const char* what = __builtin_FUNCTION()) override {
    pool_.Post(priority, std::move(work), what);
  }
  bool InteractiveWaiting() const override { return pool_.InteractiveWaiting(); }
  void RunInteractive() override { pool_.RunInteractive(); }

 private:
  ThreadPool pool_;
};

}  // namespace lodestone
