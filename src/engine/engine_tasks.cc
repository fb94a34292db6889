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
  entry.message = info.status.message();
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
  if (ingest_.idle() || run_cancelled_) context_.tasks.Finish(index_task_, OkStatus());  // the former run's
  if (std::exchange(run_cancelled_, false)) index_task_ = {};  // some of it may still be on its way back
  Scheduler::Hooks hooks = PauseHooks();
  hooks.cancel = [this] {
    run_cancelled_ = true;
    ingest_.CancelAll();
  };
  hooks.restart = [this](TaskId task) { AskForRestart("index", task); };
  index_task_ = ingest_.task = Follow(index_task_, {.kind = "index", .title = "Indexing"}, std::move(hooks));
  if (ingest_.paused()) (void)context_.tasks.Pause(index_task_);
}

bool Engine::RefuseFiles(RequestId id, const protocol::AddFiles& request) {
  Status status = open_status_;
  // Of a walk that has not heard yet.
  if (status.ok() && request.continues && run_cancelled_) status = Status(StatusCode::kCancelled, "Adding was cancelled. What was already added stays.");
  if (status.ok()) return false;
  for (const protocol::FileEntry& file : request.files) context_.platform.files->Release(FileId{file.file_id});
  RespondError(id, status);
  return true;
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

  // A picked model has a task of its own.
  if (models_opening_ > openings_.size()) FollowSiteModel();
  else context_.tasks.Finish(model_task_, site_model_failure_);
}

void Engine::FollowSiteModel() {
  const TaskSpec spec{.kind = "model", .title = "Loading the model", .subject = "of the site", .priority = Priority::kVisible};
  model_task_ = Follow(model_task_, spec, {.restart = [this](TaskId task) { AskForRestart("model", task); }});
}

// Files and the site's model are the page's to bring.
void Engine::AskForRestart(const char* kind, TaskId task) {
  send_(MessageKind::kEvent, protocol::MessageType::kRestartWanted, RequestId{},
        protocol::Encode(protocol::RestartWanted{kind, task.value}));
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

std::vector<protocol::TaskEntry> Engine::EndedTaskEntries() const {
  std::vector<protocol::TaskEntry> entries;
  for (const TaskInfo& info : context_.tasks.Recent()) {
    if (info.can_restart) entries.push_back(EntryOf(info));
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
    case protocol::TaskAction::kDismiss:
      status = context_.tasks.Dismiss(task);
      break;
  }
  if (!status.ok()) return RespondError(id, status);
  StateMayHaveChanged(/*awaited=*/true);
  Respond(id, protocol::Ack{});
}

Transfer::Progress Engine::ReportTo(TaskId task) {
  return [this, task](uint64_t done, uint64_t total) { context_.tasks.Report(task, done, total); };
}

void Engine::OnExport(RequestId id, const protocol::Export& request) {
  if (!open_status_.ok()) return RespondError(id, open_status_);
  // A tab that was closed while it read an export never says that it is through.
  const Result<TaskId> task = context_.tasks.Adopt({.kind = "export",
                                                    .title = "Exporting the library",
                                                    .priority = Priority::kVisible,
                                                    .deadline_ms = transfer_.reader_patience_ms},
                                                   {.cancel = [this, id] { transfer_.Cancel(id); }});
  if (!task.ok()) return RespondError(id, task.status());
  transfer_.Export(id, request.damaged, ReportTo(task.value()), Answer<protocol::ExportReply>(id),
                   [this, task = task.value()](const Status& status) { context_.tasks.Finish(task, status); });
}

void Engine::OnImport(RequestId id, const protocol::Import& request) {
  if (!open_status_.ok()) return RespondError(id, open_status_);
  const Result<TaskId> task =
      context_.tasks.Adopt({.kind = "import", .title = "Importing a library", .priority = Priority::kVisible},
                           {.cancel = [this, id] { transfer_.Cancel(id); }});
  if (!task.ok()) return RespondError(id, task.status());
  // What is on its way in belongs to the library that goes.
  if (request.replace) ingest_.CancelAll();
  transfer_.Import(id, request, ReportTo(task.value()), [this, id, task = task.value()](Result<ImportResult> result) {
    if (!result.ok()) {
      context_.tasks.Finish(task, result.status());
      return RespondError(id, result.status());
    }
    ReloadLibrary([this, id, task, imported = std::move(result).value()] {
      context_.tasks.Finish(task, imported.ended_early);
      if (!imported.ended_early.ok()) return RespondError(id, imported.ended_early);
      Respond(id, protocol::ImportReply{imported.added, imported.updated, imported.unchanged});
    });
  });
}

}  // namespace lodestone
