#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "platform/executor.h"

namespace lodestone {

// Threads that sleep until there is work; used natively and, over pthreads, in the browser.
// Owns: its threads; the destructor finishes the work that runs, drops what waits, and joins.
class ThreadPool final : public Executor {
 public:
  explicit ThreadPool(int thread_count);
  ~ThreadPool() override;

  void Post(Priority priority, Work work) override;
  int thread_count() const override { return static_cast<int>(threads_.size()); }
  bool InteractiveWaiting() const override { return interactive_waiting_.load(std::memory_order_relaxed) > 0; }
  void RunInteractive() override;

  void SetActiveLimit(int count) override;

 private:
  void Run();
  // The best piece that may start now; empty when none. REQUIRES: mutex_ held.
  Work TakeLocked(bool interactive_only);

  std::mutex mutex_;
  std::condition_variable ready_;
  std::array<std::deque<Work>, 3> queues_;
  std::atomic<int> interactive_waiting_ = 0;
  int active_ = 0;
  int active_limit_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

// One thread that runs its work by priority, then in order (the storage thread).
class SerialThread final : public SerialQueue {
 public:
  SerialThread() : pool_(1) {}
  void Post(Priority priority, Work work) override { pool_.Post(priority, std::move(work)); }
  bool InteractiveWaiting() const override { return pool_.InteractiveWaiting(); }
  void RunInteractive() override { pool_.RunInteractive(); }

 private:
  ThreadPool pool_;
};

}  // namespace lodestone
