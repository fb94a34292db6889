#include "engine/engine.h"

#include <algorithm>
#include <utility>

#include "engine/folder_compare.h"

namespace lodestone {
namespace {

using protocol::MessageType;

// More requests than a person or a script can mean; the page is told to come back later.
constexpr size_t kMaxOpenRequests = 1024;

}  // namespace

Engine::Engine(const Platform& platform, std::string build_id, Send send)
    : context_(platform),
      build_id_(std::move(build_id)),
      send_(std::move(send)),
      ingest_(&context_, &files_),
      search_(&context_),
      fillers_(&context_),
      words_(&context_),
      graphs_(&context_),
      housekeeper_(&context_),
      rehearsal_(&context_),
      transfer_(&context_),
      cores_(&context_) {
  WatchLoop();
  ConnectFiller(&context_.instant);
  ConnectFiller(&context_.larger);
  ingest_.embedding_possible = [this] { return model_state_ != protocol::ModelState::kFailed; };
  ingest_.on_documents_stored = [this] {
    fillers_.Kick();
    words_.Tidy();
    StateMayHaveChanged();
  };
  ingest_.on_vectors_copied = [this](PassageId first, uint32_t count) {
    fillers_.LoadCopied(first, count);
  };
  ingest_.on_documents_removed = [this] { DocumentsGone(); };
  ingest_.on_storage_failure = [this](const Status& status) {
    SetIndexingPaused(true);
    Notify(protocol::NoticeLevel::kError, status.message());
  };
  search_.library_complete = [this] {
    const Tier* tier = context_.library.FindTier(model_id_);
    return tier && tier->index->live_count() >= context_.library.passage_count();
  };
  context_.tasks.on_changed = [this] { StateMayHaveChanged(); };
  housekeeper_.others_idle = [this] { return !busy(); };
  housekeeper_.on_damaged = [this](const std::vector<DamagedDocument>& damaged) { DocumentsDamaged(damaged); };
  housekeeper_.on_compacted = [this] { MeasureStorage(); };
  housekeeper_.on_failure = [this](const Status& status) {
    if (status.code() == StatusCode::kBadData) MendLibrary();
    else Notify(protocol::NoticeLevel::kError, status.message());
  };
  ingest_.scans = &scans_;
  housekeeper_.on_idle = [this] { CheckIdle(); };
  graphs_.others_busy = [this] { return !ingest_.idle() || !fillers_.idle(); };
  rehearsal_.others_busy = [this] { return graphs_.others_busy() || search_.running() > 0; };
  if (!platform.rehearse) rehearsal_.Skip();
  context_.on_quiet = [this] {
    graphs_.Tend();
    housekeeper_.Kick();
    rehearsal_.Kick();
    WarnOfPool();
    if (!context_.tasks.idle()) StateMayHaveChanged();
    CheckIdle();
  };
}

Engine::~Engine() { context_.platform.loop->on_ran = nullptr; }

void Engine::Start(std::function<void(const Status&)> opened) { OpenLibrary(std::move(opened)); }

bool Engine::busy() const {
  return !opened_ || !after_open_.empty() || !ingest_.idle() || !fillers_.idle() || search_.running() > 0 ||
         context_.at_work() || model_state_ == protocol::ModelState::kLoading;
}

bool Engine::idle() const { return !busy() && housekeeper_.idle(); }

void Engine::OnMessage(MessageKind kind, std::string_view type_name, RequestId id, std::string_view bytes) {
  const double begin_ms = context_.platform.clock->NowMs();
  MeasureLag(begin_ms);  // ahead of it: the next message would wait for this one
  TakeMessage(kind, type_name, id, bytes);
  lag_.Ran(kind == MessageKind::kCancel ? "Cancel" : type_name, begin_ms, context_.platform.clock->NowMs());
}

void Engine::TakeMessage(MessageKind kind, std::string_view type_name, RequestId id, std::string_view bytes) {
  if (kind == MessageKind::kCancel) {
    search_.Cancel(id);
    ingest_.Cancel(id);
    transfer_.Cancel(id);
    CancelModel(id);
    return;
  }
  if (kind != MessageKind::kRequest) return;
  if (open_requests_.contains(id)) return;  // a second request under one id has no answer of its own
  open_requests_[id] = true;
  if (open_requests_.size() > kMaxOpenRequests) {
    return RespondError(id, Status(StatusCode::kBusy, "Too many requests are waiting. Try again in a moment."));
  }
  const std::optional<MessageType> type = protocol::MessageTypeFromName(type_name);
  if (!type) {
    return RespondError(id, Status(StatusCode::kMismatch, "The page and its engine do not match. Reload the page.",
                                   "unknown message " + std::string(type_name)));
  }
  if (!opened_ && *type != MessageType::kGetState) {
    // Kept in order until the library is open.
    after_open_.push_back([this, type = *type, id, bytes = std::string(bytes)] { Dispatch(type, id, bytes); });
    return;
  }
  Dispatch(*type, id, bytes);
}

void Engine::RespondError(RequestId id, const Status& status) {
  Respond(id, protocol::ErrorReply{std::string(StatusCodeName(status.code())), status.message(), status.detail()});
}

void Engine::RespondEncoded(RequestId id, MessageType type, Result<std::string> bytes) {
  if (!bytes.ok()) return RespondError(id, bytes.status());
  if (open_requests_.erase(id) == 0) return;
  send_(MessageKind::kResponse, type, id, std::move(bytes).value());
  CheckIdle();
}

void Engine::Notify(protocol::NoticeLevel level, std::string text) {
  send_(MessageKind::kEvent, MessageType::kNotice, RequestId{}, protocol::Encode(protocol::Notice{level, std::move(text)}));
}

void Engine::Dispatch(MessageType type, RequestId id, std::string_view bytes) {
  switch (type) {
    case MessageType::kHello: {
      protocol::Hello request;
      if (DecodeInto(bytes, id, &request)) OnHello(id, request);
      return;
    }
    case MessageType::kAddFiles: {
      protocol::AddFiles request;
      if (!DecodeInto(bytes, id, &request)) return;
      if (RefuseFiles(id, request)) return;
      // What is told is the lag of the latest run of indexing, not the worst moment since the start.
      if (ingest_.BeginsRun(request)) {
        lag_.Reset(context_.platform.clock->NowMs());
        context_.platform.compute->ForgetWaitTimes();
        told_pool_wait_ms_ = LagMonitor::kStallMs;
      }
      rehearsal_.Skip();
      BeginIndexing();
      ingest_.Add(
          id, request,
          [this, id](const protocol::AddProgress& progress) {
            send_(MessageKind::kEvent, MessageType::kAddProgress, id, protocol::Encode(progress));
            StateMayHaveChanged();
          },
          [this, id](Result<protocol::AddFilesReply> reply) {
            MeasureStorage();
            if (reply.ok()) Respond(id, reply.value());
            else RespondError(id, reply.status());
          });
      StateMayHaveChanged();
      return;
    }
    case MessageType::kSearch: {
      protocol::Search request;
      if (!DecodeInto(bytes, id, &request)) return;
      if (!open_status_.ok()) return RespondError(id, open_status_);
      search_.Start(id, request, [this, id](Result<protocol::SearchReply> reply) {
        if (reply.ok()) Respond(id, reply.value());
        else RespondError(id, reply.status());
        // What waited for a quiet moment may go on; a search that ends with a model's answer ends no other task.
        context_.platform.loop->Post(Priority::kBackground, [this] { context_.TaskEnded(); }, "TaskEnded");
      });
      return;
    }
    case MessageType::kGetDocument: {
      protocol::GetDocument request;
      if (DecodeInto(bytes, id, &request)) OnGetDocument(id, request);
      return;
    }
    case MessageType::kRemove: {
      protocol::Remove request;
      if (DecodeInto(bytes, id, &request)) OnRemove(id, request);
      return;
    }
    case MessageType::kGetState:
      FollowTasks();
      return Respond(id, protocol::GetStateReply{State()});
    case MessageType::kListLibrary: {
      protocol::ListLibrary request;
      if (DecodeInto(bytes, id, &request)) Respond(id, files_.List(request.offset, request.count, request.only_failed));
      return;
    }
    case MessageType::kSetPaused: {
      protocol::SetPaused request;
      if (!DecodeInto(bytes, id, &request)) return;
      SetIndexingPaused(request.paused);
      return Respond(id, protocol::Ack{});
    }
    case MessageType::kCancelIndexing:
      FollowTasks();
      (void)context_.tasks.Cancel(index_task_);  // nothing to cancel is as good
      ingest_.CancelAll();                       // where there were too many tasks for it to be one
      StateMayHaveChanged();
      return Respond(id, protocol::Ack{});
    case MessageType::kWaitIdle:
      idle_waiters_.push_back(id);
      return CheckIdle();
    case MessageType::kSetModel: {
      protocol::SetModel request;
      if (!DecodeInto(bytes, id, &request)) return;
      if (!open_status_.ok()) {
        // Its vectors would have no place; and whoever waits for the model is to hear why there is none.
        model_error_ = open_status_.message();
        ModelChanged();
        return RespondError(id, open_status_);
      }
      return OnSetModel(id, request);
    }
    case MessageType::kCompareFolder: {
      protocol::CompareFolder request;
      if (!DecodeInto(bytes, id, &request)) return;
      return CompareFolder(&context_, files_, request,
                           [this, id](const protocol::CompareFolderReply& reply) { Respond(id, reply); });
    }
    case MessageType::kFinishScan: {
      protocol::FinishScan request;
      if (DecodeInto(bytes, id, &request)) OnFinishScan(id, request);
      return;
    }
    case MessageType::kExport: {
      protocol::Export request;
      if (DecodeInto(bytes, id, &request)) OnExport(id, request);
      return;
    }
    case MessageType::kControlTask: {
      protocol::ControlTask request;
      if (DecodeInto(bytes, id, &request)) OnControlTask(id, request);
      return;
    }
    case MessageType::kReadExport: {
      protocol::ReadExport request;
      if (!DecodeInto(bytes, id, &request)) return;
      return transfer_.Read(request, [this, id](Result<std::string> reply) {
        RespondEncoded(id, MessageType::kReadExportReply, std::move(reply));
      });
    }
    case MessageType::kEndExport: {
      protocol::EndExport request;
      if (DecodeInto(bytes, id, &request)) transfer_.End(request.export_id, Answer<protocol::Ack>(id));
      return;
    }
    case MessageType::kImport: {
      protocol::Import request;
      if (DecodeInto(bytes, id, &request)) OnImport(id, request);
      return;
    }
    case MessageType::kSetSettings: {
      protocol::SetSettings request;
      if (!DecodeInto(bytes, id, &request)) return;
      OnSettings(request);
      return Respond(id, protocol::Ack{});
    }
    default:
      return RespondError(id, Status(StatusCode::kInvalidArgument, "This message is not a request."));
  }
}

void Engine::OnHello(RequestId id, const protocol::Hello& request) {
  if (request.schema_hash != protocol::kSchemaHash || request.build_id != build_id_) {
    return RespondError(id, Status(StatusCode::kMismatch,
                                   "This page and its search engine come from different versions. Reload the page.",
                                   request.build_id + " and " + build_id_));
  }
  protocol::HelloReply reply;
  reply.schema_hash = protocol::kSchemaHash;
  reply.build_id = build_id_;
  reply.version = kEngineVersion;
  reply.threads = context_.platform.threads;
  reply.isolated = context_.platform.isolated;
  reply.storage = storage_name_;
  Respond(id, reply);
}

void Engine::OnSettings(const protocol::SetSettings& request) {
  const int threads = context_.platform.compute->thread_count();
  cores_.SetThreads(request.gentle ? std::max(1, threads / 2) : threads);
  if (request.graph_vectors > 0) graphs_.SetLeastVectors(request.graph_vectors);
  if (request.max_file_bytes > 0) ingest_.max_file_bytes = request.max_file_bytes;
  if (request.passage_tokens > 0) {
    ingest_.chunk_options.target_tokens = std::clamp<uint32_t>(request.passage_tokens, 32, 2000);
    ingest_.chunk_options.max_tokens = ingest_.chunk_options.target_tokens * 5 / 4;
  }
}

}  // namespace lodestone
