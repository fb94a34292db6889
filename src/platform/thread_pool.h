#pragma once

#include <semaphore.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "platform/core_budget.h"
#include "platform/executor.h"
#include "platform/inbox.h"
#include "platform/work_queue.h"

namespace lodestone {

// Threads that sleep until there is work; used natively and, over pthreads, in the browser. Post never waits.
// Owns: its threads; the destructor finishes the work that runs, drops what waits, and joins.
class ThreadPool final : public Executor {
 public:
  // How a thread begins: it calls `loop`, at once or later, when it is ready to work.
  using Start = std::function<void(Work loop)>;

  // Shares `cores` with other pools; has as many of its own as threads when there is none.
  explicit ThreadPool(int thread_count, std::shared_ptr<CoreBudget> cores = nullptr, Start start = nullptr);
  ~ThreadPool() override;

  void Post(Priority priority, Work work, const char* what = __builtin_FUNCTION()) override;
  int thread_count() const override { return static_cast<int>(threads_.size()); }
  bool InteractiveWaiting() const override { return interactive_waiting_.load(std::memory_order_relaxed) > 0; }
  void RunInteractive() override;
  LagHistogram WaitTimes(Priority priority) const override;
  void ForgetWaitTimes() override;

  void SetActiveLimit(int count) override { cores_->SetLimit(count); }

 private:
  // A thread's own.
  struct Worker {
    bool woken = false;  // the semaphore has been waited for since the last look
    bool has_core = false;
    double since_ms = 0;  // that it has it
  };

  void Run();
  // The best piece that may start now; empty when none. REQUIRES: mutex_ held.
  Work TakeLocked(Worker* worker, double now_ms);
  // The same of interactive work alone, from inside a piece.
  Work TakeInteractiveLocked(Worker* worker, double now_ms);
  Work PopLocked(Priority priority, Worker* worker, double now_ms);
  void ArriveLocked();
  // REQUIRES: background work waits.
  bool TakeCore(Worker* worker, double now_ms);
  void GiveCore(Worker* worker);

  Inbox<WorkQueue::Item> inbox_;
  // Counts the pieces that nobody has begun to look for: for each piece that no thread has taken it is not 0, or a thread
  // that is awake will look. Not a condition variable, whose lock would have to be had first.
  sem_t ready_;
  mutable std::mutex mutex_;  // of what follows, among the threads
  WorkQueue queue_;
  std::atomic<int> interactive_waiting_ = 0;
  const std::shared_ptr<CoreBudget> cores_;
  const CoreBudget::Sharer sharer_;
  std::atomic<bool> stopping_ = false;
  std::vector<std::thread> threads_;
};

// One thread that runs its work by priority, then in order (the storage thread).
class SerialThread final : public SerialQueue {
 public:
  explicit SerialThread(std::shared_ptr<CoreBudget> cores = nullptr, ThreadPool::Start start = nullptr)
      : pool_(1, std::move(cores), std::move(start)) {}
  void Post(Priority priority, Work work, const char* what = __builtin_FUNCTION()) override {
    pool_.Post(priority, std::move(work), what);
  }
  bool InteractiveWaiting() const override { return pool_.InteractiveWaiting(); }
  void RunInteractive() override { pool_.RunInteractive(); }

 private:
  ThreadPool pool_;
};

}  // namespace lodestone
