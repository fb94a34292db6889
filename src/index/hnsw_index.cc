#include "index/hnsw_index.h"

#include <algorithm>

#include "base/check.h"

namespace lodestone {
namespace {

constexpr Row kExpanded = 1u << 31;  // FlatIndex has fewer rows than that
constexpr size_t kRowsPerWidth = 16;
constexpr size_t kWidestFiltered = 1024;  // a scan is quicker than a wider walk

bool Better(const ScoredRow& a, const ScoredRow& b) { return a.score > b.score || (a.score == b.score && a.row < b.row); }

// Sebastiano Vigna's finaliser for splitmix64.
uint64_t Mix(uint64_t value) {
  value += 0x9e3779b97f4a7c15u;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

}  // namespace

// What one Insert or Search works in; kept, as making it anew costs more than a walk.
struct HnswIndex::Scratch {
  void BeginWalk(Row row_count) {
    pool.clear();
    visited.assign((size_t{row_count} + 63) / 64, 0);
  }
  // False when it was there before, or came into the FlatIndex after the walk began.
  bool Visit(Row row) {
    const size_t word = row / 64;
    if (word >= visited.size()) return false;
    const uint64_t bit = uint64_t{1} << (row % 64);
    if (visited[word] & bit) return false;
    visited[word] |= bit;
    return true;
  }
  // Keeps the `width` best; returns where it went, SIZE_MAX for nowhere.
  size_t Offer(ScoredRow candidate, size_t width) {
    if (pool.size() == width && !(candidate.score > pool.back().score)) return SIZE_MAX;
    const auto place = std::upper_bound(pool.begin(), pool.end(), candidate.score,
                                        [](float score, const ScoredRow& other) { return score > other.score; });
    const size_t position = static_cast<size_t>(place - pool.begin());
    if (pool.size() == width) pool.pop_back();
    pool.insert(pool.begin() + static_cast<ptrdiff_t>(position), candidate);
    return position;
  }

  std::vector<uint64_t> visited;   // a bit a row
  std::vector<ScoredRow> pool;     // best first
  Row batch[2 * HnswGraph::kMaxLinks];
  float scores[2 * HnswGraph::kMaxLinks];
  std::array<std::vector<ScoredRow>, HnswGraph::kMaxLevel + 1> chosen;  // by level
  std::vector<ScoredRow> candidates, kept;                              // of a list that is full
};

class HnswIndex::ScratchLease {
 public:
  explicit ScratchLease(const HnswIndex& index) : index_(index) {
    const std::lock_guard<std::mutex> lock(index_.scratch_mutex_);
    if (index_.scratches_.empty()) {
      scratch_ = std::make_unique<Scratch>();
    } else {
      scratch_ = std::move(index_.scratches_.back());
      index_.scratches_.pop_back();
    }
  }
  ~ScratchLease() {
    const std::lock_guard<std::mutex> lock(index_.scratch_mutex_);
    index_.scratches_.push_back(std::move(scratch_));
  }
  ScratchLease(const ScratchLease&) = delete;
  ScratchLease& operator=(const ScratchLease&) = delete;
  Scratch* get() { return scratch_.get(); }

 private:
  const HnswIndex& index_;
  std::unique_ptr<Scratch> scratch_;
};

HnswIndex::HnswIndex(std::shared_ptr<const FlatIndex> vectors, const HnswOptions& options)
    : vectors_(std::move(vectors)), options_(options), graph_(options.links) {
  LODESTONE_CHECK(options.build_width > 0);
}

HnswIndex::~HnswIndex() = default;

// One in `links` of a level's nodes is on the next too.
int HnswIndex::LevelFor(Row row) const {
  uint64_t random = Mix(options_.seed ^ Mix(row));
  int level = 0;
  for (; level < HnswGraph::kMaxLevel && random % options_.links == 0; ++level) random = Mix(random);
  return level;
}

void HnswIndex::Insert(Row row) {
  LODESTONE_CHECK(row < vectors_->row_count());
  ScratchLease lease(*this);
  Scratch* scratch = lease.get();
  const int level = LevelFor(row);
  std::unique_lock<std::mutex> raising(entry_mutex_, std::defer_lock);
  HnswGraph::Entry entry = graph_.entry();
  if (entry.level < level) {
    raising.lock();
    entry = graph_.entry();
    if (entry.level >= level) raising.unlock();
  }
  const Row original = FindLinks(row, level, entry, scratch);
  if (original != HnswGraph::kNoRow) {
    const std::lock_guard<std::mutex> lock(LinkMutex(original));
    graph_.AddCopy(original, row);
  } else {
    graph_.AddNode(row, level);
    Connect(row, std::min(level, entry.level), scratch);
    if (raising.owns_lock()) graph_.SetEntry({row, level});
  }
  graph_.MarkComplete(row);
}

// Leaves the links that a node should have in scratch->chosen; or returns the row that this is a copy of.
Row HnswIndex::FindLinks(Row row, int level, HnswGraph::Entry entry, Scratch* scratch) const {
  if (entry.level < 0) return HnswGraph::kNoRow;
  ScoredRow nearest = {entry.row, 0};
  vectors_->ScoreRows(row, {&nearest.row, 1}, &nearest.score);
  nearest = Descend(row, nearest, entry.level, level, scratch);
  for (int l = std::min(level, entry.level); l >= 0; --l) {
    Walk(row, nearest, l, options_.build_width, scratch);
    std::vector<ScoredRow>& pool = scratch->pool;
    for (ScoredRow& candidate : pool) candidate.row &= ~kExpanded;
    // Rounding may put a row that is only near before an equal one.
    for (size_t i = 0; i < std::min<size_t>(pool.size(), 4); ++i) {
      if (vectors_->SameCodes(row, pool[i].row)) return pool[i].row;
    }
    Choose(pool, options_.links, &scratch->chosen[l]);
    nearest = pool[0];
  }
  return HnswGraph::kNoRow;
}

// First the node's own links on all its levels, then those to it: who reaches the node can go on from it.
void HnswIndex::Connect(Row row, int top_level, Scratch* scratch) {
  for (int l = 0; l <= top_level; ++l) {
    std::atomic<Row>* links = graph_.Links(row, l);
    for (const ScoredRow& other : scratch->chosen[l]) (links++)->store(other.row, std::memory_order_release);
  }
  for (int l = 0; l <= top_level; ++l) {
    for (const ScoredRow& other : scratch->chosen[l]) LinkBack(other.row, {row, other.score}, l, scratch);
  }
}

void HnswIndex::LinkBack(Row row, ScoredRow other, int level, Scratch* scratch) {
  const std::lock_guard<std::mutex> lock(LinkMutex(row));
  std::atomic<Row>* links = graph_.Links(row, level);
  const uint32_t capacity = graph_.Capacity(level);
  uint32_t count = 0;
  for (; count < capacity; ++count) {
    const Row link = links[count].load(std::memory_order_relaxed);
    if (link == HnswGraph::kNoRow) break;
    scratch->batch[count] = link;
  }
  if (count < capacity) {
    links[count].store(other.row, std::memory_order_release);
    return;
  }
  vectors_->ScoreRows(row, {scratch->batch, count}, scratch->scores);
  scratch->candidates.assign(1, other);
  for (uint32_t i = 0; i < count; ++i) scratch->candidates.push_back({scratch->batch[i], scratch->scores[i]});
  std::sort(scratch->candidates.begin(), scratch->candidates.end(), Better);
  Choose(scratch->candidates, capacity, &scratch->kept);
  for (uint32_t i = 0; i < capacity; ++i) {
    const Row link = i < scratch->kept.size() ? scratch->kept[i].row : HnswGraph::kNoRow;
    links[i].store(link, std::memory_order_release);
  }
}

// Those that are nearer to the row than to any that was chosen before, so that links lead in all directions.
void HnswIndex::Choose(std::span<const ScoredRow> candidates, size_t limit, std::vector<ScoredRow>* chosen) const {
  constexpr size_t kAtOnce = 4;
  Row rows[2 * HnswGraph::kMaxLinks];
  float scores[kAtOnce];
  chosen->clear();
  for (const ScoredRow& candidate : candidates) {
    if (chosen->size() == limit) break;
    bool is_wanted = true;
    for (size_t begin = 0; begin < chosen->size() && is_wanted; begin += kAtOnce) {
      const size_t count = std::min(kAtOnce, chosen->size() - begin);
      vectors_->ScoreRows(candidate.row, {rows + begin, count}, scores);
      for (size_t i = 0; i < count; ++i) is_wanted &= scores[i] < candidate.score;
    }
    if (!is_wanted) continue;
    rows[chosen->size()] = candidate.row;
    chosen->push_back(candidate);
  }
}

template <typename Query>
ScoredRow HnswIndex::Descend(const Query& query, ScoredRow nearest, int from_level, int to_level,
                             Scratch* scratch) const {
  for (int level = from_level; level > to_level; --level) {
    for (Row from = HnswGraph::kNoRow; from != nearest.row;) {
      from = nearest.row;
      const std::atomic<Row>* links = graph_.Links(from, level);
      const Row known = vectors_->row_count();
      uint32_t count = 0;
      for (uint32_t i = 0; i < graph_.Capacity(level); ++i) {
        const Row link = links[i].load(std::memory_order_acquire);
        if (link == HnswGraph::kNoRow) break;
        if (link < known) scratch->batch[count++] = link;
      }
      vectors_->ScoreRows(query, {scratch->batch, count}, scratch->scores);
      for (uint32_t i = 0; i < count; ++i) {
        if (scratch->scores[i] > nearest.score) nearest = {scratch->batch[i], scratch->scores[i]};
      }
    }
  }
  return nearest;
}

// Leaves the best of what it met in scratch->pool, rows marked with kExpanded.
template <typename Query>
void HnswIndex::Walk(const Query& query, ScoredRow start, int level, size_t width, Scratch* scratch) const {
  scratch->BeginWalk(vectors_->row_count());
  scratch->Visit(start.row);
  scratch->Offer(start, width);
  const uint32_t capacity = graph_.Capacity(level);
  std::vector<ScoredRow>& pool = scratch->pool;
  for (size_t next = 0; next < pool.size();) {
    if (pool[next].row & kExpanded) {
      ++next;
      continue;
    }
    const std::atomic<Row>* links = graph_.Links(pool[next].row, level);
    pool[next].row |= kExpanded;
    uint32_t count = 0;
    for (uint32_t i = 0; i < capacity; ++i) {
      const Row link = links[i].load(std::memory_order_acquire);
      if (link == HnswGraph::kNoRow) break;
      scratch->batch[count] = link;
      count += scratch->Visit(link);
    }
    vectors_->ScoreRows(query, {scratch->batch, count}, scratch->scores);
    for (uint32_t i = 0; i < count; ++i) {
      next = std::min(next, scratch->Offer({scratch->batch[i], scratch->scores[i]}, width));
    }
  }
}

std::vector<ScoredRow> HnswIndex::WalkFor(const PreparedVector& query, size_t width, Row row_limit,
                                          const RowFilter& allowed) const {
  ScratchLease lease(*this);
  Scratch* scratch = lease.get();
  const HnswGraph::Entry entry = graph_.entry();
  ScoredRow nearest = {entry.row, 0};
  vectors_->ScoreRows(query, {&nearest.row, 1}, &nearest.score);
  nearest = Descend(query, nearest, entry.level, 0, scratch);
  Walk(query, nearest, 0, width, scratch);
  std::vector<ScoredRow> found;
  for (const ScoredRow& candidate : scratch->pool) {
    // A node stands for its copies too.
    for (Row row = candidate.row & ~kExpanded; row != HnswGraph::kNoRow; row = graph_.NextCopy(row)) {
      if (row < row_limit && vectors_->IsLive(row) && (!allowed || allowed(row))) found.push_back({row, candidate.score});
    }
  }
  return found;
}

std::vector<ScoredRow> HnswIndex::ScanFor(const PreparedVector& query, size_t count, Row begin, Row end,
                                          const RowFilter& allowed) const {
  std::vector<float> scores(end - begin);
  vectors_->Scan(query, begin, end, scores.data());
  if (allowed) {
    for (Row row = begin; row < end; ++row) {
      float& score = scores[row - begin];
      if (score != FlatIndex::kDeadScore && !allowed(row)) score = FlatIndex::kDeadScore;
    }
  }
  return SelectTop(scores, begin, count);
}

std::vector<ScoredRow> HnswIndex::Search(const PreparedVector& query, size_t count, size_t width,
                                         const RowFilter& allowed) const {
  // Estimates are close enough that the best by f16 are among that many.
  const size_t rescored = 4 * count;
  const Row covered = complete_below();
  const Row row_count = vectors_->row_count();
  width = std::max({width, count, size_t{1}});
  std::vector<ScoredRow> found;
  bool is_found = false;
  // Of those that a walk ends with, removed rows are as many as among all.
  const size_t live = std::max<size_t>(vectors_->live_count(), 1);
  size_t wide = std::min<size_t>(width * std::max<size_t>(row_count, 1) / live, 2 * width);
  while (!is_found && wide * kRowsPerWidth < covered) {
    found = WalkFor(query, wide, covered, allowed);
    is_found = 2 * found.size() >= width && found.size() >= count;
    if (is_found) break;
    wide *= std::clamp<size_t>(width / (found.size() + 1), 2, 8);
    if (wide > std::max(kWidestFiltered, width)) break;
  }
  if (!is_found) found = ScanFor(query, rescored, 0, covered, allowed);
  if (covered < row_count) {
    const std::vector<ScoredRow> rest = ScanFor(query, rescored, covered, row_count, allowed);
    found.insert(found.end(), rest.begin(), rest.end());
    std::sort(found.begin(), found.end(), Better);
  }
  if (found.size() > rescored) found.resize(rescored);
  for (ScoredRow& candidate : found) candidate.score = vectors_->Rescore(query, candidate.row);
  std::sort(found.begin(), found.end(), Better);
  if (found.size() > count) found.resize(count);
  return found;
}

bool HnswIndex::RebuildDue() const {
  const size_t removed = vectors_->row_count() - vectors_->live_count();
  return removed * 3 > vectors_->row_count();
}

}  // namespace lodestone
