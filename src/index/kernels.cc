#include "index/kernels.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "index/half.h"

#if defined(__wasm_simd128__)
#include <wasm_simd128.h>
#elif defined(__x86_64__)
#include <immintrin.h>
#endif

namespace lodestone {
namespace {

// Each target has DotSomeScattered<kRows>, which takes that many rows at once, so that the query is loaded
// once for all of them. Left to itself the compiler widens to 32 bits, at half the speed.
#if defined(__wasm_simd128__)

#define LODESTONE_KERNEL_TARGET

// Eight codes, as 16-bit lanes.
inline v128_t LoadLanes(const int16_t* codes) { return wasm_v128_load(codes); }
inline v128_t LoadLanes(const int8_t* codes) { return wasm_i16x8_load8x8(codes); }

template <uint32_t kRows, typename Code>
void DotSomeScattered(const Code* query, const int8_t* const* rows, uint32_t dimension, int32_t* dots) {
  v128_t sums[kRows];
  for (v128_t& sum : sums) sum = wasm_i32x4_splat(0);
  for (uint32_t j = 0; j < dimension; j += 16) {
    const v128_t query_low = LoadLanes(query + j);
    const v128_t query_high = LoadLanes(query + j + 8);
    for (uint32_t i = 0; i < kRows; ++i) {
      sums[i] = wasm_i32x4_add(sums[i], wasm_i32x4_dot_i16x8(wasm_i16x8_load8x8(rows[i] + j), query_low));
      sums[i] = wasm_i32x4_add(sums[i], wasm_i32x4_dot_i16x8(wasm_i16x8_load8x8(rows[i] + j + 8), query_high));
    }
  }
  for (uint32_t i = 0; i < kRows; ++i) {
    dots[i] = wasm_i32x4_extract_lane(sums[i], 0) + wasm_i32x4_extract_lane(sums[i], 1) +
              wasm_i32x4_extract_lane(sums[i], 2) + wasm_i32x4_extract_lane(sums[i], 3);
  }
}

#elif defined(__x86_64__)

#define LODESTONE_KERNEL_TARGET [[gnu::target("avx2")]]

// Sixteen codes, as 16-bit lanes.
LODESTONE_KERNEL_TARGET inline __m256i LoadLanes(const int16_t* codes) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes));
}
LODESTONE_KERNEL_TARGET inline __m256i LoadLanes(const int8_t* codes) {
  return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(codes)));
}

template <uint32_t kRows, typename Code>
LODESTONE_KERNEL_TARGET void DotSomeScattered(const Code* query, const int8_t* const* rows, uint32_t dimension,
                                              int32_t* dots) {
  __m256i sums[kRows];
  for (__m256i& sum : sums) sum = _mm256_setzero_si256();
  for (uint32_t j = 0; j < dimension; j += 16) {
    const __m256i query_part = LoadLanes(query + j);
    for (uint32_t i = 0; i < kRows; ++i) {
      sums[i] = _mm256_add_epi32(sums[i], _mm256_madd_epi16(LoadLanes(rows[i] + j), query_part));
    }
  }
  for (uint32_t i = 0; i < kRows; ++i) {
    const __m128i four = _mm_add_epi32(_mm256_castsi256_si128(sums[i]), _mm256_extracti128_si256(sums[i], 1));
    const __m128i two = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4E));
    dots[i] = _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 0xB1)));
  }
}

#endif

#if defined(LODESTONE_KERNEL_TARGET)

// Four rows that lie far apart go at once: one run through memory waits for the first bytes of each page, four wait
// together. Over 100,000 rows, more than the caches hold, that is 2.4 times as fast.
LODESTONE_KERNEL_TARGET void DotSimd(const int16_t* query, const int8_t* rows, uint32_t dimension, uint32_t row_count,
                                     int32_t* dots) {
  const uint32_t quarter = row_count / 4;
  for (uint32_t i = 0; i < quarter; ++i) {
    const int8_t* some[4];
    int32_t four[4];
    for (uint32_t k = 0; k < 4; ++k) some[k] = rows + size_t{k * quarter + i} * dimension;
    DotSomeScattered<4>(query, some, dimension, four);
    for (uint32_t k = 0; k < 4; ++k) dots[k * quarter + i] = four[k];
  }
  for (uint32_t i = 4 * quarter; i < row_count; ++i) {
    const int8_t* row = rows + size_t{i} * dimension;
    DotSomeScattered<1>(query, &row, dimension, dots + i);
  }
}

template <typename Code>
LODESTONE_KERNEL_TARGET void DotScatteredSimd(const Code* query, const int8_t* const* rows, uint32_t dimension,
                                              uint32_t row_count, int32_t* dots) {
  uint32_t i = 0;
  for (; i + 4 <= row_count; i += 4) DotSomeScattered<4>(query, rows + i, dimension, dots + i);
  if (i + 2 <= row_count) {
    DotSomeScattered<2>(query, rows + i, dimension, dots + i);
    i += 2;
  }
  if (i < row_count) DotSomeScattered<1>(query, rows + i, dimension, dots + i);
}

#endif

#if !defined(__wasm_simd128__)

// For machines that unit tests meet and browsers do not.
void DotPlain(const int16_t* query, const int8_t* rows, uint32_t dimension, uint32_t row_count, int32_t* dots) {
  for (uint32_t i = 0; i < row_count; ++i) {
    const int8_t* row = rows + size_t{i} * dimension;
    int32_t sum = 0;
    for (uint32_t j = 0; j < dimension; ++j) sum += int32_t{query[j]} * int32_t{row[j]};
    dots[i] = sum;
  }
}

template <typename Code>
void DotScatteredPlain(const Code* query, const int8_t* const* rows, uint32_t dimension, uint32_t row_count,
                       int32_t* dots) {
  for (uint32_t i = 0; i < row_count; ++i) {
    int32_t sum = 0;
    for (uint32_t j = 0; j < dimension; ++j) sum += int32_t{query[j]} * int32_t{rows[i][j]};
    dots[i] = sum;
  }
}

#endif

template <typename Code>
void DotScatteredOf(const Code* query, const int8_t* const* rows, uint32_t dimension, uint32_t row_count,
                    int32_t* dots) {
#if defined(__wasm_simd128__)
  DotScatteredSimd(query, rows, dimension, row_count, dots);
#elif defined(__x86_64__)
  static const bool has_avx2 = __builtin_cpu_supports("avx2");
  (has_avx2 ? DotScatteredSimd<Code> : DotScatteredPlain<Code>)(query, rows, dimension, row_count, dots);
#else
  DotScatteredPlain(query, rows, dimension, row_count, dots);
#endif
}

template <typename Code>
float QuantiseTo(const float* values, uint32_t dimension, int max_code, Code* codes) {
  // Bits without the sign order as absolute values do, and a maximum of integers becomes SIMD code.
  uint32_t largest_bits = 0;
  for (uint32_t j = 0; j < dimension; ++j) {
    largest_bits = std::max(largest_bits, std::bit_cast<uint32_t>(values[j]) & 0x7fffffffu);
  }
  const float largest = std::bit_cast<float>(largest_bits);
  const float factor = static_cast<float>(max_code) / largest;
  if (!std::isfinite(largest) || !std::isfinite(factor)) {
    std::memset(codes, 0, dimension * sizeof *codes);
    return 0;
  }
  for (uint32_t j = 0; j < dimension; ++j) {
    // Rounds to nearest: the sum's last bit stands for 1, and what is below it is rounded away.
    constexpr float kRounder = 0x1.8p23f;
    codes[j] = static_cast<Code>(static_cast<int32_t>(values[j] * factor + kRounder - kRounder));
  }
  return largest / static_cast<float>(max_code);
}

float SumOf(const float (&sums)[8]) {
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

// Eight f16 values as f32 ones.
void EightFromHalf(const uint16_t* half_bits, float* values) {
#if defined(__wasm_simd128__)
  // As HalfToFloat does, which the compiler does not widen together with a sum: it took eight times as long.
  const v128_t halves = wasm_v128_load(half_bits);
  const auto four = [](v128_t bits) {
    const v128_t magnitude = wasm_i32x4_shl(wasm_v128_and(bits, wasm_i32x4_splat(0x7fff)), 13);
    const v128_t special = wasm_v128_and(wasm_i32x4_ge(magnitude, wasm_i32x4_splat(0x7c00 << 13)), wasm_i32x4_splat(0x7f800000));
    const v128_t sign = wasm_v128_and(bits, wasm_i32x4_splat(INT32_MIN));
    return wasm_v128_or(wasm_v128_or(sign, special), wasm_f32x4_mul(magnitude, wasm_f32x4_splat(0x1p112f)));
  };
  // Widened with their sign, so that it is at the top already.
  wasm_v128_store(values, four(wasm_i32x4_extend_low_i16x8(halves)));
  wasm_v128_store(values + 4, four(wasm_i32x4_extend_high_i16x8(halves)));
#else
  for (uint32_t lane = 0; lane < 8; ++lane) values[lane] = HalfToFloat(half_bits[lane]);
#endif
}

}  // namespace

void DotRows(const int16_t* query, const int8_t* rows, uint32_t dimension, uint32_t row_count, int32_t* dots) {
#if defined(__wasm_simd128__)
  DotSimd(query, rows, dimension, row_count, dots);
#elif defined(__x86_64__)
  static const bool has_avx2 = __builtin_cpu_supports("avx2");
  (has_avx2 ? DotSimd : DotPlain)(query, rows, dimension, row_count, dots);
#else
  DotPlain(query, rows, dimension, row_count, dots);
#endif
}

void DotScattered(const int16_t* query, const int8_t* const* rows, uint32_t dimension, uint32_t row_count,
                  int32_t* dots) {
  DotScatteredOf(query, rows, dimension, row_count, dots);
}

void DotScattered(const int8_t* query, const int8_t* const* rows, uint32_t dimension, uint32_t row_count,
                  int32_t* dots) {
  DotScatteredOf(query, rows, dimension, row_count, dots);
}

// Both have eight sums, as the compiler may not reorder one.
float DotHalf(const float* query, const uint16_t* row, uint32_t dimension) {
  float sums[8] = {};
  uint32_t j = 0;
  for (; j + 8 <= dimension; j += 8) {
    float values[8];
    EightFromHalf(row + j, values);
    for (uint32_t lane = 0; lane < 8; ++lane) sums[lane] += query[j + lane] * values[lane];
  }
  for (; j < dimension; ++j) sums[0] += query[j] * HalfToFloat(row[j]);
  return SumOf(sums);
}

float FromHalf(const uint16_t* half_bits, uint32_t dimension, float* values) {
  float sums[8] = {};
  uint32_t j = 0;
  for (; j + 8 <= dimension; j += 8) {
    EightFromHalf(half_bits + j, values + j);
    for (uint32_t lane = 0; lane < 8; ++lane) sums[lane] += values[j + lane] * values[j + lane];
  }
  for (; j < dimension; ++j) {
    values[j] = HalfToFloat(half_bits[j]);
    sums[0] += values[j] * values[j];
  }
  return SumOf(sums);
}

float Quantise(const float* values, uint32_t dimension, int max_code, int8_t* codes) {
  return QuantiseTo(values, dimension, max_code, codes);
}

float Quantise(const float* values, uint32_t dimension, int max_code, int16_t* codes) {
  return QuantiseTo(values, dimension, max_code, codes);
}

}  // namespace lodestone
