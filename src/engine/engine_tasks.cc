// The tasks' part of Engine: what people see of the work and how they steer it.

#include <utility>

#include "engine/engine.h"

namespace lodestone {
namespace {

constexpr size_t kMaxTasksTold = 64;

protocol::TaskEntry EntryOf(const TaskInfo& info) {
  protocol::TaskEntry entry;
  entry.task = info.id.value;
  entry.kind = info.kind;
  entry.title = info.title;
  entry.state = static_cast<protocol::TaskState>(info.state);
  entry.priority = static_cast<protocol::TaskPriority>(info.priority);
  entry.done = info.done;
  entry.total = info.total;
  entry.can_pause = info.can_pause;
  entry.can_cancel = info.can_cancel;
  entry.can_restart = info.can_restart;
  return entry;
}

static_assert(static_cast<int>(protocol::TaskState::kCancelled) == static_cast<int>(TaskState::kCancelled));
static_assert(static_cast<int>(protocol::TaskPriority::kBackground) == static_cast<int>(Priority::kBackground));

}  // namespace

TaskId Engine::Follow(TaskId task, TaskSpec spec, Scheduler::Hooks hooks) {
  if (tasks_.Has(task)) return task;
  const Result<TaskId> adopted = tasks_.Adopt(std::move(spec), std::move(hooks));
  return adopted.ok() ? adopted.value() : TaskId{};  // the work goes on unseen
}

// Indexing, filling in vectors and loading a model begin and end in many places; their tasks follow what is so.
void Engine::FollowTasks() {
  const Scheduler::Hooks pausing{.pause = [this] { SetIndexingPaused(true); },
                                 .resume = [this] { SetIndexingPaused(false); }};
  const bool indexing = !ingest_.idle();
  if (indexing) {
    Scheduler::Hooks hooks = pausing;
    hooks.cancel = [this] { ingest_.CancelAll(); };
    index_task_ = Follow(index_task_, {.kind = "index", .title = "Indexing"}, std::move(hooks));
    tasks_.Report(index_task_, files_.run_done(), files_.run_total());
  } else {
    tasks_.Finish(index_task_, OkStatus());
  }

  const Tier* const tier = context_.library.FindTier(model_id_);
  const uint64_t embedded = tier ? tier->index->live_count() : 0;
  if (!indexing && !fillers_idle() && embedded < context_.library.passage_count()) {
    fill_task_ = Follow(fill_task_, {.kind = "embed", .title = "Preparing search by meaning"}, pausing);
    tasks_.Report(fill_task_, embedded, context_.library.passage_count());
  } else {
    tasks_.Finish(fill_task_, OkStatus());
  }

  if (model_state_ == protocol::ModelState::kLoading) {
    const TaskSpec spec{.kind = "model", .title = "Loading the model", .priority = Priority::kVisible};
    model_task_ = Follow(model_task_, spec, {});
  } else {
    const bool failed = model_state_ == protocol::ModelState::kFailed;
    tasks_.Finish(model_task_, failed ? Status(StatusCode::kUnavailable, model_error_) : OkStatus());
  }
  // Whoever pauses, the tasks show it; one that has ended refuses, which is as good.
  for (const TaskId task : {index_task_, fill_task_}) {
    (void)(ingest_.paused() ? tasks_.Pause(task) : tasks_.Resume(task));
  }
}

void Engine::SetIndexingPaused(bool paused) {
  ingest_.SetPaused(paused);
  instant_filler_.SetPaused(paused);
  larger_filler_.SetPaused(paused);
  if (!paused) ResumeFillers();
  StateMayHaveChanged();
}

std::vector<protocol::TaskEntry> Engine::TaskEntries() const {
  std::vector<protocol::TaskEntry> entries;
  for (const TaskInfo& info : tasks_.Live()) {
    if (entries.size() == kMaxTasksTold) break;
    entries.push_back(EntryOf(info));
  }
  return entries;
}

void Engine::OnControlTask(RequestId id, const protocol::ControlTask& request) {
  const TaskId task{request.task};
  Status status;
  switch (request.action) {
    case protocol::TaskAction::kPause:
      status = tasks_.Pause(task);
      break;
    case protocol::TaskAction::kResume:
      status = tasks_.Resume(task);
      break;
    case protocol::TaskAction::kCancel:
      status = tasks_.Cancel(task);
      break;
    case protocol::TaskAction::kRestart:
      status = tasks_.Restart(task).status();
      break;
  }
  if (!status.ok()) return RespondError(id, status);
  StateMayHaveChanged();
  Respond(id, protocol::Ack{});
}

void Engine::OnExport(RequestId id, const protocol::Export& request) {
  if (!open_status_.ok()) return RespondError(id, open_status_);
  const Result<TaskId> task =
      tasks_.Adopt({.kind = "export", .title = "Exporting the library", .priority = Priority::kVisible}, {});
  if (!task.ok()) return RespondError(id, task.status());
  transfer_.Export(request.damaged, [this, id, task = task.value()](Result<protocol::ExportReply> reply) {
    tasks_.Finish(task, reply.ok() ? OkStatus() : reply.status());
    Answer<protocol::ExportReply>(id)(std::move(reply));
  });
}

void Engine::OnImport(RequestId id, const protocol::Import& request) {
  if (!open_status_.ok()) return RespondError(id, open_status_);
  const Result<TaskId> task =
      tasks_.Adopt({.kind = "import", .title = "Importing a library", .priority = Priority::kVisible}, {});
  if (!task.ok()) return RespondError(id, task.status());
  // What is on its way in belongs to the library that goes.
  if (request.replace) ingest_.CancelAll();
  const auto received = [this, task = task.value(), size = request.size_bytes](uint64_t bytes) {
    tasks_.Report(task, bytes, size);
  };
  transfer_.Import(request, received, [this, id, task = task.value()](Result<protocol::ImportReply> reply) {
    if (!reply.ok()) {
      tasks_.Finish(task, reply.status());
      return RespondError(id, reply.status());
    }
    ReloadLibrary([this, id, task, reply = reply.value()] {
      tasks_.Finish(task, OkStatus());
      Respond(id, reply);
    });
  });
}

}  // namespace lodestone
