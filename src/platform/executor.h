#pragma once

#include <functional>

namespace lodestone {

enum class Priority { kInteractive = 0, kVisible = 1, kBackground = 2 };

using Work = std::function<void()>;

// The coordinator's own loop: work posted from any thread runs on the coordinator, in order.
// Thread: Post from any.
class Loop {
 public:
  virtual ~Loop() = default;
  virtual void Post(Work work) = 0;
  // Runs `work` on the coordinator not before `delay_ms` from now. Thread: coordinator.
  virtual void PostDelayed(double delay_ms, Work work) = 0;
};

// Compute threads that take work by priority, then in order.
// Thread: Post, InteractiveWaiting from any; RunInteractive from inside a piece of work.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual void Post(Priority priority, Work work) = 0;
  // The number of threads that run work at once; 1 where there are no threads.
  virtual int thread_count() const = 0;
  // At most `count` threads take work from now on; interactive work is never held back.
  virtual void SetActiveLimit(int count) = 0;
  // True while interactive work waits for a thread: long work asks between batches and
  // then calls RunInteractive(), so that a query never waits for a whole document.
  virtual bool InteractiveWaiting() const = 0;
  virtual void RunInteractive() = 0;
};

// Runs work one piece at a time on the one thread that owns a resource (the storage thread).
// Thread: Post, InteractiveWaiting from any.
class SerialQueue {
 public:
  virtual ~SerialQueue() = default;
  virtual void Post(Priority priority, Work work) = 0;
  virtual bool InteractiveWaiting() const = 0;
  virtual void RunInteractive() = 0;  // from inside a piece of work, between its transactions
};

}  // namespace lodestone
