#include "engine/scheduler.h"

#include <algorithm>
#include <utility>

#include "engine/scheduler_task.h"

namespace lodestone {

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
  for (const auto& [id, task] : tasks_) {
    task->followers.clear();  // each ends by itself below
    if (task->is_part()) task->ended = nullptr;  // who wanted to know has gone
  }
  while (!tasks_.empty()) {
    const TaskPtr task = tasks_.begin()->second;
    Recall(task);
    End(task, TaskState::kCancelled, Status(StatusCode::kCancelled, "The engine ended."));
  }
}

Result<Scheduler::TaskPtr> Scheduler::Register(TaskSpec spec, Ended ended) {
  Result<std::vector<TaskId>> after = LeftToFollow(spec.after);
  if (!after.ok()) return after.status();
  // Whose place it takes, and all that their end takes along, which is younger than what it hangs on.
  std::vector<TaskPtr> older;
  std::set<TaskId> falling;
  size_t room = 0;  // that those make who go
  if (!spec.group.empty()) {
    const auto falls = [&falling](TaskId id) { return falling.contains(id); };
    for (const auto& [id, task] : tasks_) {
      if (task->spec.group == spec.group) {
        older.push_back(task);
        if (!task->is_part() && !task->stopping && (task->factory || task->hooks.cancel)) ++room;
        falling.insert(id);
      } else if ((task->whole && falls(task->whole->id)) || std::ranges::any_of(task->spec.after, falls)) {
        falling.insert(id);
      }
    }
    if (std::ranges::any_of(after.value(), falls) || (spec.part_of && falls(*spec.part_of))) {
      return Status(StatusCode::kInvalidArgument, "A task cannot depend on one whose place it takes.");
    }
  }
  if (!spec.part_of && whole_count_ - room >= limits_.tasks) {
    return Status(StatusCode::kBusy, "Too many tasks are waiting. Try again when some of them are done.");
  }
  const TaskPtr whole = spec.part_of ? Find(*spec.part_of) : nullptr;
  // The end of one that runs by itself would not wait for parts.
  if (whole && whole->factory) return Status(StatusCode::kInvalidArgument, "Only a task with an owner has parts.");
  if (whole && !after.value().empty()) {
    const std::set<TaskId> held_up = HeldUpBy(whole);
    // Each would wait for the other.
    if (std::ranges::any_of(after.value(), [&held_up](TaskId id) { return held_up.contains(id); })) {
      return Status(StatusCode::kInvalidArgument, "A part cannot follow what waits for its whole.");
    }
  }
  // Before this one is there: whatever their ends set off, it cannot end before its owner knows of it.
  for (const TaskPtr& one : older) {
    Stop(one, TaskState::kCancelled, Status(StatusCode::kCancelled, "A newer task took this one's place."));
  }
  if (!older.empty()) after = LeftToFollow(after.value());
  if (!after.ok()) return after.status();
  auto task = std::make_shared<Task>();
  task->id = TaskId{++last_id_};
  task->spec = std::move(spec);
  task->spec.after = std::move(after.value());
  for (const TaskId id : task->spec.after) tasks_[id]->followers.push_back(task->id);
  task->ended = std::move(ended);
  tasks_[task->id] = task;
  if (!task->is_part()) {
    ++whole_count_;
  } else if ((task->whole = Find(*task->spec.part_of))) {
    task->whole->parts[task->id] = task;
  }
  if (task->spec.deadline_ms > 0) {
    task->due_ms = clock_->NowMs() + task->spec.deadline_ms;
    AwaitDeadline(task);
  }
  return task;
}

Result<std::vector<TaskId>> Scheduler::LeftToFollow(const std::vector<TaskId>& after) const {
  if (closed_) return Status(StatusCode::kUnavailable, "The engine is ending.");
  std::vector<TaskId> left;
  for (const TaskId id : after) {
    if (tasks_.contains(id)) {
      left.push_back(id);
      continue;
    }
    const TaskPtr ended = FindEnded(id);
    if (!ended || ended->state != TaskState::kDone) {
      return Status(StatusCode::kNotFound, "What this task was to follow did not finish.");
    }
  }
  return left;
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
  std::erase_if(recent_, [&spec = task->spec](const TaskPtr& one) {
    return one->hooks.restart && one->spec.kind == spec.kind && one->spec.subject == spec.subject;
  });
  task->hooks = std::move(hooks);
  task->state = TaskState::kRunning;
  Changed(*task);
  return task->id;
}

Scheduler::TaskPtr Scheduler::Find(TaskId id) const {
  const auto found = tasks_.find(id);
  return found == tasks_.end() ? nullptr : found->second;
}

Scheduler::TaskPtr Scheduler::FindEnded(TaskId id) const {
  const auto found = std::find_if(recent_.begin(), recent_.end(), [id](const TaskPtr& task) { return task->id == id; });
  return found == recent_.end() ? nullptr : *found;
}

std::set<TaskId> Scheduler::HeldUpBy(const TaskPtr& task) const {
  std::set<TaskId> held_up;
  std::vector<TaskPtr> next{task};
  while (!next.empty()) {
    const TaskPtr one = std::move(next.back());
    next.pop_back();
    if (!one || !held_up.insert(one->id).second) continue;
    next.push_back(one->whole);
    for (const TaskId id : one->followers) next.push_back(Find(id));
  }
  return held_up;
}

// --- running ---------------------------------------------------------------------------------------

void Scheduler::Ready(const TaskPtr& task) {
  if (!tasks_.contains(task->id)) return;  // ended by what another's end set off
  if (!task->factory || task->ready || task->flying || task->held() || !task->spec.after.empty()) return;
  task->ready = true;
  task->awaits_message = false;
  ready_[static_cast<size_t>(task->spec.priority)].push_back(task);
  Changed(*task);
  Pump();
}

void Scheduler::Pump() {
  if (closed_) return;
  for (const Priority priority : {Priority::kInteractive, Priority::kVisible, Priority::kBackground}) {
    std::deque<TaskPtr>& queue = ready_[static_cast<size_t>(priority)];
    while (!queue.empty() && MayLaunch(priority)) {
      const TaskPtr task = std::move(queue.front());
      queue.pop_front();
      if (!std::exchange(task->ready, false)) continue;  // it ended or was paused meanwhile
      Launch(task);
    }
  }
}

// The rest waits here, where it can be overtaken, paused and dropped. What is less urgent keeps nobody from beginning:
// the executor takes the most urgent first.
bool Scheduler::MayLaunch(Priority priority) const {
  int ahead = 0;
  for (size_t i = 0; i <= static_cast<size_t>(priority); ++i) ahead += in_flight_[i];
  return priority == Priority::kInteractive || ahead < kBatchesPerThread * executor_->thread_count();
}

void Scheduler::Launch(const TaskPtr& task) {
  ++in_flight_[static_cast<size_t>(task->spec.priority)];
  task->state = TaskState::kRunning;
  auto flight = std::make_shared<Flight>();
  flight->scheduler = this;
  flight->loop = loop_;
  flight->alive = alive_;
  flight->id = task->id;
  flight->number = ++task->flights;
  flight->batch = task->batch;
  flight->step = task->step;
  flight->name = task->spec.name;
  flight->priority = task->spec.priority;
  task->flight = flight;
  task->flying = true;
  executor_->Post(task->spec.priority, [flight = std::move(flight)] { flight->Run(); }, task->spec.name);
}

bool Scheduler::Recall(const TaskPtr& task) {
  task->ready = false;
  if (!task->flying) return true;
  const std::shared_ptr<Flight> flight = task->flight.lock();
  FlightState expected = FlightState::kQueued;
  if (!flight || !flight->state.compare_exchange_strong(expected, FlightState::kRecalled)) return false;
  flight->batch.reset();
  task->flying = false;
  --in_flight_[static_cast<size_t>(task->spec.priority)];
  return true;
}

void Scheduler::Landed(TaskId id, uint32_t flight, Result<TaskNext> next) {
  const TaskPtr task = Find(id);
  if (!task || !task->flying || task->flights != flight) return;
  task->flying = false;
  --in_flight_[static_cast<size_t>(task->spec.priority)];
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
    task->state = task->held() ? TaskState::kPaused : TaskState::kWaiting;
    if (!task->awaits_message) Ready(task);
    Changed(*task);
  }
  Pump();
}

}  // namespace lodestone
