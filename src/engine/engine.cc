#include "engine/engine.h"

#include <algorithm>
#include <utility>

#include "engine/folder_compare.h"

namespace lodestone {
namespace {

using protocol::MessageType;

constexpr std::string_view kVersion = "0.1.0";
// More requests than a person or a script can mean; the page is told to come back later.
constexpr size_t kMaxOpenRequests = 1024;
constexpr double kStateIntervalMs = 500;
constexpr int kStorageThreads = 1;
// Finer than the lag that would be felt; a second of indexing then has the probes that a 99th percentile takes.
constexpr double kLagProbeIntervalMs = 5;
}  // namespace

Engine::Engine(const Platform& platform, std::string build_id, Send send)
    : context_(platform),
      build_id_(std::move(build_id)),
      send_(std::move(send)),
      ingest_(&context_, &files_),
      search_(&context_),
      instant_filler_(&context_, &context_.instant),
      larger_filler_(&context_, &context_.larger),
      words_(&context_),
      graphs_(&context_),
      housekeeper_(&context_),
      transfer_(&context_),
      work_threads_(platform.compute->thread_count()) {
  ShareLanes();
  ShareCores();
  ConnectFiller(&instant_filler_, &context_.instant);
  ConnectFiller(&larger_filler_, &context_.larger);
  ingest_.embedding_possible = [this] { return model_state_ != protocol::ModelState::kFailed; };
  ingest_.on_documents_stored = [this] {
    instant_filler_.Kick();
    larger_filler_.Kick();
    words_.Tidy();
    StateMayHaveChanged();
  };
  ingest_.on_vectors_copied = [this](PassageId first, uint32_t count) {
    instant_filler_.LoadCopied(first, count);
    larger_filler_.LoadCopied(first, count);
  };
  ingest_.on_documents_removed = [this] { DocumentsGone(); };
  ingest_.on_storage_failure = [this](const Status& status) {
    ingest_.SetPaused(true);
    Notify(protocol::NoticeLevel::kError, status.message());
  };
  search_.library_complete = [this] {
    const Tier* tier = context_.library.FindTier(model_id_);
    return tier && tier->index->live_count() >= context_.library.passage_count();
  };
  housekeeper_.others_idle = [this] { return !busy(); };
  housekeeper_.on_damaged = [this](const std::vector<DamagedDocument>& damaged) { DocumentsDamaged(damaged); };
  housekeeper_.on_compacted = [this] { MeasureStorage(); };
  housekeeper_.on_failure = [this](const Status& status) {
    if (status.code() == StatusCode::kBadData) MendLibrary();
    else Notify(protocol::NoticeLevel::kError, status.message());
  };
  ingest_.scans = &scans_;
  housekeeper_.on_idle = [this] { CheckIdle(); };
  graphs_.others_busy = [this] { return !ingest_.idle() || !fillers_idle(); };
  context_.on_quiet = [this] {
    graphs_.Tend();
    housekeeper_.Kick();
    CheckIdle();
  };
}

Engine::~Engine() = default;

void Engine::Start(std::function<void(const Status&)> opened) { OpenLibrary(std::move(opened)); }

bool Engine::busy() const {
  return !opened_ || !after_open_.empty() || !ingest_.idle() || !fillers_idle() || search_.running() > 0 ||
         context_.storage_tasks > 0 || context_.compute_tasks > 0 || model_state_ == protocol::ModelState::kLoading;
}

bool Engine::idle() const { return !busy() && housekeeper_.idle(); }

void Engine::OnMessage(MessageKind kind, std::string_view type_name, RequestId id, std::string_view bytes) {
  if (kind == MessageKind::kCancel) {
    search_.Cancel(id);
    ingest_.Cancel(id);
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
  MeasureLag();
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
      if (!open_status_.ok()) return RespondError(id, open_status_);
      // What is told is the lag of the latest run of indexing, not the worst moment since the start.
      if (ingest_.idle()) lag_.Reset();
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
        context_.platform.loop->Post([this] { context_.TaskEnded(); });
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
      return Respond(id, protocol::GetStateReply{State()});
    case MessageType::kListLibrary: {
      protocol::ListLibrary request;
      if (DecodeInto(bytes, id, &request)) Respond(id, files_.List(request.offset, request.count, request.only_failed));
      return;
    }
    case MessageType::kSetPaused: {
      protocol::SetPaused request;
      if (!DecodeInto(bytes, id, &request)) return;
      ingest_.SetPaused(request.paused);
      instant_filler_.SetPaused(request.paused);
      larger_filler_.SetPaused(request.paused);
      if (!request.paused) ResumeFillers();
      StateMayHaveChanged();
      return Respond(id, protocol::Ack{});
    }
    case MessageType::kCancelIndexing:
      ingest_.CancelAll();
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
      if (!DecodeInto(bytes, id, &request)) return;
      if (!open_status_.ok()) return RespondError(id, open_status_);
      return transfer_.Export(request.damaged, Answer<protocol::ExportReply>(id));
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
  reply.version = kVersion;
  reply.threads = context_.platform.threads;
  reply.isolated = context_.platform.isolated;
  reply.storage = storage_name_;
  Respond(id, reply);
}

void Engine::OnSettings(const protocol::SetSettings& request) {
  const int threads = context_.platform.compute->thread_count();
  work_threads_ = request.gentle ? std::max(1, threads / 2) : threads;
  ShareCores();
  if (request.graph_vectors > 0) graphs_.SetLeastVectors(request.graph_vectors);
  if (request.max_file_bytes > 0) ingest_.max_file_bytes = request.max_file_bytes;
  if (request.passage_tokens > 0) {
    ingest_.chunk_options.target_tokens = std::clamp<uint32_t>(request.passage_tokens, 32, 2000);
    ingest_.chunk_options.max_tokens = ingest_.chunk_options.target_tokens * 5 / 4;
  }
}

// Storing, reading and embedding together keep as many threads busy as there are cores for them, and no more: the
// coordinator and the page would wait for their turn behind each further one. Of each kind one may always go on.
void Engine::ShareCores() {
  const int busy = context_.instant.embedder.bulk_lanes_busy() + context_.larger.embedder.bulk_lanes_busy();
  context_.platform.compute->SetActiveLimit(std::max(1, work_threads_ - kStorageThreads - busy));
}

protocol::EngineState Engine::State() const {
  protocol::EngineState state;
  state.version = kVersion;
  state.threads = context_.platform.threads;
  state.isolated = context_.platform.isolated;
  state.storage = storage_name_;
  state.storage_bytes = storage_bytes_;
  state.model_id = model_id_;
  state.model_state = model_state_;
  // Files are read and words searched from the tokenizer on; until then there is no model to speak of.
  if (!context_.passage_tokenizer && model_state_ == protocol::ModelState::kLoading) {
    state.model_state = protocol::ModelState::kNone;
  }
  state.model_error = model_error_;
  const Embedder& embedder = const_cast<EngineContext&>(context_).best_model().embedder;
  if (embedder.ready()) state.model_provider = embedder.uses_gpu() ? "webgpu" : "wasm";
  state.documents = static_cast<uint32_t>(context_.library.document_count());
  state.passages = static_cast<uint32_t>(context_.library.passage_count());
  if (Tier* tier = const_cast<Library&>(context_.library).FindTier(model_id_)) {
    state.embedded_passages = tier->index->live_count();
  }
  state.files_total = files_.run_total();
  state.files_done = files_.run_done();
  state.files_failed = files_.run_failed();
  state.current_path = ingest_.current_path();
  state.queued = static_cast<uint32_t>(ingest_.queued());
  state.running = static_cast<uint32_t>(ingest_.running());
  state.paused = ingest_.paused();
  state.idle = idle();
  state.eta_ms = ingest_.eta_ms();
  const VectorFiller& filler = const_cast<Engine*>(this)->best_filler();
  state.tokens_embedded = filler.tokens_embedded();
  state.passages_embedded_now = filler.passages_embedded();
  const double embed_ms = filler.embed_ms();
  state.embed_tokens_per_s = embed_ms > 0 ? static_cast<double>(filler.tokens_embedded()) / embed_ms * 1000 : 0;
  state.loop_lag.p50_ms = static_cast<float>(lag_.Quantile(0.5));
  state.loop_lag.p99_ms = static_cast<float>(lag_.Quantile(0.99));
  state.loop_lag.max_ms = static_cast<float>(lag_.max_ms());
  state.loop_lag.samples = lag_.samples();
  state.loop_lag.worst_message = lag_.worst();
  state.memory_bytes = context_.library.memory_bytes();
  state.library_version = files_.version();
  return state;
}

void Engine::StateMayHaveChanged() {
  if (state_scheduled_) return;
  state_scheduled_ = true;
  MeasureLag();
  // At once when something begins or ends, else at a pace that a person can read.
  const bool soon = ingest_.idle() || model_state_ != protocol::ModelState::kReady;
  context_.platform.loop->PostDelayed(soon ? 0 : kStateIntervalMs, [this] {
    state_scheduled_ = false;
    send_(MessageKind::kEvent, MessageType::kStateChanged, RequestId{}, protocol::Encode(protocol::StateChanged{State()}));
    CheckIdle();
  });
}

void Engine::MeasureStorage() {
  context_.OnStorage<Result<uint64_t>>(
      Priority::kBackground, [](Store& store) { return store.SizeBytes(); },
      [this](Result<uint64_t> size) {
        if (size.ok()) storage_bytes_ = size.value();
        StateMayHaveChanged();
      });
}

// While there is work, a probe goes through the loop every few milliseconds; its delay is the lag that
// a person's next request would meet. Idle means no timers.
void Engine::MeasureLag() {
  if (measuring_) return;
  measuring_ = true;
  const double sent_ms = context_.platform.clock->NowMs();
  context_.platform.loop->Post([this, sent_ms] {
    lag_.Record(context_.platform.clock->NowMs() - sent_ms, "loop");
    context_.platform.loop->PostDelayed(kLagProbeIntervalMs, [this] {
      measuring_ = false;
      if (!idle()) MeasureLag();
    });
  });
}

void Engine::CheckIdle() {
  if (idle_waiters_.empty() || idle_check_scheduled_) return;
  // Looked at again from the loop: what was just posted counts as work.
  idle_check_scheduled_ = true;
  context_.platform.loop->Post([this] {
    idle_check_scheduled_ = false;
    if (!idle()) return;  // what still runs calls here again when it ends
    for (RequestId id : std::exchange(idle_waiters_, {})) Respond(id, protocol::Ack{});
  });
}

}  // namespace lodestone
