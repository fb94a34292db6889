#include "ui/blocks.h"

#include <algorithm>
#include <cstring>

#include "ui/utf8.h"

namespace lodestone::ui {
namespace {

// Long enough for any paragraph of prose; short enough that laying one out takes well under a
// millisecond.
constexpr size_t kMaxBlockBytes = 4096;

}  // namespace

bool BlockList::Advance(uint32_t budget_bytes) {
  const size_t stop = std::min(text_.size(), cut_ + budget_bytes);
  while (cut_ < stop) {
    starts_.push_back(static_cast<uint32_t>(cut_));
    const size_t window = std::min(text_.size() - cut_, kMaxBlockBytes);
    const void* line_end = std::memchr(text_.data() + cut_, '\n', window);
    if (line_end != nullptr) {
      cut_ = static_cast<size_t>(static_cast<const char*>(line_end) - text_.data()) + 1;
      continue;
    }
    if (window < kMaxBlockBytes) {
      cut_ = text_.size();
      continue;
    }
    // A line too long for a block ends at a space near its end, or else between two code points.
    size_t end = cut_ + window;
    const size_t space = text_.substr(cut_ + window / 2, window - window / 2).rfind(' ');
    end = space != std::string_view::npos ? cut_ + window / 2 + space + 1
                                          : FloorToCodePoint(text_, end);
    cut_ = end;
  }
  if (done() && starts_.empty()) starts_.push_back(0);
  return done();
}

uint32_t BlockList::end(uint32_t index) const {
  const size_t next = index + 1 < starts_.size() ? starts_[index + 1] : cut_;
  const bool has_line_end = next > starts_[index] && text_[next - 1] == '\n';
  return static_cast<uint32_t>(has_line_end ? next - 1 : next);
}

uint32_t BlockList::BlockOf(uint32_t offset) const {
  const auto after = std::upper_bound(starts_.begin(), starts_.end(), offset);
  return after == starts_.begin() ? 0 : static_cast<uint32_t>(after - starts_.begin()) - 1;
}

void HeightIndex::Clear() {
  heights_.clear();
  group_sums_.clear();
  total_ = 0;
}

void HeightIndex::Append(float estimate) {
  if (heights_.size() % kGroup == 0) group_sums_.push_back(0);
  heights_.push_back(estimate);
  group_sums_.back() += estimate;
  total_ += estimate;
}

void HeightIndex::Set(uint32_t index, float height) {
  const double change = static_cast<double>(height) - heights_[index];
  heights_[index] = height;
  group_sums_[index / kGroup] += change;
  total_ += change;
}

double HeightIndex::TopOf(uint32_t index) const {
  double top = 0;
  const uint32_t group = index / kGroup;
  for (uint32_t i = 0; i < group; ++i) top += group_sums_[i];
  for (uint32_t i = group * kGroup; i < index; ++i) top += heights_[i];
  return top;
}

uint32_t HeightIndex::At(double y) const {
  double top = 0;
  uint32_t group = 0;
  while (group + 1 < group_sums_.size() && top + group_sums_[group] <= y)
    top += group_sums_[group++];
  uint32_t index = group * kGroup;
  while (index + 1 < heights_.size() && top + heights_[index] <= y) top += heights_[index++];
  return index;
}

}  // namespace lodestone::ui
