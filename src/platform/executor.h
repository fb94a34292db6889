#pragma once

#include <functional>

#include "base/clock.h"
#include "base/lag_histogram.h"

namespace lodestone {

enum class Priority { kInteractive = 0, kVisible = 1, kBackground = 2 };

using Work = std::function<void()>;

// The coordinator's own loop: work posted from any thread runs on the coordinator; what somebody waits for comes first,
// each kind in order. Work goes by the name of the function that posts it, unless another is given; names are literals.
// Thread: Post from any.
class Loop {
 public:
  virtual ~Loop() = default;
  // kVisible has its turn with kBackground.
  virtual void Post(Priority priority, Work work, const char* what = __builtin_FUNCTION()) = 0;
  // Runs `work` on the coordinator not before `delay_ms` from now. Thread: coordinator.
  virtual void PostDelayed(double delay_ms, Work work, const char* what = __builtin_FUNCTION()) = 0;
  // The work that runs goes by another name. Thread: coordinator.
  void Rename(const char* what) { running_ = what; }

  // Hears of all work that ran. Thread: coordinator.
  std::function<void(const char* what, double begin_ms, double end_ms)> on_ran;

 protected:
  // Returns the time at which the work ended.
  double Run(const Work& work, const char* what, double begin_ms) {
    running_ = what;
    work();
    const double end_ms = SystemClock().NowMs();
    if (on_ran) on_ran(running_, begin_ms, end_ms);
    return end_ms;
  }

 private:
  const char* running_ = "";
};

// Compute threads that take work by priority, then in order.
// Thread: Post, InteractiveWaiting, WaitTimes from any; RunInteractive from inside a piece of work.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual void Post(Priority priority, Work work, const char* what = __builtin_FUNCTION()) = 0;
  // The number of threads that run work at once; 1 where there are no threads.
  virtual int thread_count() const = 0;
  // At most `count` threads take work from now on, those of queues that share the cores included; interactive work is
  // never held back.
  virtual void SetActiveLimit(int count) = 0;
  // True while interactive work waits for a thread: long work asks between batches and
  // then calls RunInteractive(), so that a query never waits for a whole document.
  virtual bool InteractiveWaiting() const = 0;
  virtual void RunInteractive() = 0;
  // How long work of this priority has waited for a thread.
  virtual LagHistogram WaitTimes(Priority priority) const = 0;
  virtual void ForgetWaitTimes() = 0;
};

// Runs work one piece at a time on the one thread that owns a resource (the storage thread).
// Thread: Post, InteractiveWaiting from any.
class SerialQueue {
 public:
  virtual ~SerialQueue() = default;
  virtual void Post(Priority priority, Work work, const char* what = __builtin_FUNCTION()) = 0;
  virtual bool InteractiveWaiting() const = 0;
  virtual void RunInteractive() = 0;  // from inside a piece of work, between its transactions
};

}  // namespace lodestone
