#include "index/half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace lodestone {
namespace {

// The value by the standard's definition.
double ValueOf(uint16_t half) {
  const int exponent = half >> 10 & 31;
  const int fraction = half & 1023;
  const double sign = half & 0x8000 ? -1 : 1;
  if (exponent == 31) return fraction ? NAN : sign * INFINITY;
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(1024 + fraction, exponent - 25);
}

TEST(Half, EveryValueIsReadExactlyAndWrittenBack) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const double value = ValueOf(half);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(HalfToFloat(half)));
      EXPECT_TRUE(std::isnan(HalfToFloat(FloatToHalf(HalfToFloat(half)))));
      continue;
    }
    EXPECT_EQ(HalfToFloat(half), value) << bits;
    EXPECT_EQ(FloatToHalf(static_cast<float>(value)), half) << bits;
  }
}

TEST(Half, RoundsToNearestAndTiesToEven) {
  for (uint16_t half = 0; half < 0x7bff; ++half) {
    const double low = ValueOf(half);
    const double high = ValueOf(half + 1);
    const auto middle = static_cast<float>((low + high) / 2);  // exact: f32 has bits to spare
    EXPECT_EQ(FloatToHalf(middle), half % 2 == 0 ? half : half + 1) << half;
    EXPECT_EQ(FloatToHalf(std::nextafter(middle, 0.0f)), half) << half;
    EXPECT_EQ(FloatToHalf(std::nextafter(middle, 1e9f)), half + 1) << half;
    EXPECT_EQ(FloatToHalf(-std::nextafter(middle, 1e9f)), 0x8000 | (half + 1)) << half;
  }
}

TEST(Half, TooLargeIsInfinite) {
  EXPECT_EQ(FloatToHalf(65504.0f), 0x7bff);
  EXPECT_EQ(FloatToHalf(65519.99f), 0x7bff);
  EXPECT_EQ(FloatToHalf(65520.0f), 0x7c00);
  EXPECT_EQ(FloatToHalf(-1e30f), 0xfc00);
  EXPECT_EQ(FloatToHalf(std::numeric_limits<float>::infinity()), 0x7c00);
  EXPECT_EQ(FloatToHalf(1e-30f), 0);
}

}  // namespace
}  // namespace lodestone
