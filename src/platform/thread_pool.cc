#include "platform/thread_pool.h"

#include <algorithm>
#include <utility>

namespace lodestone {

ThreadPool::ThreadPool(int thread_count) : active_limit_(thread_count) {
  threads_.reserve(static_cast<size_t>(thread_count));
  for (int i = 0; i < thread_count; ++i) threads_.emplace_back([this] { Run(); });
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    queue_.Clear();
  }
  ready_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void ThreadPool::Post(Priority priority, Work work, const char* what) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    queue_.Push(priority, std::move(work), what);
    if (priority == Priority::kInteractive) interactive_waiting_.fetch_add(1, std::memory_order_relaxed);
  }
  ready_.notify_one();
}

Work ThreadPool::TakeLocked(bool interactive_only) {
  for (const Priority priority : kPriorities) {
    if (queue_.empty(priority)) continue;
    const bool interactive = priority == Priority::kInteractive;
    if (!interactive && (interactive_only || active_ >= active_limit_)) return {};
    if (interactive) interactive_waiting_.fetch_sub(1, std::memory_order_relaxed);
    return queue_.Pop(priority).work;
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
      std::lock_guard lock(mutex_);
      work = TakeLocked(/*interactive_only=*/true);
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
  ready_.notify_all();
}

void ThreadPool::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    Work work = TakeLocked(/*interactive_only=*/false);
    if (!work) {
      ready_.wait(lock);
      continue;
    }
    ++active_;
    lock.unlock();
    work();
    work = nullptr;  // what the work owns dies before the lock is taken again
    lock.lock();
    --active_;
    // A thread that the limit held back may go on now.
    if (active_ + 1 >= active_limit_) ready_.notify_one();
  }
}

}  // namespace lodestone
