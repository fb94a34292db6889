#pragma once

// What the parts of Scheduler (scheduler.cc, scheduler_end.cc, scheduler_control.cc) know of a task.

#include <atomic>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "engine/scheduler.h"

namespace lodestone {

enum class FlightState { kQueued, kBoarded, kRecalled };

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
  // What it is to end as, once its batch and its parts are back.
  bool stopping = false;
  TaskState stop_state = TaskState::kCancelled;
  TaskPtr whole;  // that it is a part of
  std::map<TaskId, TaskPtr> parts;
  std::vector<TaskId> followers;  // that wait for its end; some may have ended
  bool finishing = false;  // by its owner; its parts are not back

  bool is_part() const { return spec.part_of.has_value(); }
  bool held() const { return paused || (whole && whole->held()); }
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
  const char* name;
  Priority priority;
  std::atomic<FlightState> state = FlightState::kQueued;

  void Run() {
    FlightState expected = FlightState::kQueued;
    if (!state.compare_exchange_strong(expected, FlightState::kBoarded)) return;
    Result<TaskNext> next = (*batch)(*step);
    batch.reset();
    Land(std::move(next));
  }
  ~Flight() {
    FlightState expected = FlightState::kQueued;
    if (!state.compare_exchange_strong(expected, FlightState::kBoarded)) return;
    Land(Status(StatusCode::kCancelled, "The work was dropped, as the engine ends."));
  }
  void Land(Result<TaskNext> next) {
    loop->Post(
        priority,
        [to = scheduler, alive = alive, id = id, number = number, next = std::move(next)] {
          if (alive.lock()) to->Landed(id, number, next);
        },
        name);
  }
};

}  // namespace lodestone
