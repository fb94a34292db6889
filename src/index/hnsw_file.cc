// How a graph is kept, all numbers little-endian:
//
//   u32 magic, u32 version, u64 checksum of what follows
//   u32 links, u32 build_width, u64 seed, u32 node count, u32 entry
//   u32 passage of each node; 0 for one that was removed
//   u8 highest level of each node; 255 for a copy of another
//   for each node, for each of its levels from 0: u8 link count, u32 nodes linked to;
//     for a copy: u32 node that it is a copy of
//
// Nodes and copies are numbered in the order of their rows, without gaps.

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/check.h"
#include "base/hash.h"
#include "index/hnsw_index.h"

namespace lodestone {
namespace {

constexpr uint32_t kMagic = 0x57534e48;  // "HNSW"
constexpr uint32_t kVersion = 1;
constexpr uint8_t kCopy = 255;
constexpr size_t kBodyBegin = 2 * sizeof(uint32_t) + sizeof(uint64_t);
static_assert(std::endian::native == std::endian::little);
static_assert(2 * HnswGraph::kMaxLinks <= UINT8_MAX);

template <typename T>
void Put(T value, std::string* bytes) {
  bytes->append(reinterpret_cast<const char*>(&value), sizeof value);
}

// Reads numbers until the bytes end; then, and ever after, it fails.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : bytes_(bytes) {}
  template <typename T>
  bool Get(T* value) {
    if (!Has(sizeof *value)) return false;
    std::memcpy(value, bytes_.data(), sizeof *value);
    bytes_.remove_prefix(sizeof *value);
    return true;
  }
  template <typename T>
  bool GetAll(size_t count, std::vector<T>* values) {
    if (count > bytes_.size() / sizeof(T) || !ok_) return ok_ = false;
    values->resize(count);
    if (count == 0) return true;  // there may be no data to point at
    std::memcpy(values->data(), bytes_.data(), count * sizeof(T));
    bytes_.remove_prefix(count * sizeof(T));
    return true;
  }
  bool AtEnd() const { return ok_ && bytes_.empty(); }

 private:
  bool Has(size_t size) { return ok_ = ok_ && size <= bytes_.size(); }

  std::string_view bytes_;
  bool ok_ = true;
};

Status Bad(const char* detail) {
  return Status(StatusCode::kBadData, "The saved search index is damaged; it is built anew.", detail);
}

// What the bytes say, every node number in it below passages.size().
struct SavedGraph {
  size_t ListIndex(uint32_t node, uint32_t level) const { return first_list[node] + level; }
  std::span<const uint32_t> Links(uint32_t node, uint32_t level) const {
    const size_t list = ListIndex(node, level);
    return {links.data() + first_link[list], first_link[list + 1] - first_link[list]};
  }

  HnswOptions options;
  uint32_t entry = 0;
  std::vector<uint32_t> passages;
  std::vector<uint8_t> levels;
  std::vector<size_t> first_list;  // by node
  std::vector<size_t> first_link;  // by list, and the end
  std::vector<uint32_t> links;
  std::vector<std::pair<uint32_t, uint32_t>> copies;  // and of what
};

Status Parse(std::string_view bytes, SavedGraph* saved) {
  Cursor cursor(bytes);
  uint32_t magic = 0, version = 0, node_count = 0;
  uint64_t checksum = 0;
  if (!cursor.Get(&magic) || !cursor.Get(&version) || !cursor.Get(&checksum)) return Bad("too short");
  if (magic != kMagic || version != kVersion) return Bad("another format or version");
  if (checksum != Checksum(bytes.substr(kBodyBegin))) return Bad("checksum");
  HnswOptions& options = saved->options;
  if (!cursor.Get(&options.links) || !cursor.Get(&options.build_width) || !cursor.Get(&options.seed) ||
      !cursor.Get(&node_count) || !cursor.Get(&saved->entry)) {
    return Bad("too short");
  }
  if (options.links < 2 || options.links > HnswGraph::kMaxLinks || options.build_width == 0) return Bad("options");
  if (!cursor.GetAll(node_count, &saved->passages) || !cursor.GetAll(node_count, &saved->levels)) return Bad("nodes");
  const auto is_node = [&](uint32_t node) { return node < node_count && saved->levels[node] != kCopy; };
  if (node_count > 0 && !is_node(saved->entry)) return Bad("entry");
  saved->first_list.reserve(node_count);
  std::vector<uint32_t> list;
  for (uint32_t node = 0; node < node_count; ++node) {
    saved->first_list.push_back(saved->first_link.size());
    if (saved->levels[node] == kCopy) {
      uint32_t original = 0;
      if (!cursor.Get(&original) || !is_node(original)) return Bad("copy");
      saved->copies.emplace_back(node, original);
      continue;
    }
    if (saved->levels[node] > HnswGraph::kMaxLevel) return Bad("level");
    for (uint32_t level = 0; level <= saved->levels[node]; ++level) {
      uint8_t count = 0;
      const uint32_t capacity = level == 0 ? 2 * options.links : options.links;
      if (!cursor.Get(&count) || count > capacity || !cursor.GetAll(count, &list)) return Bad("links");
      for (const uint32_t other : list) {
        if (!is_node(other) || saved->levels[other] < level) return Bad("link");
      }
      saved->first_link.push_back(saved->links.size());
      saved->links.insert(saved->links.end(), list.begin(), list.end());
    }
  }
  saved->first_link.push_back(saved->links.size());
  return cursor.AtEnd() ? OkStatus() : Bad("too long");
}

// The row of each saved node, kNoRow where its passage has gone.
std::vector<Row> RowsOf(const SavedGraph& saved, const FlatIndex& vectors) {
  std::vector<Row> row_of_passage;
  const Row row_count = vectors.row_count();
  for (Row row = 0; row < row_count; ++row) {
    if (!vectors.IsLive(row)) continue;
    const uint32_t passage = vectors.passage(row).value;
    if (passage >= row_of_passage.size()) row_of_passage.resize(size_t{passage} + 1, HnswGraph::kNoRow);
    row_of_passage[passage] = row;
  }
  std::vector<Row> rows;
  rows.reserve(saved.passages.size());
  for (const uint32_t passage : saved.passages) {
    rows.push_back(passage < row_of_passage.size() && passage != 0 ? row_of_passage[passage] : HnswGraph::kNoRow);
    // A passage named twice is a node once.
    if (rows.back() != HnswGraph::kNoRow) row_of_passage[passage] = HnswGraph::kNoRow;
  }
  return rows;
}

// The node's links as rows: in place of one that has gone, those that it linked to, as far as there is room.
void BridgedLinks(const SavedGraph& saved, std::span<const Row> rows, uint32_t node, uint32_t level, size_t capacity,
                  std::vector<Row>* found) {
  found->clear();
  const std::span<const uint32_t> links = saved.Links(node, level);
  bool is_whole = true;
  for (const uint32_t other : links) {
    if (rows[other] == HnswGraph::kNoRow) is_whole = false;
    else found->push_back(rows[other]);
  }
  if (is_whole) return;
  for (const uint32_t other : links) {
    if (rows[other] != HnswGraph::kNoRow) continue;
    for (const uint32_t next : saved.Links(other, level)) {
      if (found->size() == capacity) return;
      const Row row = rows[next];
      if (row == HnswGraph::kNoRow || next == node || std::find(found->begin(), found->end(), row) != found->end()) continue;
      found->push_back(row);
    }
  }
}

void PutLinks(const HnswGraph& graph, Row row, int level, std::span<const uint32_t> node_of_row, std::string* body) {
  const std::atomic<Row>* links = graph.Links(row, level);
  uint32_t nodes[2 * HnswGraph::kMaxLinks];
  uint8_t count = 0;
  for (; count < graph.Capacity(level); ++count) {
    const Row link = links[count].load(std::memory_order_acquire);
    if (link == HnswGraph::kNoRow) break;
    nodes[count] = node_of_row[link];
  }
  Put(count, body);
  body->append(reinterpret_cast<const char*>(nodes), count * sizeof *nodes);
}

}  // namespace

std::string HnswIndex::Save() const {
  const Row row_count = vectors_->row_count();
  std::vector<Row> original_of(row_count, HnswGraph::kNoRow);  // itself for a node
  for (Row row = 0; row < row_count; ++row) {
    if (graph_.Level(row) < 0) continue;
    for (Row copy = row; copy != HnswGraph::kNoRow; copy = graph_.NextCopy(copy)) original_of[copy] = row;
  }
  std::vector<Row> rows;
  std::vector<uint32_t> node_of_row(row_count);
  for (Row row = 0; row < row_count; ++row) {
    node_of_row[row] = static_cast<uint32_t>(rows.size());
    if (original_of[row] != HnswGraph::kNoRow) rows.push_back(row);
  }
  const HnswGraph::Entry entry = graph_.entry();
  std::string body;
  body.reserve(rows.size() * (6 + (options_.links + 4) * sizeof(uint32_t)));
  Put(options_.links, &body);
  Put(options_.build_width, &body);
  Put(options_.seed, &body);
  Put(static_cast<uint32_t>(rows.size()), &body);
  Put(rows.empty() ? uint32_t{0} : node_of_row[entry.row], &body);
  for (const Row row : rows) Put(vectors_->IsLive(row) ? vectors_->passage(row).value : uint32_t{0}, &body);
  for (const Row row : rows) Put(original_of[row] == row ? static_cast<uint8_t>(graph_.Level(row)) : kCopy, &body);
  for (const Row row : rows) {
    if (original_of[row] != row) Put(node_of_row[original_of[row]], &body);
    for (int level = 0; level <= graph_.Level(row); ++level) PutLinks(graph_, row, level, node_of_row, &body);
  }
  std::string bytes;
  bytes.reserve(kBodyBegin + body.size());
  Put(kMagic, &bytes);
  Put(kVersion, &bytes);
  Put(Checksum(body), &bytes);
  return bytes += body;
}

Result<std::unique_ptr<HnswIndex>> HnswIndex::Load(std::shared_ptr<const FlatIndex> vectors, std::string_view bytes) {
  SavedGraph saved;
  if (Status status = Parse(bytes, &saved); !status.ok()) return status;
  std::vector<Row> rows = RowsOf(saved, *vectors);
  // Where an original has gone, a copy takes its place.
  for (const auto& [copy, original] : saved.copies) {
    if (rows[original] == HnswGraph::kNoRow) std::swap(rows[original], rows[copy]);
  }
  auto index = std::make_unique<HnswIndex>(std::move(vectors), saved.options);
  HnswGraph& graph = index->graph_;
  HnswGraph::Entry entry;
  for (uint32_t node = 0; node < rows.size(); ++node) {
    if (rows[node] == HnswGraph::kNoRow || saved.levels[node] == kCopy) continue;
    const int level = saved.levels[node];
    graph.AddNode(rows[node], level);
    if (level > entry.level || (level == entry.level && node == saved.entry)) entry = {rows[node], level};
  }
  std::vector<Row> found;
  for (uint32_t node = 0; node < rows.size(); ++node) {
    if (rows[node] == HnswGraph::kNoRow || saved.levels[node] == kCopy) continue;
    for (int level = 0; level <= saved.levels[node]; ++level) {
      BridgedLinks(saved, rows, node, static_cast<uint32_t>(level), graph.Capacity(level), &found);
      std::atomic<Row>* links = graph.Links(rows[node], level);
      for (size_t i = 0; i < found.size(); ++i) links[i].store(found[i], std::memory_order_release);
    }
    graph.MarkComplete(rows[node]);
  }
  for (const auto& [copy, original] : saved.copies) {
    if (rows[copy] == HnswGraph::kNoRow) continue;
    graph.AddCopy(rows[original], rows[copy]);
    graph.MarkComplete(rows[copy]);
  }
  if (entry.row != HnswGraph::kNoRow) graph.SetEntry(entry);
  return index;
}

}  // namespace lodestone
