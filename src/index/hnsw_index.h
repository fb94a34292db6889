#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "index/flat_index.h"
#include "index/hnsw_graph.h"

namespace lodestone {

struct HnswOptions {
  uint32_t links = 16;         // a node's on each level above 0, twice as many on level 0
  uint32_t build_width = 100;  // candidates for a new node's links
  uint64_t seed = 1;           // of the nodes' levels
};

using RowFilter = std::function<bool(Row)>;

// The nearest rows of a FlatIndex, most of the time, by walking a graph of near neighbours. Vectors stay
// in the FlatIndex alone.
// Thread: Insert and Search from any, also at the same time; Save while nobody inserts.
// Source: Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using
// Hierarchical Navigable Small World graphs", 2018.
class HnswIndex {
 public:
  HnswIndex(std::shared_ptr<const FlatIndex> vectors, const HnswOptions& options);
  ~HnswIndex();

  // Puts a row of the FlatIndex into the graph; from one thread and in order, the same graph each time.
  // REQUIRES: the row was not inserted before.
  void Insert(Row row);

  // The `count` best live rows that `allowed` (where it is given) says yes to, best first, with their cosines
  // from the f16 values. A greater `width` (ef in the paper) finds more of them and takes longer. Every row
  // of the FlatIndex counts, those past complete_below() being scanned. All rows are scanned where a walk
  // would not pay: under 16 rows for each of `width`, or a filter that lets next to nothing through.
  std::vector<ScoredRow> Search(const PreparedVector& query, size_t count, size_t width,
                                const RowFilter& allowed = {}) const;

  // All rows below this are in the graph.
  Row complete_below() const { return graph_.complete_below(); }
  // Removed rows are still walked through; once they are a third of all, walks take half as long again
  // and a new index over the live rows is due.
  bool RebuildDue() const;
  // Of the graph, without the FlatIndex.
  size_t memory_bytes() const { return graph_.memory_bytes(); }

  // The graph, bound to passages and not to rows, in one run of bytes with a checksum.
  std::string Save() const;
  // From such bytes over the same vectors, in any order; passages that have gone since are bridged over, new
  // ones are left for Insert.
  // Errors: kBadData for bytes that Save did not write.
  static Result<std::unique_ptr<HnswIndex>> Load(std::shared_ptr<const FlatIndex> vectors, std::string_view bytes);

 private:
  struct Scratch;
  class ScratchLease;

  int LevelFor(Row row) const;
  std::mutex& LinkMutex(Row row) { return link_mutexes_[row % link_mutexes_.size()]; }
  Row FindLinks(Row row, int level, HnswGraph::Entry entry, Scratch* scratch) const;
  void Connect(Row row, int top_level, Scratch* scratch);
  void LinkBack(Row row, ScoredRow other, int level, Scratch* scratch);
  template <typename Query>
  ScoredRow Descend(const Query& query, ScoredRow nearest, int from_level, int to_level, Scratch* scratch) const;
  template <typename Query>
  void Walk(const Query& query, ScoredRow start, int level, size_t width, Scratch* scratch) const;
  void Choose(std::span<const ScoredRow> candidates, size_t limit, std::vector<ScoredRow>* chosen) const;
  // The live and allowed rows that a walk of `width` ended with, by estimate, best first.
  std::vector<ScoredRow> WalkFor(const PreparedVector& query, size_t width, Row row_limit, const RowFilter& allowed) const;
  std::vector<ScoredRow> ScanFor(const PreparedVector& query, size_t count, Row begin, Row end, const RowFilter& allowed) const;

  const std::shared_ptr<const FlatIndex> vectors_;
  const HnswOptions options_;
  HnswGraph graph_;
  std::mutex entry_mutex_;  // held while a node of a new highest level goes in
  std::array<std::mutex, 256> link_mutexes_;  // by row: who writes its links
  mutable std::mutex scratch_mutex_;
  mutable std::vector<std::unique_ptr<Scratch>> scratches_;
};

}  // namespace lodestone
