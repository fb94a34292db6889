#include "engine/graph_keeper.h"

#include <algorithm>
#include <utility>

namespace lodestone {
namespace {

// About 20 ms of one thread: what a query's own work may have to wait for.
constexpr Row kSliceRows = 32;

}  // namespace

struct GraphKeeper::Building {
  std::string model_id;
  std::shared_ptr<HnswIndex> graph;
  Row next = 0;
  Row end = 0;  // rows that came later are for the next time
  int slices_running = 0;
};

void GraphKeeper::SetLeastVectors(uint32_t count) {
  least_vectors_ = std::max(1u, count);
  Tend();
}

void GraphKeeper::Tend() {
  for (const auto& [model_id, tier] : context_->library.tiers()) {
    if (building_.contains(model_id)) continue;
    if (tier->index->live_count() < least_vectors_) {
      tier->graph.reset();
    } else if (!tier->graph || tier->graph->RebuildDue() || tier->graph->complete_below() < tier->index->row_count()) {
      Build(model_id, tier.get());
    }
  }
}

void GraphKeeper::Build(const std::string& model_id, Tier* tier) {
  if (others_busy()) return;  // whoever is busy calls Tend at the end
  if (!tier->graph || tier->graph->RebuildDue()) {
    tier->graph = std::make_shared<HnswIndex>(tier->index, HnswOptions{});
  }
  auto building = std::make_shared<Building>();
  building->model_id = model_id;
  building->graph = tier->graph;
  building->next = tier->graph->complete_below();
  building->end = tier->index->row_count();
  building_[model_id] = building;
  for (int i = context_->platform.compute->thread_count(); i > 0; --i) NextSlice(building);
}

void GraphKeeper::NextSlice(std::shared_ptr<Building> building) {
  const Tier* tier = context_->library.FindTier(building->model_id);
  const bool goes_on = tier && tier->graph == building->graph && building->next < building->end && !others_busy();
  if (!goes_on) {
    if (building->slices_running > 0) return;
    // What was not inserted is found by scanning; the next Tend takes it up again.
    const bool ended = building->next >= building->end;
    building_.erase(building->model_id);
    if (ended) Tend();
    return;
  }
  const Row begin = building->next;
  const Row end = std::min(building->end, begin + kSliceRows);
  building->next = end;
  ++building->slices_running;
  context_->OnCompute<bool>(
      Priority::kBackground,
      [graph = building->graph, compute = context_->platform.compute, begin, end] {
        for (Row row = begin; row < end; ++row) {
          graph->Insert(row);
          if (compute->InteractiveWaiting()) compute->RunInteractive();
        }
        return true;
      },
      [this, building](bool) {
        --building->slices_running;
        NextSlice(building);
      });
}

}  // namespace lodestone
