#include "base/lag_histogram.h"

#include <algorithm>
#include <cmath>

namespace lodestone {
namespace {

// Bucket i ends at kFirstMs * kGrowth^i: 0.01 ms up to about 25 minutes.
constexpr double kFirstMs = 0.01;
constexpr double kGrowth = 1.04;

}  // namespace

void LagHistogram::Record(double lag_ms, std::string_view what) {
  const double ratio = std::max(lag_ms, kFirstMs) / kFirstMs;
  const int bucket = static_cast<int>(std::ceil(std::log(ratio) / std::log(kGrowth)));
  ++buckets_[static_cast<size_t>(std::clamp(bucket, 0, kBuckets - 1))];
  ++samples_;
  Note(lag_ms, what);
}

void LagHistogram::Note(double lag_ms, std::string_view what) {
  if (lag_ms <= max_ms_) return;
  max_ms_ = lag_ms;
  worst_ = what;
}

double LagHistogram::Quantile(double q) const {
  if (samples_ == 0) return 0;
  const double wanted = q * static_cast<double>(samples_);
  uint64_t seen = 0;
  for (int i = 0; i < kBuckets; ++i) {
    seen += buckets_[static_cast<size_t>(i)];
    if (static_cast<double>(seen) >= wanted) return std::min(max_ms_, kFirstMs * std::pow(kGrowth, i));
  }
  return max_ms_;
}

}  // namespace lodestone
