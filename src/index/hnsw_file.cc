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
void Put(T value, char** at) {
  std::memcpy(*at, &value, sizeof value);
  *at += sizeof value;
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
  // A list's numbers stay where they are: what is returned is where they begin, null after the end.
  const char* Skip(size_t size) {
    if (!Has(size)) return nullptr;
    const char* const begin = bytes_.data();
    bytes_.remove_prefix(size);
    return begin;
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

// Numbers that may lie anywhere in the bytes.
class List {
 public:
  List() = default;
  List(const char* begin, uint32_t size) : begin_(begin), size_(size) {}
  uint32_t size() const { return size_; }
  uint32_t operator[](uint32_t i) const {
    uint32_t value;
    std::memcpy(&value, begin_ + size_t{i} * sizeof value, sizeof value);
    return value;
  }

 private:
  const char* begin_ = nullptr;
  uint32_t size_ = 0;
};

// What the bytes say, every node number in it below passages.size(). The bytes outlive it.
struct SavedGraph {
  const List& Links(uint32_t node, uint32_t level) const { return lists[first_list[node] + level]; }

  HnswOptions options;
  uint32_t entry = 0;
  std::vector<uint32_t> passages;
  std::vector<uint8_t> levels;
  std::vector<uint32_t> first_list;  // by node
  std::vector<List> lists;
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
  saved->lists.reserve(node_count + node_count / 8);
  for (uint32_t node = 0; node < node_count; ++node) {
    saved->first_list.push_back(static_cast<uint32_t>(saved->lists.size()));
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
      if (!cursor.Get(&count) || count > capacity) return Bad("links");
      const char* const begin = cursor.Skip(count * sizeof(uint32_t));
      if (!begin) return Bad("links");
      const List list(begin, count);
      for (uint32_t i = 0; i < count; ++i) {
        if (!is_node(list[i]) || saved->levels[list[i]] < level) return Bad("link");
      }
      saved->lists.push_back(list);
    }
  }
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
  const List& links = saved.Links(node, level);
  found->resize(links.size());
  size_t kept = 0;
  for (uint32_t i = 0; i < links.size(); ++i) {
    (*found)[kept] = rows[links[i]];
    kept += (*found)[kept] != HnswGraph::kNoRow;
  }
  found->resize(kept);
  if (kept == links.size()) return;
  for (uint32_t i = 0; i < links.size(); ++i) {
    if (rows[links[i]] != HnswGraph::kNoRow) continue;
    const List& beyond = saved.Links(links[i], level);
    for (uint32_t k = 0; k < beyond.size(); ++k) {
      if (found->size() == capacity) return;
      const Row row = rows[beyond[k]];
      if (row == HnswGraph::kNoRow || beyond[k] == node || std::find(found->begin(), found->end(), row) != found->end()) continue;
      found->push_back(row);
    }
  }
}

void PutLinks(const HnswGraph& graph, Row row, int level, std::span<const uint32_t> node_of_row, char** at) {
  const std::atomic<Row>* links = graph.Links(row, level);
  const uint32_t capacity = graph.Capacity(level);
  char* const count_at = (*at)++;
  uint8_t count = 0;
  for (; count < capacity; ++count) {
    const Row link = links[count].load(std::memory_order_acquire);
    if (link == HnswGraph::kNoRow) break;
    Put(node_of_row[link], at);
  }
  *count_at = static_cast<char>(count);
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
  // No more than it can be, cut in the end: what is written piece by piece is not to be checked for room each time.
  size_t most = kBodyBegin + 5 * sizeof(uint64_t);
  for (const Row row : rows) {
    most += 2 * sizeof(uint32_t) + 1;
    for (int level = 0; level <= graph_.Level(row); ++level) most += 1 + graph_.Capacity(level) * sizeof(uint32_t);
  }
  std::string bytes(most, '\0');
  char* at = bytes.data() + kBodyBegin;
  Put(options_.links, &at);
  Put(options_.build_width, &at);
  Put(options_.seed, &at);
  Put(static_cast<uint32_t>(rows.size()), &at);
  Put(rows.empty() ? uint32_t{0} : node_of_row[entry.row], &at);
  for (const Row row : rows) Put(vectors_->IsLive(row) ? vectors_->passage(row).value : uint32_t{0}, &at);
  for (const Row row : rows) Put(original_of[row] == row ? static_cast<uint8_t>(graph_.Level(row)) : kCopy, &at);
  for (const Row row : rows) {
    if (original_of[row] != row) Put(node_of_row[original_of[row]], &at);
    for (int level = 0; level <= graph_.Level(row); ++level) PutLinks(graph_, row, level, node_of_row, &at);
  }
  bytes.resize(static_cast<size_t>(at - bytes.data()));
  at = bytes.data();
  Put(kMagic, &at);
  Put(kVersion, &at);
  Put(Checksum(std::string_view(bytes).substr(kBodyBegin)), &at);
  return bytes;
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
