#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "index/flat_index.h"

namespace lodestone {

// Nodes in levels and the links between them; a node's number is its row in the FlatIndex.
// Thread: any. Nodes never move and links are read without a lock: a list that changes meanwhile shows
// some of its old and some of its new links, all of them to nodes that have that level. Who writes
// a node's links keeps other writers of that node out.
// A row whose vector another has already is that one's copy and no node: linked to each other, many copies would
// lead nowhere else.
// Owns: its nodes.
// Shape: `links` links a node on each level above 0, twice as many on level 0.
class HnswGraph {
 public:
  static constexpr Row kNoRow = UINT32_MAX;
  static constexpr int kMaxLevel = 15;
  static constexpr uint32_t kMaxLinks = 64;

  // Where every walk starts. `level` is -1 and `row` kNoRow while there is no node.
  struct Entry {
    Row row = kNoRow;
    int level = -1;
  };

  explicit HnswGraph(uint32_t links);
  ~HnswGraph();
  HnswGraph(const HnswGraph&) = delete;
  HnswGraph& operator=(const HnswGraph&) = delete;

  uint32_t links() const { return links_; }
  uint32_t Capacity(int level) const { return level == 0 ? 2 * links_ : links_; }

  // REQUIRES: the row has no node yet, 0 <= level <= kMaxLevel.
  void AddNode(Row row, int level);
  // -1 where there is no node.
  int Level(Row row) const;
  // [Capacity(level)]; the first kNoRow ends the list. Loads acquire, stores release.
  // REQUIRES: level <= Level(row).
  std::atomic<Row>* Links(Row row, int level) const;

  // REQUIRES: no other thread adds a copy of this one meanwhile.
  void AddCopy(Row original, Row copy);
  // Goes from a node through its copies; kNoRow after the last.
  Row NextCopy(Row row) const;

  Entry entry() const;
  void SetEntry(Entry entry);

  // A row is complete once it can be found: a node with its own links and those back to it, or a copy.
  void MarkComplete(Row row);
  // All rows below this are complete.
  Row complete_below() const;

  uint32_t node_count() const { return node_count_.load(std::memory_order_relaxed); }
  size_t memory_bytes() const;

 private:
  struct Chunk;
  static constexpr Row kChunkRows = 1024;
  static constexpr size_t kMaxChunks = 16384;

  Chunk* MakeChunkOf(Row row);
  Chunk* ChunkOf(Row row) const { return chunks_[row / kChunkRows].load(std::memory_order_acquire); }

  const uint32_t links_;
  std::mutex chunk_mutex_;
  std::vector<std::atomic<Chunk*>> chunks_;
  std::atomic<uint64_t> entry_{0};  // (level + 1) << 32 | row; 0: none
  std::atomic<uint32_t> node_count_{0};
  std::atomic<uint32_t> chunk_count_{0};
  std::atomic<size_t> upper_bytes_{0};
  mutable std::atomic<Row> complete_below_{0};
};

}  // namespace lodestone
