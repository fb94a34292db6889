#include "engine/graph_keeper.h"

#include <algorithm>
#include <utility>

namespace lodestone {
namespace {

// What new files may have to wait for; queries are served between two rows.
constexpr Row kSliceRows = 32;
// A graph is saved again when so large a part of it is new: a twentieth.
constexpr Row kUnsavedShare = 20;

}  // namespace

struct GraphKeeper::Building {
  std::string model_id;
  std::shared_ptr<HnswIndex> graph;
  Row next = 0;
  Row end = 0;  // rows that came later are for the next time
  int slices_running = 0;
  TaskId task;
  bool cancelled = false;
};

void GraphKeeper::SetLeastVectors(uint32_t count) {
  least_vectors_ = std::max(1u, count);
  Tend();
}

void GraphKeeper::Tend() {
  if (others_busy()) return;  // whoever is busy calls again at the end
  for (const auto& [model_id, tier] : context_->library.tiers()) {
    if (at_work_.contains(model_id) || given_up_.contains(model_id)) continue;
    if (tier->index->live_count() < least_vectors_) {
      tier->graph.reset();
    } else if (!tier->graph) {
      Load(model_id, *tier);
    } else if (tier->graph->RebuildDue()) {
      tier->graph = std::make_shared<HnswIndex>(tier->index, HnswOptions{});
      Build(model_id, *tier);
    } else if (tier->graph->complete_below() < tier->index->row_count()) {
      Build(model_id, *tier);
    }
  }
}

void GraphKeeper::Ended(const std::string& model_id) {
  at_work_.erase(model_id);
  Tend();
}

void GraphKeeper::Load(const std::string& model_id, const Tier& tier) {
  at_work_.insert(model_id);
  context_->OnStorage<Result<std::string>>(
      Priority::kBackground, [model_id](Store& store) { return store.LoadGraph(model_id); },
      [this, model_id, index = tier.index](Result<std::string> bytes) {
        // Read damaged or not at all, it is made anew.
        auto saved = std::make_shared<std::string>(bytes.ok() ? std::move(bytes).value() : std::string());
        using Graph = std::shared_ptr<HnswIndex>;
        context_->OnCompute<Graph>(
            Priority::kBackground,
            [index, saved]() -> Graph {
              Result<std::unique_ptr<HnswIndex>> graph = HnswIndex::Load(index, *saved);
              if (graph.ok()) return std::move(graph).value();
              return std::make_shared<HnswIndex>(index, HnswOptions{});
            },
            [this, model_id, index](Graph graph) {
              Tier* tier = context_->library.FindTier(model_id);
              if (tier && tier->index == index) {
                tier->graph = std::move(graph);
                saved_rows_[model_id] = tier->graph->complete_below();
              }
              Ended(model_id);
            },
            "Load");
      });
}

void GraphKeeper::Build(const std::string& model_id, const Tier& tier) {
  at_work_.insert(model_id);
  auto building = std::make_shared<Building>();
  building->model_id = model_id;
  building->graph = tier.graph;
  building->next = tier.graph->complete_below();
  building->end = tier.index->row_count();
  const auto cancel = [this, building] {
    building->cancelled = true;
    given_up_.insert(building->model_id);
  };
  const auto restart = [this, model_id](TaskId) {
    given_up_.erase(model_id);
    Tend();
  };
  // A pause holds the slices that wait, and so those that would follow them.
  const Result<TaskId> task = context_->tasks.Adopt({.kind = "graph", .title = "Speeding up search by meaning", .subject = model_id},
                                                    {.cancel = cancel, .pause = [] {}, .resume = [] {}, .restart = restart});
  if (task.ok()) building->task = task.value();  // else it goes on unseen
  for (int i = context_->platform.compute->thread_count(); i > 0; --i) NextSlice(building);
}

void GraphKeeper::NextSlice(std::shared_ptr<Building> building) {
  context_->tasks.Report(building->task, building->graph->complete_below(), building->end);
  if (building->next >= building->end || building->cancelled || others_busy()) {
    if (building->slices_running > 0) return;
    context_->tasks.Finish(building->task, OkStatus());
    // What was not inserted is found by scanning; the next Tend takes it up again.
    if (building->next < building->end || building->cancelled) return Ended(building->model_id);
    return Save(building->model_id, building->graph);
  }
  const Row begin = building->next;
  const Row end = std::min(building->end, begin + kSliceRows);
  building->next = end;
  ++building->slices_running;
  context_->OnComputeFor<bool>(
      building->task, Priority::kBackground,
      [graph = building->graph, compute = context_->platform.compute, begin, end] {
        for (Row row = begin; row < end; ++row) {
          graph->Insert(row);
          if (compute->InteractiveWaiting()) compute->RunInteractive();
        }
        return true;
      },
      [this, building](Result<bool>) {
        --building->slices_running;
        NextSlice(building);
      });
}

void GraphKeeper::Save(const std::string& model_id, std::shared_ptr<HnswIndex> graph) {
  const Row rows = graph->complete_below();
  const Row saved = saved_rows_[model_id];
  if (rows >= saved && rows - saved < rows / kUnsavedShare) return Ended(model_id);
  saved_rows_[model_id] = rows;
  context_->OnCompute<std::string>(
      Priority::kBackground, [graph] { return graph->Save(); },
      [this, model_id](std::string bytes) {
        context_->OnStorage<Status>(
            Priority::kBackground,
            [model_id, bytes = std::move(bytes), queue = context_->platform.storage](Store& store) {
              return store.SaveGraph(model_id, bytes, [queue] {
                if (queue->InteractiveWaiting()) queue->RunInteractive();
              });
            },
            // Without room for it the graph is made anew at the next start, that is all.
            [this, model_id](Status) { Ended(model_id); }, "Save");
      });
}

}  // namespace lodestone
