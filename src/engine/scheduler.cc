#include "engine/scheduler.h"

#include <algorithm>
#include <utility>

namespace lodestone {
namespace {

constexpr size_t kMaxRecent = 32;

enum FlightState { kQueued, kBoarded, kRecalled };

Status HasEnded() { return Status(StatusCode::kNotFound, "This task has ended."); }
Status Impossible() { return Status(StatusCode::kInvalidArgument, "This task cannot do that."); }

}  // namespace

struct Scheduler::Task {
  TaskId id;
  TaskSpec spec;
  Factory factory;  // empty: adopted
  Hooks hooks;
  Ended ended;
  std::shared_ptr<Batch> batch;
  std::shared_ptr<TaskStep> step = std::make_shared<TaskStep>();
  bool flying = false;           // a batch is on its way, and will land
  std::weak_ptr<Flight> flight;  // the executor's own: what that drops must go
  uint32_t flights = 0;
  TaskState state = TaskState::kWaiting;
  Status status;
  double due_ms = 0;  // its deadline; 0: none
  bool ready = false;  // in the queue of its priority
  bool paused = false;
  bool restart = false;
  bool awaits_message = false;
  // What it is to end as, once its batch is back.
  bool stopping = false;
  TaskState stop_state = TaskState::kCancelled;
};

// A batch on its way through the executor. It comes back exactly once, even when the executor drops it.
struct Scheduler::Flight {
  Scheduler* scheduler;
  Loop* loop;
  std::weak_ptr<char> alive;
  TaskId id;
  uint32_t number;
  std::shared_ptr<Batch> batch;
  std::shared_ptr<TaskStep> step;
  std::atomic<int> state = kQueued;

  void Run() {
    int expected = kQueued;
    if (!state.compare_exchange_strong(expected, kBoarded)) return;
    Result<TaskNext> next = (*batch)(*step);
    batch.reset();
    Land(std::move(next));
  }
  ~Flight() {
    int expected = kQueued;
    if (!state.compare_exchange_strong(expected, kBoarded)) return;
    Land(Status(StatusCode::kCancelled, "The work was dropped, as the engine ends."));
  }
  void Land(Result<TaskNext> next) {
    loop->Post(
        [to = scheduler, alive = alive, id = id, number = number, next = std::move(next)] {
          if (alive.lock()) to->Landed(id, number, next);
        },
        "Landed");
  }
};

void TaskStep::Report(uint64_t done, uint64_t total) {
  done_.store(done, std::memory_order_relaxed);
  total_.store(total, std::memory_order_relaxed);
}

std::vector<std::string> TaskStep::TakeMessages() {
  std::lock_guard lock(mutex_);
  std::vector<std::string> messages(std::make_move_iterator(inbox_.begin()), std::make_move_iterator(inbox_.end()));
  inbox_.clear();
  return messages;
}

Scheduler::Scheduler(Loop* loop, Executor* executor, const Clock* clock, Limits limits)
    : loop_(loop), executor_(executor), clock_(clock), limits_(limits) {}

Scheduler::~Scheduler() {
  closed_ = true;
  on_changed = nullptr;
  while (!tasks_.empty()) {
    const TaskPtr task = tasks_.begin()->second;
    Recall(task);
    End(task, TaskState::kCancelled, Status(StatusCode::kCancelled, "The engine ended."));
  }
}

Result<Scheduler::TaskPtr> Scheduler::Register(TaskSpec spec, Ended ended) {
  if (closed_) return Status(StatusCode::kUnavailable, "The engine is ending.");
  // Whose place it takes makes room for it.
  std::vector<TaskPtr> older;
  for (const auto& [id, task] : tasks_) {
    if (!spec.group.empty() && task->spec.group == spec.group) older.push_back(task);
  }
  if (tasks_.size() - older.size() >= limits_.tasks) {
    return Status(StatusCode::kBusy, "Too many tasks are waiting. Try again when some of them are done.");
  }
  std::vector<TaskId> after;
  for (const TaskId id : spec.after) {
    if (const TaskPtr before = Find(id)) {
      if (!spec.group.empty() && before->spec.group == spec.group) {
        return Status(StatusCode::kInvalidArgument, "A task cannot follow one whose place it takes.");
      }
      after.push_back(id);
      continue;
    }
    const auto found = std::find_if(recent_.begin(), recent_.end(), [id](const TaskPtr& task) { return task->id == id; });
    if (found == recent_.end() || (*found)->state != TaskState::kDone) {
      return Status(StatusCode::kNotFound, "What this task was to follow did not finish.");
    }
  }
  auto task = std::make_shared<Task>();
  task->id = TaskId{++last_id_};
  task->spec = std::move(spec);
  task->spec.after = std::move(after);
  task->ended = std::move(ended);
  tasks_[task->id] = task;
  if (task->spec.deadline_ms > 0) {
    task->due_ms = clock_->NowMs() + task->spec.deadline_ms;
    CheckDeadline(task->id);
  }
  for (const TaskPtr& one : older) {
    Stop(one, TaskState::kCancelled, Status(StatusCode::kCancelled, "A newer task took this one's place."));
  }
  return task;
}

Result<TaskId> Scheduler::Start(TaskSpec spec, Factory factory, Ended ended) {
  Result<TaskPtr> registered = Register(std::move(spec), std::move(ended));
  if (!registered.ok()) return registered.status();
  const TaskPtr& task = registered.value();
  task->factory = std::move(factory);
  task->batch = std::make_shared<Batch>(task->factory());
  Ready(task);
  return task->id;
}

Result<TaskId> Scheduler::Adopt(TaskSpec spec, Hooks hooks, Ended ended) {
  Result<TaskPtr> registered = Register(std::move(spec), std::move(ended));
  if (!registered.ok()) return registered.status();
  const TaskPtr& task = registered.value();
  task->hooks = std::move(hooks);
  task->state = TaskState::kRunning;
  Changed();
  return task->id;
}

Scheduler::TaskPtr Scheduler::Find(TaskId id) const {
  const auto found = tasks_.find(id);
  return found == tasks_.end() ? nullptr : found->second;
}

// --- running ---------------------------------------------------------------------------------------

void Scheduler::Ready(const TaskPtr& task) {
  if (!tasks_.contains(task->id)) return;  // ended by what another's end set off
  if (!task->factory || task->ready || task->flying || task->paused || !task->spec.after.empty()) return;
  task->ready = true;
  task->awaits_message = false;
  ready_[static_cast<size_t>(task->spec.priority)].push_back(task);
  Changed();
  Pump();
}

void Scheduler::Pump() {
  if (closed_) return;
  for (auto& queue : ready_) {
    const bool interactive = &queue == &ready_[static_cast<size_t>(Priority::kInteractive)];
    // Not more than the executor can begin: what is urgent is to overtake the rest here, not behind them there.
    while (!queue.empty() && (interactive || in_flight_ < executor_->thread_count())) {
      const TaskPtr task = std::move(queue.front());
      queue.pop_front();
      if (!std::exchange(task->ready, false)) continue;  // it ended or was paused meanwhile
      Launch(task);
    }
  }
}

void Scheduler::Launch(const TaskPtr& task) {
  ++in_flight_;
  task->state = TaskState::kRunning;
  auto flight = std::make_shared<Flight>();
  flight->scheduler = this;
  flight->loop = loop_;
  flight->alive = alive_;
  flight->id = task->id;
  flight->number = ++task->flights;
  flight->batch = task->batch;
  flight->step = task->step;
  task->flight = flight;
  task->flying = true;
  executor_->Post(task->spec.priority, [flight = std::move(flight)] { flight->Run(); }, "Task");
}

bool Scheduler::Recall(const TaskPtr& task) {
  task->ready = false;
  if (!task->flying) return true;
  const std::shared_ptr<Flight> flight = task->flight.lock();
  int expected = kQueued;
  if (!flight || !flight->state.compare_exchange_strong(expected, kRecalled)) return false;
  flight->batch.reset();
  task->flying = false;
  --in_flight_;
  return true;
}

void Scheduler::Landed(TaskId id, uint32_t flight, Result<TaskNext> next) {
  const TaskPtr task = Find(id);
  if (!task || !task->flying || task->flights != flight) return;
  task->flying = false;
  --in_flight_;
  if (task->stopping) {
    End(task, task->stop_state, task->status);
  } else if (task->restart) {
    BeginAgain(task);  // however the batch ended: it was asked to
  } else if (!next.ok()) {
    End(task, next.status().code() == StatusCode::kCancelled ? TaskState::kCancelled : TaskState::kFailed, next.status());
  } else if (next.value() == TaskNext::kDone) {
    End(task, TaskState::kDone, OkStatus());
  } else {
    // A message that came while the batch ran is not waited for again.
    std::unique_lock lock(task->step->mutex_);
    task->awaits_message = next.value() == TaskNext::kAwaitMessage && task->step->inbox_.empty();
    lock.unlock();
    task->state = task->paused ? TaskState::kPaused : TaskState::kWaiting;
    if (!task->awaits_message) Ready(task);
    Changed();
  }
  Pump();
}

// --- ending ----------------------------------------------------------------------------------------

void Scheduler::Stop(const TaskPtr& task, TaskState state, Status status) {
  if (!tasks_.contains(task->id)) return;
  task->step->stopping_.store(true, std::memory_order_relaxed);
  if (!task->factory) {
    if (!task->hooks.cancel) return;
    if (!std::exchange(task->stopping, true)) {
      task->stop_state = state;
      task->status = std::move(status);
    }
    // Each time: its owner may have taken on more since. Finish lets go of the hooks, so this is a copy.
    const auto cancel = task->hooks.cancel;
    return cancel();
  }
  if (Recall(task)) return End(task, state, std::move(status));
  // The first reason counts.
  if (std::exchange(task->stopping, true)) return;
  task->stop_state = state;
  task->status = std::move(status);
}

void Scheduler::End(const TaskPtr& task, TaskState state, Status status) {
  if (tasks_.erase(task->id) == 0) return;
  task->ready = false;
  task->state = state;
  task->status = std::move(status);
  task->batch.reset();
  task->hooks = {};
  recent_.push_back(task);
  if (recent_.size() > kMaxRecent) recent_.pop_front();
  std::vector<TaskPtr> followers;
  for (const auto& [id, other] : tasks_) {
    if (std::erase(other->spec.after, task->id) > 0) followers.push_back(other);
  }
  for (const TaskPtr& follower : followers) {
    if (state == TaskState::kDone) {
      Ready(follower);
    } else {
      Stop(follower, TaskState::kCancelled, Status(StatusCode::kCancelled, "What this task was to follow did not finish."));
    }
  }
  // What can be restarted keeps what that takes.
  const Ended ended = task->ended;
  if (state == TaskState::kDone || !task->factory) {
    task->factory = {};
    task->ended = {};
  }
  if (ended) ended(InfoOf(*task));
  Changed();
  if (tasks_.empty() && on_shut_) loop_->Post(std::exchange(on_shut_, {}), "Shutdown");
  Pump();
}

void Scheduler::CheckDeadline(TaskId id) {
  const TaskPtr task = Find(id);
  if (!task) return;
  const double left_ms = task->due_ms - clock_->NowMs();
  if (left_ms <= 0) {
    return Stop(task, TaskState::kFailed, Status(StatusCode::kUnavailable, "It was not done in the time that it had."));
  }
  loop_->PostDelayed(left_ms, [this, alive = std::weak_ptr<char>(alive_), id] {
    if (alive.lock()) CheckDeadline(id);
  });
}

void Scheduler::Shutdown(std::function<void()> done) {
  closed_ = true;
  if (tasks_.empty()) return loop_->Post(std::move(done), "Shutdown");
  on_shut_ = std::move(done);
  std::vector<TaskPtr> all;
  for (const auto& [id, task] : tasks_) all.push_back(task);
  const Status status(StatusCode::kCancelled, "The engine is ending.");
  for (const TaskPtr& task : all) {
    Stop(task, TaskState::kCancelled, status);
    // An owner that cannot stop is not waited for.
    if (!task->factory) End(task, TaskState::kCancelled, status);
  }
}

// --- what people ask for -----------------------------------------------------------------------------

Status Scheduler::Cancel(TaskId id) {
  const TaskPtr task = Find(id);
  if (!task) return HasEnded();
  if (!task->factory && !task->hooks.cancel) return Impossible();
  Stop(task, TaskState::kCancelled, Status(StatusCode::kCancelled, "It was cancelled."));
  return OkStatus();
}

Status Scheduler::Pause(TaskId id) {
  const TaskPtr task = Find(id);
  if (!task) return HasEnded();
  if (!task->factory && !task->hooks.pause) return Impossible();
  if (std::exchange(task->paused, true)) return OkStatus();
  if (!task->factory) {
    const auto pause = task->hooks.pause;
    pause();
  }
  // A batch that runs is still running: Landed says when it is not.
  if (!task->factory || Recall(task)) task->state = TaskState::kPaused;
  Changed();
  Pump();
  return OkStatus();
}

Status Scheduler::Resume(TaskId id) {
  const TaskPtr task = Find(id);
  if (!task) return HasEnded();
  if (!task->factory && !task->hooks.resume) return Impossible();
  if (!std::exchange(task->paused, false)) return OkStatus();
  if (!task->factory) {
    task->state = TaskState::kRunning;
    const auto resume = task->hooks.resume;
    resume();
  } else if (!task->flying) {
    task->state = TaskState::kWaiting;
    std::unique_lock lock(task->step->mutex_);
    const bool waits_on = task->awaits_message && task->step->inbox_.empty();
    lock.unlock();
    if (!waits_on) Ready(task);
  }
  Changed();
  return OkStatus();
}

Result<TaskId> Scheduler::Restart(TaskId id) {
  if (const TaskPtr task = Find(id)) {
    if (!task->factory) return Impossible();
    if (task->stopping) return HasEnded();
    task->paused = false;
    if (Recall(task)) {
      BeginAgain(task);
    } else {
      task->restart = true;
      task->step->stopping_.store(true, std::memory_order_relaxed);
    }
    return id;
  }
  for (const TaskPtr& task : recent_) {
    if (task->id != id) continue;
    if (!task->factory || task->state == TaskState::kDone) return Impossible();
    TaskSpec spec = task->spec;
    spec.after.clear();
    return Start(std::move(spec), task->factory, task->ended);
  }
  return HasEnded();
}

// Nothing of the former run is left: neither its messages nor its progress.
void Scheduler::BeginAgain(const TaskPtr& task) {
  task->restart = false;
  task->awaits_message = false;
  task->state = task->paused ? TaskState::kPaused : TaskState::kWaiting;
  task->step = std::make_shared<TaskStep>();
  task->batch = std::make_shared<Batch>(task->factory());
  Ready(task);
}

Status Scheduler::Send(TaskId id, std::string message) {
  const TaskPtr task = Find(id);
  if (!task || task->stopping) return HasEnded();
  if (!task->factory) return Impossible();
  {
    std::lock_guard lock(task->step->mutex_);
    if (task->step->inbox_.size() >= limits_.messages) {
      return Status(StatusCode::kBusy, "This task has too many messages waiting. Try again in a moment.");
    }
    task->step->inbox_.push_back(std::move(message));
  }
  if (task->awaits_message) Ready(task);
  return OkStatus();
}

void Scheduler::Report(TaskId id, uint64_t done, uint64_t total) {
  const TaskPtr task = Find(id);
  if (!task) return;
  const bool same = task->step->done_.load(std::memory_order_relaxed) == done && task->step->total_.load(std::memory_order_relaxed) == total;
  task->step->Report(done, total);
  if (!same) Changed();
}

void Scheduler::Finish(TaskId id, Status status) {
  const TaskPtr task = Find(id);
  if (!task) return;
  if (task->stopping) return End(task, task->stop_state, task->status);
  if (status.ok()) return End(task, TaskState::kDone, std::move(status));
  End(task, status.code() == StatusCode::kCancelled ? TaskState::kCancelled : TaskState::kFailed, std::move(status));
}

TaskInfo Scheduler::InfoOf(const Task& task) {
  TaskInfo info;
  info.id = task.id;
  info.kind = task.spec.kind;
  info.title = task.spec.title;
  info.priority = task.spec.priority;
  info.state = task.state;
  info.done = task.step->done_.load(std::memory_order_relaxed);
  info.total = task.step->total_.load(std::memory_order_relaxed);
  const bool live = task.state <= TaskState::kPaused;
  info.can_pause = live && (task.factory || (task.hooks.pause && task.hooks.resume));
  info.can_cancel = live && (task.factory || task.hooks.cancel);
  info.can_restart = task.factory && task.state != TaskState::kDone;
  info.status = task.status;
  return info;
}

std::vector<TaskInfo> Scheduler::Live() const {
  std::vector<TaskInfo> infos;
  for (const auto& [id, task] : tasks_) infos.push_back(InfoOf(*task));
  return infos;
}

std::vector<TaskInfo> Scheduler::Recent() const {
  std::vector<TaskInfo> infos;
  for (const TaskPtr& task : recent_) infos.push_back(InfoOf(*task));
  return infos;
}

void Scheduler::Changed() const {
  if (on_changed) on_changed();
}

}  // namespace lodestone
