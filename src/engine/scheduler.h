#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/status.h"
#include "platform/executor.h"

namespace lodestone {

using TaskId = Id<struct TaskTag>;  // 0 is none

enum class TaskState { kWaiting, kRunning, kPaused, kDone, kFailed, kCancelled };

struct TaskSpec {
  std::string kind = {};   // "index", "export": what sort of work
  std::string title = {};  // for the person
  std::string subject = {};  // what it is about, where several of a kind may be
  Priority priority = Priority::kBackground;
  // A newer task of the same group takes this one's place; empty: none does.
  std::string group = {};
  double deadline_ms = 0;  // from its start; 0: none
  // It begins when all of these are done, and is cancelled with the first that ends otherwise. They may be parts that
  // have not ended: of one that has, nothing is known.
  std::vector<TaskId> after = {};
  // It is a part of this adopted task, or of nobody's where that is unknown: paused and cancelled with the whole, which
  // ends after it; neither counted nor told of.
  std::optional<TaskId> part_of = {};
  const char* name = "Task";  // that its batches go by on threads and on the loop
};

struct TaskInfo {
  TaskId id;
  std::string kind;
  std::string title;
  Priority priority = Priority::kBackground;
  TaskState state = TaskState::kWaiting;
  uint64_t done = 0;
  uint64_t total = 0;  // 0: not known
  bool can_pause = false;
  bool can_cancel = false;
  bool can_restart = false;
  Status status;  // why it failed or was cancelled
};

// What a batch of a task's work is given. Thread: the one that runs the batch.
class TaskStep {
 public:
  // Somebody wants the task to stop: a long batch looks now and then and returns early.
  bool stopping() const { return stopping_.load(std::memory_order_relaxed); }
  void Report(uint64_t done, uint64_t total);
  // What was sent since the last time, oldest first.
  std::vector<std::string> TakeMessages();

 private:
  friend class Scheduler;
  std::atomic<bool> stopping_ = false;
  std::atomic<uint64_t> done_ = 0;
  std::atomic<uint64_t> total_ = 0;
  std::mutex mutex_;
  std::deque<std::string> inbox_;
};

// What a batch says of the rest of its task.
enum class TaskNext { kMore, kAwaitMessage, kDone };

// Runs tasks on the executor, a batch at a time, so that each can be paused, cancelled and overtaken between batches. A
// task may be adopted: its owner says what comes next, and hands each piece of it over as a part. A task that was taken
// on ends exactly once: done, failed or cancelled.
// Thread: coordinator; batches run on the executor's threads. REQUIRES: loop outlives executor, both outlive batches.
class Scheduler {
 public:
  using Batch = std::function<Result<TaskNext>(TaskStep&)>;
  // Makes the work of one run of a task; a restart asks for another.
  using Factory = std::function<Batch()>;
  // The terminal event. Called once; may call the scheduler.
  using Ended = std::function<void(const TaskInfo&)>;
  // How the owner of a task is asked; an empty one says that it cannot be done. Without `cancel` the task outlasts its
  // deadline and a newer one of its group.
  struct Hooks {
    std::function<void()> cancel = {};  // Finish follows, now or later
    std::function<void()> pause = {};
    std::function<void()> resume = {};
    // Of one that has failed or was cancelled: its owner begins the work anew, now or later, as another task.
    std::function<void(TaskId)> restart = {};
  };
  struct Limits {
    size_t tasks = 256;     // that have not ended, without parts
    size_t messages = 256;  // that a task has not taken
  };
  // So many more than threads may be on their way to the executor: threads that waited for the coordinator between two
  // batches took a quarter longer over small files. Each can still be recalled until a thread takes it.
  static constexpr int kBatchesPerThread = 32;

  Scheduler(Loop* loop, Executor* executor, const Clock* clock, Limits limits);
  Scheduler(Loop* loop, Executor* executor, const Clock* clock) : Scheduler(loop, executor, clock, Limits()) {}
  // Ends what is left as cancelled, parts unheard. No batch runs on after Shutdown's answer; without it the executor
  // must go first.
  ~Scheduler();

  // Errors: kBusy when too many have not ended, kNotFound when one of `after` is unknown or did not finish,
  // kInvalidArgument when one of them waits for the end of what this is a part of, or would fall with those whose place
  // this takes, or when the whole was not adopted, kUnavailable after Shutdown. `ended` is never called before this
  // returns, and not at all after an error.
  Result<TaskId> Start(TaskSpec spec, Factory factory, Ended ended);
  // A task whose owner knows the work, runs it as parts and tells of it by Report and Finish. It takes the place of
  // one of its kind and subject that has ended and could be restarted. Errors: as Start.
  Result<TaskId> Adopt(TaskSpec spec, Hooks hooks, Ended ended = {});

  // Errors of all: kNotFound for a task that has ended, kInvalidArgument for what it cannot do.
  // No batch runs once the terminal event is out, which may be before this returns.
  Status Cancel(TaskId id);
  // Takes effect between batches.
  Status Pause(TaskId id);
  Status Resume(TaskId id);
  // From the beginning; a task that has failed or was cancelled comes back under a new id, which for an adopted one is
  // not known yet: 0.
  Result<TaskId> Restart(TaskId id);
  // Of one that has failed or was cancelled: it is neither told of nor begun anew any more.
  Status Dismiss(TaskId id);
  // Errors: kBusy when the task has not taken the former ones.
  Status Send(TaskId id, std::string message);

  // Of an adopted task; ignored when it has ended.
  void Report(TaskId id, uint64_t done, uint64_t total);
  // It ends when its parts have. Ignored of one that was started, whose batches say when.
  void Finish(TaskId id, Status status);

  bool Has(TaskId id) const { return tasks_.contains(id); }  // it has not ended
  // Those that have not ended, oldest first.
  std::vector<TaskInfo> Live() const;
  // Those that ended last, oldest first.
  std::vector<TaskInfo> Recent() const;
  bool idle() const { return tasks_.empty(); }
  // Batches that threads have, or are about to have.
  int in_flight() const { return in_flight_[0] + in_flight_[1] + in_flight_[2]; }

  // Takes nothing on any more and cancels all; the loop runs `done` once the last batch is back.
  void Shutdown(std::function<void()> done);

  std::function<void()> on_changed;  // something that Live() tells; may come often

 private:
  struct Task;
  struct Flight;
  using TaskPtr = std::shared_ptr<Task>;

  Result<TaskPtr> Register(TaskSpec spec, Ended ended);
  // Those of `after` that are not done. Errors: as Start, for what they are and for the scheduler's own end.
  Result<std::vector<TaskId>> LeftToFollow(const std::vector<TaskId>& after) const;
  TaskPtr Find(TaskId id) const;
  TaskPtr FindEnded(TaskId id) const;
  // What cannot end before `task` has, itself included: what it is a part of, and what follows.
  std::set<TaskId> HeldUpBy(const TaskPtr& task) const;
  static TaskInfo InfoOf(const Task& task);
  void Ready(const TaskPtr& task);
  void Pump();
  void Launch(const TaskPtr& task);
  bool MayLaunch(Priority priority) const;
  // The batch is on no thread and will not be.
  bool Recall(const TaskPtr& task);
  // A pause has begun or ended, of this task or of what it is a part of.
  void Hold(const TaskPtr& task);
  void Release(const TaskPtr& task);
  void StopParts(const TaskPtr& task, const Status& status);
  void Landed(TaskId id, uint32_t flight, Result<TaskNext> next);
  void Stop(const TaskPtr& task, TaskState state, Status status);
  void End(const TaskPtr& task, TaskState state, Status status);
  void BeginAgain(const TaskPtr& task);
  void AwaitDeadline(const TaskPtr& task);
  void Changed(const Task& task) const;

  Loop* loop_;
  Executor* executor_;
  const Clock* clock_;
  Limits limits_;
  std::map<TaskId, TaskPtr> tasks_;
  std::deque<TaskPtr> recent_;
  std::deque<TaskPtr> ready_[3];  // by priority
  std::array<int, 3> in_flight_{};  // by priority
  size_t whole_count_ = 0;          // tasks that are no parts
  uint32_t last_id_ = 0;
  bool closed_ = false;
  std::function<void()> on_shut_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();  // what comes back later looks whether there still is one
};

}  // namespace lodestone
