#include "engine/core_share.h"

#include <algorithm>

namespace lodestone {
namespace {

constexpr int kStorageThreads = 1;
// What was searched for is on the screen by then.
constexpr double kWayMs = 60;
// Between two such times, so that work goes on under somebody who types or asks without a pause.
constexpr double kWorkMs = 40;

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
  Share();
}

void CoreShare::SetThreads(int count) {
  threads_ = count;
  Share();
}

void CoreShare::GiveWay() {
  if (giving_way_ || !context_->platform.threaded || context_->platform.clock->NowMs() < way_again_ms_) return;
  giving_way_ = true;
  Share();
  context_->platform.loop->PostDelayed(kWayMs, [this] {
    giving_way_ = false;
    way_again_ms_ = context_->platform.clock->NowMs() + kWorkMs;
    Share();
    context_->instant.embedder.Pump();
    context_->larger.embedder.Pump();
  }, "GiveWay");
}

int CoreShare::Lanes() const {
  const int lanes = threads_ - (context_->computing() ? 1 : 0);
  return giving_way_ ? std::max(0, lanes - kStorageThreads - 1) : std::max(1, lanes);
}

void CoreShare::Share() {
  const int busy = context_->instant.embedder.bulk_lanes_busy() + context_->larger.embedder.bulk_lanes_busy();
  const int left = threads_ - kStorageThreads - busy;
  context_->platform.compute->SetActiveLimit(giving_way_ ? std::max(0, left - 1) : std::max(1, left));
}

}  // namespace lodestone
