#pragma once

#include <cstddef>
#include <cstdint>

namespace lodestone {

// The inner loops of both indexes. Thread: any. Lengths are multiples of kKernelLanes.
inline constexpr uint32_t kKernelLanes = 16;

// A query's codes reach this far from 0, rows' codes 127: at the largest dimension a sum of
// products still fits 32 bits.
inline constexpr int kMaxQueryCode = 2047;
inline constexpr int kMaxRowCode = 127;
inline constexpr uint32_t kMaxDimension = 8192;
static_assert(int64_t{kMaxQueryCode} * kMaxRowCode * kMaxDimension <= INT32_MAX);

// dots[i] = sum over j of query[j] * rows[i * dimension + j].
void DotRows(const int16_t* query, const int8_t* rows, uint32_t dimension, uint32_t row_count, int32_t* dots);

// The same for rows that lie apart. A query of int8 codes is a row itself: what a graph's build compares.
void DotScattered(const int16_t* query, const int8_t* const* rows, uint32_t dimension, uint32_t row_count, int32_t* dots);
void DotScattered(const int8_t* query, const int8_t* const* rows, uint32_t dimension, uint32_t row_count, int32_t* dots);

// sum over j of query[j] * row[j], row in f16 bits; any length.
float DotHalf(const float* query, const uint16_t* row, uint32_t dimension);

// Writes a row of f16 bits as f32 values; returns the sum of their squares; any length.
float FromHalf(const uint16_t* half_bits, uint32_t dimension, float* values);

// codes[j] = values[j] / scale rounded, for the returned scale, which maps the largest absolute
// value to `max_code`; 0 and all codes 0 for a vector of zeros or with a value that is not finite.
float Quantise(const float* values, uint32_t dimension, int max_code, int8_t* codes);
float Quantise(const float* values, uint32_t dimension, int max_code, int16_t* codes);

}  // namespace lodestone
