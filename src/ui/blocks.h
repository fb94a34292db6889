#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace lodestone::ui {

// A long text cut into blocks of a line each, over-long lines into pieces, a slice at a time, so
// that 64 MB of text never hold up a frame. Thread: one only.
class BlockList {
 public:
  // REQUIRES: `text` outlives the list.
  explicit BlockList(std::string_view text) : text_(text) {}

  // Cuts about `budget_bytes` more; true once all is cut.
  bool Advance(uint32_t budget_bytes);
  bool done() const { return cut_ == text_.size(); }

  uint32_t size() const { return static_cast<uint32_t>(starts_.size()); }
  // Bytes [start, end) of block `index`, without the line end.
  uint32_t start(uint32_t index) const { return starts_[index]; }
  uint32_t end(uint32_t index) const;
  // The block that holds byte `offset`; the last one cut so far if it lies beyond.
  // REQUIRES: size() > 0.
  uint32_t BlockOf(uint32_t offset) const;

 private:
  std::string_view text_;
  std::vector<uint32_t> starts_;
  size_t cut_ = 0;
};

// Heights of many blocks, most of them estimates, with their sums.
// Thread: one only.
class HeightIndex {
 public:
  void Clear();
  void Append(float estimate);
  void Set(uint32_t index, float height);
  uint32_t size() const { return static_cast<uint32_t>(heights_.size()); }
  float height(uint32_t index) const { return heights_[index]; }
  double total() const { return total_; }
  // The top edge of block `index`; of size(), the end of the last one.
  double TopOf(uint32_t index) const;
  // The block that covers `y`, clamped to the first and the last.
  // REQUIRES: size() > 0.
  uint32_t At(double y) const;

 private:
  static constexpr uint32_t kGroup = 512;
  std::vector<float> heights_;
  std::vector<double> group_sums_;
  double total_ = 0;
};

}  // namespace lodestone::ui
