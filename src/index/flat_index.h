#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "index/half.h"

namespace lodestone {

// Row numbers are dense, from 0, in order of Add, and never reused.
using Row = uint32_t;

struct ScoreSums {
  double sum = 0;
  double sum_of_squares = 0;
  uint32_t count = 0;  // live rows

  void Add(double score) {
    sum += score;
    sum_of_squares += score * score;
    ++count;
  }
  void Add(const ScoreSums& other) {
    sum += other.sum;
    sum_of_squares += other.sum_of_squares;
    count += other.count;
  }
};

// A query made ready for scanning: codes of 12 bits with one scale, and the f32 original. The
// kernels widen rows to 16 bits anyway: the wider query costs nothing and leaves only the rows' error.
struct PreparedVector {
  std::vector<int16_t> codes;  // padded with zeros as rows are
  float scale = 0;
  std::vector<float> values;  // unit length
};

// All vectors of one model, int8 for the scan and f16 for rescoring, scanned exactly.
// Thread: Add and Remove from one thread (the coordinator); scans from any, at the same time,
// over the rows that row_count() showed them. Blocks of rows never move.
// Shape: [row_count x dimension], unit length.
// Owns: its rows.
class FlatIndex {
 public:
  explicit FlatIndex(uint32_t dimension);
  ~FlatIndex();
  FlatIndex(const FlatIndex&) = delete;
  FlatIndex& operator=(const FlatIndex&) = delete;

  uint32_t dimension() const;
  // `vector` is unit length f32 [dimension]; an all-zero vector is legal and scores 0, as one with
  // a value that is not finite does. Kept as f16: the same answers before and after a reload.
  Row Add(PassageId passage, std::span<const float> vector);
  // Same, from the f16 bits as they are stored.
  Row AddHalf(PassageId passage, std::span<const uint16_t> half_bits);
  void Remove(Row row);

  Row row_count() const;            // rows ever added
  uint32_t live_count() const;
  bool IsLive(Row row) const;
  PassageId passage(Row row) const;
  size_t memory_bytes() const;

  PreparedVector Prepare(std::span<const float> query) const;
  // Writes cosine estimates from int8 codes for rows [begin, end) into scores[0 .. end-begin),
  // kDeadScore for removed rows, and returns the sums over the live ones.
  ScoreSums Scan(const PreparedVector& query, Row begin, Row end, float* scores) const;
  // The same estimates for some rows, removed ones included.
  void ScoreRows(const PreparedVector& query, std::span<const Row> rows, float* scores) const;
  // And with a row in the query's place.
  void ScoreRows(Row query, std::span<const Row> rows, float* scores) const;
  // Whether no estimate tells the two rows apart.
  bool SameCodes(Row a, Row b) const;
  // The cosine from the f16 values.
  float Rescore(const PreparedVector& query, Row row) const;

  // All rows as one run of bytes, int8 and f16, removed ones too. They are copied and not looked at: it is for whoever
  // keeps the bytes to know that they are the same. REQUIRES: no Add and no Remove meanwhile.
  size_t saved_bytes() const;
  void SaveTo(char* bytes) const;  // [saved_bytes()]
  // Errors: kBadData for bytes of another size, shape or version.
  static Result<std::unique_ptr<FlatIndex>> Load(std::string_view bytes);

  static constexpr float kDeadScore = -2.0f;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct ScoredRow {
  Row row = 0;
  float score = 0;
};
// The `count` best rows of scores[0..size), best first, ties by lower row; rows at kDeadScore are left out.
std::vector<ScoredRow> SelectTop(std::span<const float> scores, Row first_row, size_t count);

}  // namespace lodestone
