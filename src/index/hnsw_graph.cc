#include "index/hnsw_graph.h"

#include "base/check.h"

namespace lodestone {
namespace {

constexpr size_t kLineLinks = 16;

struct alignas(64) Line {
  std::atomic<Row> links[kLineLinks];
};

void Clear(std::atomic<Row>* links, size_t count) {
  for (size_t i = 0; i < count; ++i) links[i].store(HnswGraph::kNoRow, std::memory_order_relaxed);
}

}  // namespace

struct HnswGraph::Chunk {
  explicit Chunk(uint32_t links) : bottom((size_t{kChunkRows} * 2 * links + kLineLinks - 1) / kLineLinks) {
    for (Line& line : bottom) Clear(line.links, kLineLinks);
    for (std::atomic<int8_t>& level : levels) level.store(-1, std::memory_order_relaxed);
    Clear(next_copies.data(), kChunkRows);
  }

  std::vector<Line> bottom;  // [kChunkRows x 2 * links], level 0
  std::array<std::unique_ptr<std::atomic<Row>[]>, kChunkRows> upper;  // [level x links], from level 1
  std::array<std::atomic<int8_t>, kChunkRows> levels;
  std::array<std::atomic<bool>, kChunkRows> complete{};
  std::array<std::atomic<Row>, kChunkRows> next_copies;
};

HnswGraph::HnswGraph(uint32_t links) : links_(links), chunks_(kMaxChunks) {
  LODESTONE_CHECK(links >= 2 && links <= kMaxLinks);
}

HnswGraph::~HnswGraph() {
  for (std::atomic<Chunk*>& chunk : chunks_) delete chunk.load(std::memory_order_relaxed);
}

HnswGraph::Chunk* HnswGraph::MakeChunkOf(Row row) {
  LODESTONE_CHECK(row / kChunkRows < kMaxChunks);
  if (Chunk* chunk = ChunkOf(row)) return chunk;
  const std::lock_guard<std::mutex> lock(chunk_mutex_);
  if (Chunk* chunk = ChunkOf(row)) return chunk;
  Chunk* chunk = new Chunk(links_);
  chunks_[row / kChunkRows].store(chunk, std::memory_order_release);
  chunk_count_.fetch_add(1, std::memory_order_relaxed);
  return chunk;
}

void HnswGraph::AddNode(Row row, int level) {
  LODESTONE_CHECK(level >= 0 && level <= kMaxLevel);
  Chunk* chunk = MakeChunkOf(row);
  const Row i = row % kChunkRows;
  LODESTONE_CHECK(chunk->levels[i].load(std::memory_order_relaxed) < 0);
  if (level > 0) {
    const size_t count = size_t{static_cast<uint32_t>(level)} * links_;
    chunk->upper[i] = std::make_unique<std::atomic<Row>[]>(count);
    Clear(chunk->upper[i].get(), count);
    upper_bytes_.fetch_add(count * sizeof(Row), std::memory_order_relaxed);
  }
  chunk->levels[i].store(static_cast<int8_t>(level), std::memory_order_release);
  node_count_.fetch_add(1, std::memory_order_relaxed);
}

int HnswGraph::Level(Row row) const {
  if (row / kChunkRows >= kMaxChunks) return -1;
  const Chunk* chunk = ChunkOf(row);
  return chunk ? chunk->levels[row % kChunkRows].load(std::memory_order_acquire) : -1;
}

std::atomic<Row>* HnswGraph::Links(Row row, int level) const {
  Chunk* chunk = ChunkOf(row);
  const Row i = row % kChunkRows;
  if (level > 0) return chunk->upper[i].get() + size_t{static_cast<uint32_t>(level - 1)} * links_;
  std::atomic<Row>* first = chunk->bottom.data()->links;  // a run of lines is one of links
  return first + size_t{i} * 2 * links_;
}

void HnswGraph::AddCopy(Row original, Row copy) {
  std::atomic<Row>& first = ChunkOf(original)->next_copies[original % kChunkRows];
  std::atomic<Row>& next = MakeChunkOf(copy)->next_copies[copy % kChunkRows];
  next.store(first.load(std::memory_order_relaxed), std::memory_order_relaxed);
  first.store(copy, std::memory_order_release);
}

Row HnswGraph::NextCopy(Row row) const {
  return ChunkOf(row)->next_copies[row % kChunkRows].load(std::memory_order_acquire);
}

HnswGraph::Entry HnswGraph::entry() const {
  const uint64_t packed = entry_.load(std::memory_order_acquire);
  if (packed == 0) return {};
  return {static_cast<Row>(packed), static_cast<int>(packed >> 32) - 1};
}

void HnswGraph::SetEntry(Entry entry) {
  entry_.store(uint64_t{static_cast<uint32_t>(entry.level + 1)} << 32 | entry.row, std::memory_order_release);
}

void HnswGraph::MarkComplete(Row row) { ChunkOf(row)->complete[row % kChunkRows].store(true, std::memory_order_release); }

Row HnswGraph::complete_below() const {
  const Row before = complete_below_.load(std::memory_order_acquire);
  Row row = before;
  while (row / kChunkRows < kMaxChunks) {
    const Chunk* chunk = ChunkOf(row);
    if (!chunk || !chunk->complete[row % kChunkRows].load(std::memory_order_acquire)) break;
    ++row;
  }
  // Where several threads store, the last may store less than another: it only costs the next a few steps.
  if (row != before) complete_below_.store(row, std::memory_order_release);
  return row;
}

size_t HnswGraph::memory_bytes() const {
  const size_t chunk_bytes = sizeof(Chunk) + size_t{kChunkRows} * 2 * links_ * sizeof(Row);
  return chunk_count_.load(std::memory_order_relaxed) * chunk_bytes + upper_bytes_.load(std::memory_order_relaxed) +
         kMaxChunks * sizeof(Chunk*);
}

}  // namespace lodestone
