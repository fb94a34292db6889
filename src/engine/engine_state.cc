// What Engine tells of itself: its state, its loop's lag, and that it is idle.

#include <cmath>
#include <string>
#include <utility>

#include "engine/engine.h"

namespace lodestone {
namespace {

using protocol::MessageType;

constexpr double kStateIntervalMs = 1000;
constexpr const char* kProbe = "";  // has no name, as it is nobody's work

protocol::LagStats StatsOf(const LagHistogram& lag) {
  return {.p50_ms = static_cast<float>(lag.Quantile(0.5)),
          .p99_ms = static_cast<float>(lag.Quantile(0.99)),
          .max_ms = static_cast<float>(lag.max_ms()),
          .samples = lag.samples(),
          .worst_message = lag.worst()};
}

std::string TextOf(const Stall& stall) {
  std::string text = "Lodestone: the coordinator's loop was held for " + std::to_string(std::lround(stall.ms)) + " ms by " + stall.what;
  if (stall.untold > 0) text += " (" + std::to_string(stall.untold) + " more since the last that was told of)";
  return text;
}

}  // namespace

void Engine::WatchLoop() {
  context_.platform.loop->on_ran = [this](const char* what, double begin_ms, double end_ms) {
    if (what != kProbe) lag_.Ran(what, begin_ms, end_ms);
  };
  lag_.on_stall = [this](const Stall& stall) {
    if (context_.platform.warn) context_.platform.warn(TextOf(stall));
    // The page shows it; not from here, as what is timed has not ended.
    context_.platform.loop->Post(Priority::kBackground, [this] { StateMayHaveChanged(); }, "WatchLoop");
  };
}

protocol::EngineState Engine::State() const {
  protocol::EngineState state;
  state.version = kEngineVersion;
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
  const VectorFiller& filler = fillers_.best();
  state.tokens_embedded = filler.tokens_embedded();
  state.passages_embedded_now = filler.passages_embedded();
  const double embed_ms = filler.embed_ms();
  state.embed_tokens_per_s = embed_ms > 0 ? static_cast<double>(filler.tokens_embedded()) / embed_ms * 1000 : 0;
  state.loop_lag = StatsOf(lag_.histogram());
  state.loop_stalls = lag_.stalls();
  const Executor& compute = *context_.platform.compute;
  state.pool_lag.interactive = StatsOf(compute.WaitTimes(Priority::kInteractive));
  state.pool_lag.visible = StatsOf(compute.WaitTimes(Priority::kVisible));
  state.pool_lag.background = StatsOf(compute.WaitTimes(Priority::kBackground));
  state.memory_bytes = context_.library.memory_bytes();
  state.library_version = files_.version();
  state.tasks = TaskEntries();
  state.ended_tasks = EndedTaskEntries();
  return state;
}

Engine::Phase Engine::PhaseNow() const {
  return {.model = model_state_,
          .cuts = context_.passage_tokenizer != nullptr,
          .indexing = !ingest_.idle(),
          .filling = !fillers_.idle(),
          .paused = ingest_.paused()};
}

void Engine::StateMayHaveChanged(bool awaited) {
  // At once when something begins or ends or somebody has asked for it, else at a pace that a person can read: each telling
  // is a frame of the page.
  const Phase phase = PhaseNow();
  const bool soon = awaited || phase != told_phase_ || !(phase.indexing || phase.filling);
  const Telling wanted = soon ? Telling::kSoon : Telling::kInTime;
  if (telling_ >= wanted) return;
  telling_ = wanted;
  MeasureLag(context_.platform.clock->NowMs());
  context_.platform.loop->PostDelayed(soon ? 0 : kStateIntervalMs, [this, turn = ++telling_turn_] {
    if (turn != telling_turn_) return;  // it was told of sooner
    TellState();
    CheckIdle();
  });
}

// What somebody waits for has waited for a thread itself.
void Engine::WarnOfPool() {
  const LagHistogram waits = context_.platform.compute->WaitTimes(Priority::kInteractive);
  if (waits.max_ms() <= told_pool_wait_ms_) return;
  told_pool_wait_ms_ = waits.max_ms();
  if (!context_.platform.warn) return;
  context_.platform.warn("Lodestone: " + waits.worst() + " waited " + std::to_string(std::lround(waits.max_ms())) +
                         " ms for a thread of the pool");
}

void Engine::TellState() {
  FollowTasks();
  WarnOfPool();
  telling_ = Telling::kNot;
  ++telling_turn_;
  told_phase_ = PhaseNow();
  const protocol::EngineState state = State();
  told_idle_ = state.idle;
  send_(MessageKind::kEvent, MessageType::kStateChanged, RequestId{}, protocol::Encode(protocol::StateChanged{state}));
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
void Engine::MeasureLag(double now_ms) {
  if (measuring_) return;
  measuring_ = true;
  const Clock& clock = *context_.platform.clock;
  lag_.ProbePosted(now_ms);
  const auto probe = [this, &clock] {
    lag_.ProbeRan(clock.NowMs());
    // What holds the loop between two probes makes the timer late.
    lag_.ProbeTimed(clock.NowMs() + LagMonitor::kTickMs);
    const auto again = [this, &clock] {
      lag_.ProbeRan(clock.NowMs());
      measuring_ = false;
      if (!idle()) MeasureLag(clock.NowMs());
    };
    context_.platform.loop->PostDelayed(LagMonitor::kTickMs, again, kProbe);
  };
  context_.platform.loop->Post(Priority::kInteractive, probe, kProbe);
}

void Engine::CheckIdle() {
  if (idle_waiters_.empty() || idle_check_scheduled_) return;
  // Looked at again from the loop: what was just posted counts as work.
  idle_check_scheduled_ = true;
  context_.platform.loop->Post(Priority::kBackground, [this] {
    idle_check_scheduled_ = false;
    if (!idle()) return;  // what still runs calls here again when it ends
    if (telling_ != Telling::kNot || !told_idle_) TellState();  // who waits sees it
    for (RequestId id : std::exchange(idle_waiters_, {})) Respond(id, protocol::Ack{});
  });
}

}  // namespace lodestone
