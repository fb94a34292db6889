#include "index/kernels.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "index/half.h"

namespace lodestone {
namespace {

TEST(Kernels, DotRowsIsExactForEveryRowCountAndDimension) {
  std::mt19937 random(1);
  for (uint32_t dimension : {16u, 32u, 48u, 384u, 1024u}) {
    for (uint32_t row_count : {0u, 1u, 2u, 3u, 4u, 5u, 7u, 8u, 64u}) {
      std::vector<int16_t> query(dimension);
      std::vector<int8_t> rows(size_t{dimension} * row_count);
      for (int16_t& code : query) code = static_cast<int16_t>(int(random() % (2 * kMaxQueryCode + 1)) - kMaxQueryCode);
      for (int8_t& code : rows) code = static_cast<int8_t>(int(random() % (2 * kMaxRowCode + 1)) - kMaxRowCode);
      std::vector<int32_t> dots(row_count + 1, -1);
      DotRows(query.data(), rows.data(), dimension, row_count, dots.data());
      for (uint32_t i = 0; i < row_count; ++i) {
        int64_t expected = 0;
        for (uint32_t j = 0; j < dimension; ++j) expected += int64_t{query[j]} * rows[size_t{i} * dimension + j];
        ASSERT_EQ(dots[i], expected) << dimension << " x " << row_count << ", row " << i;
      }
      EXPECT_EQ(dots[row_count], -1) << "wrote past the end";
    }
  }
}

TEST(Kernels, DotScatteredIsDotRowsOfRowsAnywhere) {
  std::mt19937 random(4);
  for (uint32_t dimension : {16u, 48u, 384u}) {
    for (uint32_t row_count : {0u, 1u, 2u, 3u, 4u, 5u, 6u, 7u, 9u, 32u}) {
      std::vector<int16_t> wide(dimension);
      std::vector<int8_t> narrow(dimension), rows(size_t{dimension} * row_count);
      for (int16_t& code : wide) code = static_cast<int16_t>(int(random() % (2 * kMaxQueryCode + 1)) - kMaxQueryCode);
      for (int8_t& code : narrow) code = static_cast<int8_t>(int(random() % (2 * kMaxRowCode + 1)) - kMaxRowCode);
      for (int8_t& code : rows) code = static_cast<int8_t>(int(random() % (2 * kMaxRowCode + 1)) - kMaxRowCode);
      std::vector<const int8_t*> pointers(row_count);
      for (uint32_t i = 0; i < row_count; ++i) pointers[i] = rows.data() + size_t{dimension} * ((i * 5 + 1) % row_count);
      std::vector<int32_t> dots(row_count + 1, -1);
      const auto check = [&](const auto& query) {
        DotScattered(query.data(), pointers.data(), dimension, row_count, dots.data());
        for (uint32_t i = 0; i < row_count; ++i) {
          int64_t expected = 0;
          for (uint32_t j = 0; j < dimension; ++j) expected += int64_t{query[j]} * pointers[i][j];
          ASSERT_EQ(dots[i], expected) << dimension << " x " << row_count << ", row " << i;
        }
        EXPECT_EQ(dots[row_count], -1) << "wrote past the end";
      };
      check(wide);
      check(narrow);
    }
  }
}

TEST(Kernels, TheLargestSumsFit) {
  const std::vector<int16_t> query(kMaxDimension, kMaxQueryCode);
  const std::vector<int8_t> row(kMaxDimension, -kMaxRowCode);
  int32_t dot = 0;
  DotRows(query.data(), row.data(), kMaxDimension, 1, &dot);
  EXPECT_EQ(dot, -int64_t{kMaxQueryCode} * kMaxRowCode * kMaxDimension);
}

TEST(Kernels, DotHalfTakesAnyLength) {
  std::mt19937 random(2);
  std::uniform_real_distribution<float> uniform(-1, 1);
  for (uint32_t dimension = 1; dimension < 40; ++dimension) {
    std::vector<float> query(dimension);
    std::vector<uint16_t> row(dimension);
    double expected = 0;
    for (uint32_t j = 0; j < dimension; ++j) {
      query[j] = uniform(random);
      row[j] = FloatToHalf(uniform(random));
      expected += double{query[j]} * HalfToFloat(row[j]);
    }
    EXPECT_NEAR(DotHalf(query.data(), row.data(), dimension), expected, 1e-5);
  }
}

TEST(Kernels, FromHalfIsHalfToFloatForEveryBit) {
  constexpr uint32_t kAll = 1 << 16;
  std::vector<uint16_t> halves(kAll);
  for (uint32_t bits = 0; bits < kAll; ++bits) halves[bits] = static_cast<uint16_t>(bits);
  std::vector<float> values(kAll);
  for (uint32_t begin : {0u, 3u}) {  // in whole blocks, and with some left over
    FromHalf(halves.data() + begin, kAll - begin, values.data());
    for (uint32_t i = 0; begin + i < kAll; ++i) {
      ASSERT_EQ(std::bit_cast<uint32_t>(values[i]), std::bit_cast<uint32_t>(HalfToFloat(halves[begin + i]))) << begin + i;
    }
  }
  EXPECT_FLOAT_EQ(FromHalf(&halves[FloatToHalf(3)], 1, values.data()), 9);
}

TEST(Kernels, QuantiseReachesTheFullRangeAndRoundsToNearest) {
  const std::vector<float> values = {0.5f, -0.25f, 0.125f, 0.0f, -0.5f, 0.001f};
  std::vector<int8_t> codes(values.size());
  const float scale = Quantise(values.data(), 6, kMaxRowCode, codes.data());
  EXPECT_FLOAT_EQ(scale, 0.5f / 127);
  EXPECT_EQ(codes, (std::vector<int8_t>{127, -64, 32, 0, -127, 0}));  // -63.5 is a tie, to even
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  std::vector<float> many(1000);
  std::vector<int16_t> wide(1000);
  for (float& value : many) value = normal(random);
  const float wide_scale = Quantise(many.data(), 1000, kMaxQueryCode, wide.data());
  for (size_t j = 0; j < many.size(); ++j) EXPECT_NEAR(wide[j] * wide_scale, many[j], wide_scale * 0.5001f);
}

TEST(Kernels, QuantiseGivesZerosForWhatHasNoDirection) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const std::vector<float>& values :
       {std::vector<float>{0, 0, 0}, {1, NAN, 0}, {infinity, 1, 0}, {-infinity, 0, 0}, {1e-40f, 0, 0}}) {
    std::vector<int8_t> codes(3, 1);
    EXPECT_EQ(Quantise(values.data(), 3, kMaxRowCode, codes.data()), 0);
    EXPECT_EQ(codes, std::vector<int8_t>(3, 0));
  }
}

}  // namespace
}  // namespace lodestone
