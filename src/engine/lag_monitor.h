#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace lodestone {

// A histogram of how long work waited for, or held, a loop: fixed memory, quantiles within 12 %.
// Thread: one.
class LagMonitor {
 public:
  // `what` names the message or task that is to blame; kept for the worst only.
  void Record(double lag_ms, const char* what);
  double Quantile(double q) const;  // 0 without samples
  double max_ms() const { return max_ms_; }
  uint64_t samples() const { return samples_; }
  const std::string& worst() const { return worst_; }
  void Reset() { *this = {}; }

 private:
  static constexpr int kBuckets = 160;
  std::array<uint32_t, kBuckets> buckets_{};
  uint64_t samples_ = 0;
  double max_ms_ = 0;
  std::string worst_;
};

}  // namespace lodestone
