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
  if (context_.tasks.Has(task)) return task;
  const Result<TaskId> adopted = context_.tasks.Adopt(std::move(spec), std::move(hooks));
  return adopted.ok() ? adopted.value() : TaskId{};  // the work goes on unseen
}

Scheduler::Hooks Engine::PauseHooks() {
  return {.pause = [this] { SetIndexingPaused(true); }, .resume = [this] { SetIndexingPaused(false); }};
}

void Engine::BeginIndexing() {
  if (ingest_.idle()) context_.tasks.Finish(index_task_, OkStatus());  // the former run's
  Scheduler::Hooks hooks = PauseHooks();
  hooks.cancel = [this] { ingest_.CancelAll(); };
  index_task_ = ingest_.task = Follow(index_task_, {.kind = "index", .title = "Indexing"}, std::move(hooks));
  if (ingest_.paused()) (void)context_.tasks.Pause(index_task_);
}

// Filling in vectors and loading a model begin and end in many places; their tasks follow what is so.
void Engine::FollowTasks() {
  const bool indexing = !ingest_.idle();
  if (indexing) context_.tasks.Report(index_task_, files_.run_done(), files_.run_total());
  else context_.tasks.Finish(index_task_, OkStatus());

  const Tier* const tier = context_.library.FindTier(model_id_);
  const uint64_t embedded = tier ? tier->index->live_count() : 0;
  if (!indexing && !fillers_.idle() && embedded < context_.library.passage_count()) {
    fill_task_ = Follow(fill_task_, {.kind = "embed", .title = "Preparing search by meaning"}, PauseHooks());
    if (ingest_.paused()) (void)context_.tasks.Pause(fill_task_);
    context_.tasks.Report(fill_task_, embedded, context_.library.passage_count());
  } else {
    context_.tasks.Finish(fill_task_, OkStatus());
  }
  fillers_.SetTask(fill_task_);

  if (model_state_ == protocol::ModelState::kLoading) {
    const TaskSpec spec{.kind = "model", .title = "Loading the model", .priority = Priority::kVisible};
    model_task_ = Follow(model_task_, spec, {});
  } else {
    const bool failed = model_state_ == protocol::ModelState::kFailed;
    context_.tasks.Finish(model_task_, failed ? Status(StatusCode::kUnavailable, model_error_) : OkStatus());
  }
}

void Engine::SetIndexingPaused(bool paused) {
  ingest_.SetPaused(paused);
  fillers_.SetPaused(paused);
  // Whoever pauses, the tasks hold their parts; one that has ended refuses, which is as good.
  for (const TaskId task : {index_task_, fill_task_}) {
    (void)(paused ? context_.tasks.Pause(task) : context_.tasks.Resume(task));
  }
  StateMayHaveChanged();
}

std::vector<protocol::TaskEntry> Engine::TaskEntries() const {
  std::vector<protocol::TaskEntry> entries;
  for (const TaskInfo& info : context_.tasks.Live()) {
    if (entries.size() == kMaxTasksTold) break;
    entries.push_back(EntryOf(info));
  }
  return entries;
}

void Engine::OnControlTask(RequestId id, const protocol::ControlTask& request) {
  const TaskId task{request.task};
  Status status;
  FollowTasks();  // one whose work is done cannot be steered any more
  switch (request.action) {
    case protocol::TaskAction::kPause:
      status = context_.tasks.Pause(task);
      break;
    case protocol::TaskAction::kResume:
      status = context_.tasks.Resume(task);
      break;
    case protocol::TaskAction::kCancel:
      status = context_.tasks.Cancel(task);
      break;
    case protocol::TaskAction::kRestart:
      status = context_.tasks.Restart(task).status();
      break;
  }
  if (!status.ok()) return RespondError(id, status);
  StateMayHaveChanged();
  Respond(id, protocol::Ack{});
}

void Engine::OnExport(RequestId id, const protocol::Export& request) {
  if (!open_status_.ok()) return RespondError(id, open_status_);
  const Result<TaskId> task =
      context_.tasks.Adopt({.kind = "export", .title = "Exporting the library", .priority = Priority::kVisible}, {});
  if (!task.ok()) return RespondError(id, task.status());
  transfer_.Export(request.damaged, [this, id, task = task.value()](Result<protocol::ExportReply> reply) {
    context_.tasks.Finish(task, reply.ok() ? OkStatus() : reply.status());
    Answer<protocol::ExportReply>(id)(std::move(reply));
  });
}

void Engine::OnImport(RequestId id, const protocol::Import& request) {
  if (!open_status_.ok()) return RespondError(id, open_status_);
  const Result<TaskId> task =
      context_.tasks.Adopt({.kind = "import", .title = "Importing a library", .priority = Priority::kVisible}, {});
  if (!task.ok()) return RespondError(id, task.status());
  // What is on its way in belongs to the library that goes.
  if (request.replace) ingest_.CancelAll();
  const auto received = [this, task = task.value(), size = request.size_bytes](uint64_t bytes) {
    context_.tasks.Report(task, bytes, size);
  };
  transfer_.Import(request, received, [this, id, task = task.value()](Result<protocol::ImportReply> reply) {
    if (!reply.ok()) {
      context_.tasks.Finish(task, reply.status());
      return RespondError(id, reply.status());
    }
    ReloadLibrary([this, id, task, reply = reply.value()] {
      context_.tasks.Finish(task, OkStatus());
      Respond(id, reply);
    });
  });
}

}  // namespace lodestone
