#include "platform/thread_pool.h"

#include <algorithm>
#include <utility>

namespace lodestone {

ThreadPool::ThreadPool(int thread_count, std::shared_ptr<CoreBudget> cores, Start start)
    : cores_(cores ? std::move(cores) : std::make_shared<CoreBudget>(thread_count)),
      sharer_(cores_->Join([this, thread_count](int free) {
        for (int i = 0; i < std::min(free, thread_count); ++i) sem_post(&ready_);
      })) {
  sem_init(&ready_, 0, 0);
  threads_.reserve(static_cast<size_t>(thread_count));
  if (!start) start = [](Work loop) { loop(); };
  for (int i = 0; i < thread_count; ++i) threads_.emplace_back([this, start] { start([this] { Run(); }); });
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
  cores_->Leave(sharer_);
  sem_destroy(&ready_);
}

void ThreadPool::Post(Priority priority, Work work, const char* what) {
  if (stopping_) return;
  if (priority == Priority::kInteractive) interactive_waiting_.fetch_add(1, std::memory_order_relaxed);
  inbox_.Push({.priority = priority, .work = std::move(work), .what = what});
  sem_post(&ready_);
}

void ThreadPool::ArriveLocked() {
  std::deque<WorkQueue::Item> arrived;
  inbox_.TakeAll(&arrived);
  for (WorkQueue::Item& item : arrived) queue_.Push(std::move(item));
}

Work ThreadPool::PopLocked(Priority priority, Worker* worker, double now_ms) {
  // One count a piece: what woke this thread was one. Under the lock, as a thread that looked in vain just before
  // must not have fallen asleep beside a piece whose count is taken here.
  if (!std::exchange(worker->woken, false)) sem_trywait(&ready_);
  return queue_.Pop(priority, now_ms).work;
}

Work ThreadPool::TakeInteractiveLocked(Worker* worker, double now_ms) {
  ArriveLocked();
  if (queue_.empty(Priority::kInteractive)) return {};
  interactive_waiting_.fetch_sub(1, std::memory_order_relaxed);
  return PopLocked(Priority::kInteractive, worker, now_ms);
}

Work ThreadPool::TakeLocked(Worker* worker, double now_ms) {
  if (Work work = TakeInteractiveLocked(worker, now_ms)) {
    GiveCore(worker);
    return work;
  }
  for (const Priority priority : {Priority::kVisible, Priority::kBackground}) {
    if (queue_.empty(priority)) continue;
    if (!TakeCore(worker, now_ms)) return {};
    return PopLocked(priority, worker, now_ms);
  }
  GiveCore(worker);
  cores_->Withdraw(sharer_);
  return {};
}

bool ThreadPool::TakeCore(Worker* worker, double now_ms) {
  if (worker->has_core && cores_->MayKeep(sharer_, now_ms - worker->since_ms)) return true;
  GiveCore(worker);
  if (!cores_->Take(sharer_)) return false;
  worker->has_core = true;
  worker->since_ms = now_ms;
  // Another thread takes the next core, or is refused it and so has a place among those who wait.
  if (threads_.size() > 1) sem_post(&ready_);
  return true;
}

void ThreadPool::GiveCore(Worker* worker) {
  if (std::exchange(worker->has_core, false)) cores_->Give();
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
      Worker awake;
      work = TakeInteractiveLocked(&awake, now_ms);
    }
    if (!work) return;
    work();
  }
}

void ThreadPool::Run() {
  Worker worker;
  while (!stopping_) {
    Work work;
    {
      const double now_ms = SystemClock().NowMs();
      std::lock_guard lock(mutex_);
      work = TakeLocked(&worker, now_ms);
    }
    if (!work) {
      while (sem_wait(&ready_) != 0) {
      }
      worker.woken = true;
      continue;
    }
    work();
    work = nullptr;  // what the work owns dies before the lock is taken again
  }
  GiveCore(&worker);
}

}  // namespace lodestone
