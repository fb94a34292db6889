#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace lodestone {

// How long things waited, in fixed memory, quantiles within 4 %; whatever was worst is kept by name.
// Thread: one, or under its owner's lock.
class LagHistogram {
 public:
  void Record(double lag_ms, std::string_view what);
  // Only for the worst: it happened, but is no sample.
  void Note(double lag_ms, std::string_view what);
  double Quantile(double q) const;  // 0 without samples
  double max_ms() const { return max_ms_; }
  uint64_t samples() const { return samples_; }
  const std::string& worst() const { return worst_; }

 private:
  static constexpr int kBuckets = 480;
  std::array<uint32_t, kBuckets> buckets_{};
  uint64_t samples_ = 0;
  double max_ms_ = 0;
  std::string worst_;
};

}  // namespace lodestone
