#include "index/posting_index.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace lodestone {
namespace {

// So many neighbours of one size become one, with the smaller ones between them: each passage is copied a few
// times at most.
constexpr size_t kMergeWidth = 8;
constexpr struct {
  uint32_t least, below;
} kSizes[] = {{0, 64}, {64, 512}, {512, PostingSegment::kMaxRows}};
// A segment whose dead are one in so many is made anew.
constexpr uint32_t kDeadShare = 4;

std::shared_ptr<const DeadRows> NoDeadRows() {
  static const auto none = std::make_shared<const DeadRows>();
  return none;
}

}  // namespace

void PostingIndex::Add(PostingSegmentPtr segment) {
  passage_count_ += segment->row_count();
  word_count_ += segment->word_count();
  const auto after = std::upper_bound(
      parts_.begin(), parts_.end(), segment->passage(0),
      [](PassageId passage, const PostingPart& part) { return passage < part.segment->passage(0); });
  parts_.insert(after, {std::move(segment), NoDeadRows()});
  view_ = nullptr;
}

size_t PostingIndex::PartBefore(PassageId passage) const {
  const auto after = std::upper_bound(
      parts_.begin(), parts_.end(), passage,
      [](PassageId passage, const PostingPart& part) { return passage < part.segment->passage(0); });
  return after == parts_.begin() ? parts_.size() : static_cast<size_t>(after - parts_.begin()) - 1;
}

bool PostingIndex::Has(PassageId passage) const {
  const size_t i = PartBefore(passage);
  if (i == parts_.size()) return false;
  const std::optional<uint32_t> row = parts_[i].segment->FindRow(passage);
  return row && !parts_[i].dead->Has(*row);
}

void PostingIndex::Remove(std::span<const PassageId> passages) {
  // Views hold on to the dead rows that they have seen: each part gets new ones, once for a run of its passages.
  size_t changed = parts_.size();
  std::shared_ptr<DeadRows> dead;
  for (const PassageId passage : passages) {
    const size_t i = PartBefore(passage);
    if (i == parts_.size()) continue;
    const PostingSegment& segment = *parts_[i].segment;
    const std::optional<uint32_t> row = segment.FindRow(passage);
    if (!row || parts_[i].dead->Has(*row)) continue;
    if (i != changed) {
      dead = std::make_shared<DeadRows>(*parts_[i].dead);
      parts_[i].dead = dead;
      changed = i;
    }
    dead->Add(*row, segment.row_count());
    --passage_count_;
    word_count_ -= segment.length(*row);
    view_ = nullptr;
  }
  std::erase_if(parts_, [](const PostingPart& part) { return part.live_count() == 0; });
}

void PostingIndex::Clear() {
  parts_.clear();
  passage_count_ = 0;
  word_count_ = 0;
  view_ = nullptr;
}

std::shared_ptr<const PostingView> PostingIndex::View() {
  if (!view_) view_ = std::make_shared<const PostingView>(PostingView{parts_, passage_count_, word_count_});
  return view_;
}

size_t PostingIndex::memory_bytes() const {
  size_t bytes = parts_.capacity() * sizeof(PostingPart);
  for (const PostingPart& part : parts_) bytes += part.segment->memory_bytes();
  return bytes;
}

std::vector<PostingPart> PostingIndex::PartsToMerge() const {
  const auto parts = [this](size_t begin, size_t end) {
    return std::vector<PostingPart>(parts_.begin() + static_cast<ptrdiff_t>(begin),
                                    parts_.begin() + static_cast<ptrdiff_t>(end));
  };
  for (size_t i = 0; i < parts_.size(); ++i) {
    if (parts_[i].dead->count() * kDeadShare > parts_[i].segment->row_count()) return parts(i, i + 1);
  }
  for (const auto& size : kSizes) {
    size_t begin = 0;
    size_t width = 0;
    uint32_t rows = 0;
    for (size_t i = 0; i < parts_.size(); ++i) {
      const uint32_t count = parts_[i].live_count();
      const bool belongs = count < size.below;
      // What is full is as good as it gets; a run that ends at a larger neighbour may still grow.
      const bool is_full = belongs && rows + count > PostingSegment::kMaxRows;
      if (is_full && i - begin > 1) return parts(begin, i);
      if (!belongs || is_full) {
        begin = belongs ? i : i + 1;
        width = rows = 0;
      }
      if (!belongs) continue;
      rows += count;
      width += count >= size.least;
      if (width == kMergeWidth) return parts(begin, i + 1);
    }
  }
  return {};
}

PostingSegmentPtr PostingIndex::Merge(std::span<const PostingPart> parts) {
  std::vector<PostingSegment::Source> sources;
  for (const PostingPart& part : parts) sources.push_back({part.segment.get(), part.dead.get()});
  return PostingSegment::Merge(sources);
}

void PostingIndex::Replace(std::span<const PostingPart> parts, PostingSegmentPtr merged) {
  LODESTONE_CHECK(!parts.empty());
  const auto is_first = [&](const PostingPart& part) { return part.segment == parts.front().segment; };
  const auto first = std::find_if(parts_.begin(), parts_.end(), is_first);
  if (static_cast<size_t>(parts_.end() - first) < parts.size()) return;
  const auto last = first + static_cast<ptrdiff_t>(parts.size());
  const auto is_same = [](const PostingPart& a, const PostingPart& b) { return a.segment == b.segment; };
  if (!std::equal(first, last, parts.begin(), is_same)) return;
  auto dead = std::make_shared<DeadRows>();
  for (auto part = first; part != last; ++part) {
    for (uint32_t row = 0; merged && row < part->segment->row_count(); ++row) {
      if (!part->dead->Has(row)) continue;
      const std::optional<uint32_t> now = merged->FindRow(part->segment->passage(row));
      if (now) dead->Add(*now, merged->row_count());
    }
  }
  const auto at = parts_.erase(first, last);
  if (merged) parts_.insert(at, {std::move(merged), std::move(dead)});
  view_ = nullptr;
}

}  // namespace lodestone
