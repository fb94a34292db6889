#include "engine/core_share.h"

#include <algorithm>

namespace lodestone {
namespace {

// When questions overlap without end, the work in the background goes on beside them after so long.
constexpr double kMostHeldMs = 300;

}  // namespace

CoreShare::CoreShare(EngineContext* context) : context_(context), threads_(context->platform.compute->thread_count()) {
  Embedder& instant = context_->instant.embedder;
  Embedder& larger = context_->larger.embedder;
  instant.bulk_lane_limit = [this] { return Lanes(); };
  larger.bulk_lane_limit = [this, &instant] { return instant.bulk_pending() > 0 ? 0 : Lanes(); };
  instant.on_bulk_lanes_busy = [this, &instant, &larger] {
    Share();
    if (instant.bulk_pending() == 0) larger.Pump();
  };
  larger.on_bulk_lanes_busy = [this] { Share(); };
  context->on_bulk_held = [this, &instant, &larger] {
    if (context_->bulk_holds == 0) held_since_ms_ = -1;
    else if (held_since_ms_ < 0) held_since_ms_ = context_->platform.clock->NowMs();
    Share();
    instant.Pump();
    larger.Pump();
  };
  Share();
}

void CoreShare::SetThreads(int count) {
  threads_ = count;
  Share();
}

bool CoreShare::Held() const {
  return held_since_ms_ >= 0 && context_->platform.clock->NowMs() < held_since_ms_ + kMostHeldMs;
}

int CoreShare::Lanes() const { return Held() ? 0 : std::max(1, threads_ - (context_->computing() ? 1 : 0)); }

void CoreShare::Share() {
  const int busy = context_->instant.embedder.bulk_lanes_busy() + context_->larger.embedder.bulk_lanes_busy();
  context_->platform.compute->SetActiveLimit(Held() ? 0 : std::max(1, threads_ - busy));
}

}  // namespace lodestone
