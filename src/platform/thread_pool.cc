#include "platform/thread_pool.h"

#include <algorithm>
#include <utility>

namespace lodestone {

ThreadPool::ThreadPool(int thread_count) : active_limit_(thread_count) {
  sem_init(&ready_, 0, 0);
  threads_.reserve(static_cast<size_t>(thread_count));
  for (int i = 0; i < thread_count; ++i) threads_.emplace_back([this] { Run(); });
}

ThreadPool::~ThreadPool() {
  stopping_ = true;
  {
    std::lock_guard lock(mutex_);
    std::deque<WorkQueue::Item> dropped;
    inbox_.TakeAll(&dropped);
    queue_.Clear();
  }
  for (size_t i = 0; i < threads_.size(); ++i) sem_post(&ready_);
  for (auto& thread : threads_) thread.join();
  sem_destroy(&ready_);
}

void ThreadPool::Post(Priority priority, Work work, const char* what) {
  if (stopping_) return;
  if (priority == Priority::kInteractive) interactive_waiting_.fetch_add(1, std::memory_order_relaxed);
  inbox_.Push({.priority = priority, .work = std::move(work), .what = what});
  sem_post(&ready_);
}

Work ThreadPool::TakeLocked(bool interactive_only, bool woken, double now_ms) {
  std::deque<WorkQueue::Item> arrived;
  inbox_.TakeAll(&arrived);
  for (WorkQueue::Item& item : arrived) queue_.Push(std::move(item));
  for (const Priority priority : kPriorities) {
    if (queue_.empty(priority)) continue;
    const bool interactive = priority == Priority::kInteractive;
    if (!interactive && (interactive_only || active_ >= active_limit_)) return {};
    if (interactive) interactive_waiting_.fetch_sub(1, std::memory_order_relaxed);
    // One count a piece: what woke this thread was one. Under the lock, as a thread that looked in vain just before
    // must not have fallen asleep beside a piece whose count is taken here.
    if (!woken) sem_trywait(&ready_);
    return queue_.Pop(priority, now_ms).work;
  }
  return {};
}

LagHistogram ThreadPool::WaitTimes(Priority priority) const {
  std::lock_guard lock(mutex_);
  return queue_.waits(priority);
}

void ThreadPool::ForgetWaitTimes() {
  std::lock_guard lock(mutex_);
  queue_.ForgetWaits();
}

void ThreadPool::RunInteractive() {
  for (;;) {
    Work work;
    {
      const double now_ms = SystemClock().NowMs();
      std::lock_guard lock(mutex_);
      work = TakeLocked(/*interactive_only=*/true, /*woken=*/false, now_ms);
    }
    if (!work) return;
    work();
  }
}

void ThreadPool::SetActiveLimit(int count) {
  const int limit = std::clamp(count, 1, std::max(1, static_cast<int>(threads_.size())));
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(active_limit_, limit) >= limit) return;
  }
  for (size_t i = 0; i < threads_.size(); ++i) sem_post(&ready_);
}

void ThreadPool::Run() {
  bool was_active = false;
  bool woken = false;
  while (!stopping_) {
    Work work;
    {
      const double now_ms = SystemClock().NowMs();
      std::lock_guard lock(mutex_);
      if (was_active) --active_;
      work = TakeLocked(/*interactive_only=*/false, std::exchange(woken, false), now_ms);
      was_active = static_cast<bool>(work);
      if (was_active) ++active_;
    }
    if (!work) {
      while (sem_wait(&ready_) != 0) {
      }
      woken = true;
      continue;
    }
    work();
    work = nullptr;  // what the work owns dies before the lock is taken again
  }
}

}  // namespace lodestone
