#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "engine/context.h"
#include "index/hnsw_index.h"

namespace lodestone {

// Keeps a graph of near neighbours over the vectors of each model that has more of them than are scanned in the
// time that a query has; below that, scanning is exact and as quick. Built in the background as a task, in slices on all
// compute threads that are free, brought up to date as vectors come, and kept in the store.
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
  void Load(const std::string& model_id, const Tier& tier);
  void Build(const std::string& model_id, const Tier& tier);
  void NextSlice(std::shared_ptr<Building> building);
  void Save(const std::string& model_id, std::shared_ptr<HnswIndex> graph);
  void Ended(const std::string& model_id);

  EngineContext* context_;
  uint32_t least_vectors_ = 200'000;  // README.md, decisions
  std::set<std::string> at_work_;           // models whose graph is loaded, built or saved just now
  std::set<std::string> given_up_;          // models whose graph a person has cancelled, until it is begun anew or the next start
  std::map<std::string, Row> saved_rows_;  // by model: how much of its graph is in the store
};

}  // namespace lodestone
