// How tasks end: Scheduler's promise of exactly one terminal event.

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/scheduler.h"
#include "engine/scheduler_task.h"

namespace lodestone {
namespace {

constexpr size_t kMaxRecent = 32;

}  // namespace

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
    cancel();
    return StopParts(task, Status(StatusCode::kCancelled, "What this was a part of was cancelled."));
  }
  if (Recall(task)) return End(task, state, std::move(status));
  // The first reason counts.
  if (std::exchange(task->stopping, true)) return;
  task->stop_state = state;
  task->status = std::move(status);
}

void Scheduler::StopParts(const TaskPtr& task, const Status& status) {
  std::vector<TaskPtr> parts;
  for (const auto& [id, part] : task->parts) parts.push_back(part);
  for (const TaskPtr& part : parts) Stop(part, TaskState::kCancelled, status);
}

void Scheduler::End(const TaskPtr& task, TaskState state, Status status) {
  if (tasks_.erase(task->id) == 0) return;
  task->ready = false;
  for (const auto& [id, part] : task->parts) part->whole = nullptr;
  task->parts.clear();
  task->state = state;
  task->status = std::move(status);
  task->batch.reset();
  // Of what can be restarted, what that takes.
  std::function<void(TaskId)> restart = std::move(task->hooks.restart);
  task->hooks = {};
  if (state != TaskState::kDone && !task->is_part()) task->hooks.restart = std::move(restart);
  if (!task->is_part()) {
    --whole_count_;
    recent_.push_back(task);
    if (recent_.size() > kMaxRecent) {
      // What can be restarted is the last to be forgotten.
      const auto first = std::find_if(recent_.begin(), recent_.end(), [](const TaskPtr& one) { return !InfoOf(*one).can_restart; });
      recent_.erase(first == recent_.end() ? recent_.begin() : first);
    }
  }
  const Ended ended = task->ended;
  if (state == TaskState::kDone || !task->factory || task->is_part()) {
    task->factory = {};
    task->ended = {};
  }
  const TaskPtr whole = std::exchange(task->whole, nullptr);
  if (whole) whole->parts.erase(task->id);
  if (ended) ended(InfoOf(*task));
  Changed(*task);
  // After its own event and out of its whole: what their ends set off must not meet it half-way.
  for (const TaskId id : std::exchange(task->followers, {})) {
    const TaskPtr follower = Find(id);
    if (!follower) continue;
    std::erase(follower->spec.after, task->id);
    if (state == TaskState::kDone) {
      Ready(follower);
    } else {
      Stop(follower, TaskState::kCancelled, Status(StatusCode::kCancelled, "What this task was to follow did not finish."));
    }
  }
  // Its owner may have given it another part meanwhile.
  if (whole && whole->finishing && whole->parts.empty()) End(whole, whole->stop_state, whole->status);
  if (tasks_.empty() && on_shut_) loop_->Post(Priority::kBackground, std::exchange(on_shut_, {}), "Shutdown");
  Pump();
}

// From the loop, however little time is left: a task does not end while it is being taken on.
void Scheduler::AwaitDeadline(const TaskPtr& task) {
  const double left_ms = std::max(0.0, task->due_ms - clock_->NowMs());
  loop_->PostDelayed(left_ms, [this, alive = std::weak_ptr<char>(alive_), id = task->id] {
    const TaskPtr late = alive.lock() ? Find(id) : nullptr;
    if (!late) return;
    if (clock_->NowMs() < late->due_ms) return AwaitDeadline(late);
    Stop(late, TaskState::kFailed, Status(StatusCode::kUnavailable, "It was not done in the time that it had."));
  });
}

void Scheduler::Shutdown(std::function<void()> done) {
  closed_ = true;
  if (tasks_.empty()) return loop_->Post(Priority::kBackground, std::move(done), "Shutdown");
  on_shut_ = std::move(done);
  std::vector<TaskPtr> all;
  for (const auto& [id, task] : tasks_) all.push_back(task);
  const Status status(StatusCode::kCancelled, "The engine is ending.");
  for (const TaskPtr& task : all) {
    Stop(task, TaskState::kCancelled, status);
    if (task->factory || !tasks_.contains(task->id)) continue;
    // An owner that cannot stop is not waited for; batches are.
    if (!std::exchange(task->stopping, true)) {
      task->stop_state = TaskState::kCancelled;
      task->status = status;
    }
    Finish(task->id, status);
  }
}

}  // namespace lodestone
