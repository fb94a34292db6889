#include "base/lag_histogram.h"

#include <gtest/gtest.h>

namespace lodestone {
namespace {

TEST(LagHistogram, QuantilesAreWithinTwelvePercent) {
  LagHistogram lag;
  EXPECT_EQ(lag.Quantile(0.99), 0);
  for (int i = 1; i <= 1000; ++i) lag.Record(i * 0.1, i == 1000 ? "slow" : "quick");
  EXPECT_NEAR(lag.Quantile(0.5), 50, 6);
  EXPECT_NEAR(lag.Quantile(0.99), 99, 12);
  EXPECT_DOUBLE_EQ(lag.max_ms(), 100);
  EXPECT_EQ(lag.worst(), "slow");
  EXPECT_EQ(lag.samples(), 1000u);
}

TEST(LagHistogram, TakesWhatNoClockShouldGive) {
  LagHistogram lag;
  lag.Record(-3, "back in time");
  lag.Record(1e9, "a night's sleep");
  EXPECT_EQ(lag.samples(), 2u);
  EXPECT_EQ(lag.max_ms(), 1e9);
  EXPECT_GT(lag.Quantile(0.99), 1e5);
}

}  // namespace
}  // namespace lodestone
