#pragma once

#include <functional>
#include <map>
#include <memory>

#include "engine/context.h"
#include "index/hnsw_index.h"

namespace lodestone {

// Keeps a graph of near neighbours over the vectors of each model that has more of them than are scanned in the
// time that a query has; below that, scanning is exact and as quick. Built in the background, in slices on all compute
// threads that are free, and brought up to date as vectors come.
// Thread: coordinator.
class GraphKeeper {
 public:
  explicit GraphKeeper(EngineContext* context) : context_(context) {}

  // Vectors came or went, or there may be time now.
  void Tend();
  // From so many vectors of one model on there is a graph.
  void SetLeastVectors(uint32_t count);
  // What goes before building: called between slices.
  std::function<bool()> others_busy = [] { return false; };

 private:
  struct Building;
  void Build(const std::string& model_id, Tier* tier);
  void NextSlice(std::shared_ptr<Building> building);

  EngineContext* context_;
  uint32_t least_vectors_ = 200'000;  // where a scan takes 5 ms on two threads (README.md, decisions)
  std::map<std::string, std::shared_ptr<Building>> building_;  // by model
};

}  // namespace lodestone
