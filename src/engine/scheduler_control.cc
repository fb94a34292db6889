// What people and owners ask of a Scheduler's tasks.

#include <utility>

#include "engine/scheduler.h"
#include "engine/scheduler_task.h"

namespace lodestone {
namespace {

Status HasEnded() { return Status(StatusCode::kNotFound, "This task has ended."); }
Status Impossible() { return Status(StatusCode::kInvalidArgument, "This task cannot do that."); }

}  // namespace

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
  Hold(task);
  // Last: its owner may end it or have it go on.
  if (!task->factory) {
    const auto pause = task->hooks.pause;
    pause();
  }
  Changed(*task);
  Pump();
  return OkStatus();
}

void Scheduler::Hold(const TaskPtr& task) {
  // A batch that runs is still running: Landed says when it is not.
  if (!task->factory || Recall(task)) task->state = TaskState::kPaused;
  for (const auto& [id, part] : task->parts) Hold(part);
}

Status Scheduler::Resume(TaskId id) {
  const TaskPtr task = Find(id);
  if (!task) return HasEnded();
  if (!task->factory && !task->hooks.resume) return Impossible();
  if (!std::exchange(task->paused, false)) return OkStatus();
  Release(task);
  if (!task->factory) {
    const auto resume = task->hooks.resume;
    resume();
  }
  Changed(*task);
  return OkStatus();
}

void Scheduler::Release(const TaskPtr& task) {
  if (task->held()) return;  // by another pause
  if (!task->factory) {
    task->state = TaskState::kRunning;
  } else if (!task->flying) {
    task->state = TaskState::kWaiting;
    std::unique_lock lock(task->step->mutex_);
    const bool waits_on = task->awaits_message && task->step->inbox_.empty();
    lock.unlock();
    if (!waits_on) Ready(task);
  }
  for (const auto& [id, part] : task->parts) Release(part);
}

Result<TaskId> Scheduler::Restart(TaskId id) {
  if (const TaskPtr task = Find(id)) {
    if (!task->factory) return Impossible();
    if (task->stopping) return HasEnded();
    task->paused = false;
    task->step->stopping_.store(true, std::memory_order_relaxed);
    // Nothing of the former run is left, neither its messages nor its progress; what is sent from now on is for the next.
    task->step = std::make_shared<TaskStep>();
    if (Recall(task)) {
      BeginAgain(task);
    } else {
      task->restart = true;
    }
    Changed(*task);
    return id;
  }
  const TaskPtr task = FindEnded(id);
  if (!task) return HasEnded();
  if (!InfoOf(*task).can_restart) return Impossible();
  if (!task->factory) {
    std::erase(recent_, task);
    task->hooks.restart(id);
    Changed(*task);
    return TaskId{};
  }
  TaskSpec spec = task->spec;
  spec.after.clear();
  Result<TaskId> again = Start(std::move(spec), task->factory, task->ended);
  if (again.ok()) std::erase(recent_, task);
  return again;
}

Status Scheduler::Dismiss(TaskId id) {
  const TaskPtr task = FindEnded(id);
  if (!task) return HasEnded();
  if (!InfoOf(*task).can_restart) return Impossible();
  std::erase(recent_, task);
  Changed(*task);
  return OkStatus();
}

void Scheduler::BeginAgain(const TaskPtr& task) {
  task->restart = false;
  task->awaits_message = false;
  task->state = task->held() ? TaskState::kPaused : TaskState::kWaiting;
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
  if (!same) Changed(*task);
}

void Scheduler::Finish(TaskId id, Status status) {
  const TaskPtr task = Find(id);
  if (!task || task->factory || task->finishing) return;
  if (!task->stopping) {
    task->stop_state = status.ok()                                  ? TaskState::kDone
                       : status.code() == StatusCode::kCancelled ? TaskState::kCancelled
                                                                  : TaskState::kFailed;
    task->status = std::move(status);
  }
  task->finishing = true;
  if (task->parts.empty()) End(task, task->stop_state, task->status);
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
  info.can_restart = live ? task.factory != nullptr : task.state != TaskState::kDone && (task.factory || task.hooks.restart);
  info.status = task.status;
  return info;
}

std::vector<TaskInfo> Scheduler::Live() const {
  std::vector<TaskInfo> infos;
  for (const auto& [id, task] : tasks_) {
    if (!task->is_part()) infos.push_back(InfoOf(*task));
  }
  return infos;
}

std::vector<TaskInfo> Scheduler::Recent() const {
  std::vector<TaskInfo> infos;
  for (const TaskPtr& task : recent_) infos.push_back(InfoOf(*task));
  return infos;
}

void Scheduler::Changed(const Task& task) const {
  if (on_changed && !task.is_part()) on_changed();
}

}  // namespace lodestone
