#include "index/flat_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>
#include <random>
#include <string>
#include <thread>

#include "tests/index/recall.h"

namespace lodestone {
namespace {

std::vector<float> Unit(std::vector<float> vector) {
  float sum = 0;
  for (float value : vector) sum += value * value;
  for (float& value : vector) value /= std::sqrt(sum);
  return vector;
}

std::vector<float> RandomUnit(std::mt19937& random, uint32_t dimension) {
  std::normal_distribution<float> normal;
  std::vector<float> vector(dimension);
  for (float& value : vector) value = normal(random);
  return Unit(vector);
}

TEST(FlatIndex, EmptyHasNothingToScan) {
  const FlatIndex index(8);
  const PreparedVector query = index.Prepare(Unit({1, 2, 3, 4, 5, 6, 7, 8}));
  const ScoreSums sums = index.Scan(query, 0, 0, nullptr);
  EXPECT_EQ(sums.count, 0u);
  EXPECT_EQ(index.row_count(), 0u);
}

TEST(FlatIndex, ScoresAreCosinesInAnyRange) {
  constexpr uint32_t kDimension = 100;  // no multiple of the kernel's step
  std::mt19937 random(1);
  FlatIndex index(kDimension);
  std::vector<std::vector<float>> vectors;
  for (uint32_t i = 0; i < 2500; ++i) {
    vectors.push_back(RandomUnit(random, kDimension));
    EXPECT_EQ(index.Add(PassageId{i + 10}, vectors.back()), i);
  }
  EXPECT_EQ(index.passage(1024), PassageId{1034});
  const std::vector<float> query = RandomUnit(random, kDimension);
  const PreparedVector prepared = index.Prepare(query);
  for (auto [begin, end] : {std::pair{0u, 2500u}, {1u, 2u}, {60u, 70u}, {1000u, 1030u}, {1023u, 1025u}, {2499u, 2500u}}) {
    std::vector<float> scores(end - begin + 1, 7);
    const ScoreSums sums = index.Scan(prepared, begin, end, scores.data());
    EXPECT_EQ(scores.back(), 7) << "wrote past the end";
    double sum = 0, sum_of_squares = 0;
    for (Row row = begin; row < end; ++row) {
      const double exact = std::inner_product(query.begin(), query.end(), vectors[row].begin(), 0.0);
      EXPECT_NEAR(scores[row - begin], exact, 0.01);
      EXPECT_NEAR(index.Rescore(prepared, row), exact, 0.001);
      sum += scores[row - begin];
      sum_of_squares += double{scores[row - begin]} * scores[row - begin];
    }
    EXPECT_EQ(sums.count, end - begin);
    EXPECT_NEAR(sums.sum, sum, 1e-3);
    EXPECT_NEAR(sums.sum_of_squares, sum_of_squares, 1e-3);
  }
}

TEST(FlatIndex, SomeRowsScoreAsInAScan) {
  std::mt19937 random(7);
  FlatIndex index(100);
  for (uint32_t i = 0; i < 1200; ++i) index.Add(PassageId{i}, RandomUnit(random, 100));
  index.Remove(5);
  const PreparedVector query = index.Prepare(RandomUnit(random, 100));
  std::vector<float> all(1200), some(37);
  index.Scan(query, 0, 1200, all.data());
  std::vector<Row> rows(37);
  for (Row& row : rows) row = 6 + random() % 1194;
  index.ScoreRows(query, rows, some.data());
  for (size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(some[i], all[rows[i]]);
  const Row removed = 5;
  index.ScoreRows(query, {&removed, 1}, some.data());
  EXPECT_NEAR(some[0], index.Rescore(query, 5), 0.02);
  // A row's similarity to itself and, either way round, to others.
  index.ScoreRows(rows[0], rows, some.data());
  EXPECT_NEAR(some[0], 1, 0.02);
  for (size_t i = 0; i < rows.size(); ++i) {
    float back = 0;
    index.ScoreRows(rows[i], {rows.data(), 1}, &back);
    EXPECT_EQ(back, some[i]);
  }
}

TEST(FlatIndex, RemovedRowsAreDeadInScoresAndSums) {
  std::mt19937 random(2);
  FlatIndex index(16);
  for (uint32_t i = 0; i < 300; ++i) index.Add(PassageId{i}, RandomUnit(random, 16));
  const PreparedVector query = index.Prepare(RandomUnit(random, 16));
  std::vector<float> before(300);
  const ScoreSums all = index.Scan(query, 0, 300, before.data());
  double removed_sum = 0;
  const std::vector<Row> removed = {0, 63, 64, 128, 255, 299};
  for (Row row : removed) {
    index.Remove(row);
    index.Remove(row);  // once more changes nothing
    removed_sum += before[row];
    EXPECT_FALSE(index.IsLive(row));
  }
  EXPECT_EQ(index.live_count(), 294u);
  EXPECT_EQ(index.row_count(), 300u);
  std::vector<float> after(300);
  const ScoreSums live = index.Scan(query, 0, 300, after.data());
  EXPECT_EQ(live.count, 294u);
  EXPECT_NEAR(live.sum, all.sum - removed_sum, 1e-4);
  for (Row row = 0; row < 300; ++row) {
    const bool dead = std::count(removed.begin(), removed.end(), row) > 0;
    EXPECT_EQ(after[row], dead ? FlatIndex::kDeadScore : before[row]);
  }
  std::vector<float> part(70);
  EXPECT_EQ(index.Scan(query, 60, 130, part.data()).count, 67u);
}

TEST(FlatIndex, HalfBitsAreTheSameAsFloats) {
  std::mt19937 random(3);
  FlatIndex floats(48), halves(48);
  for (uint32_t i = 0; i < 50; ++i) {
    std::vector<float> vector = RandomUnit(random, 48);
    std::vector<uint16_t> half_bits(48);
    for (size_t j = 0; j < 48; ++j) {
      half_bits[j] = FloatToHalf(vector[j]);
      vector[j] = HalfToFloat(half_bits[j]);
    }
    floats.Add(PassageId{i}, vector);
    halves.AddHalf(PassageId{i}, half_bits);
  }
  const PreparedVector query = floats.Prepare(RandomUnit(random, 48));
  std::vector<float> a(50), b(50);
  floats.Scan(query, 0, 50, a.data());
  halves.Scan(query, 0, 50, b.data());
  EXPECT_EQ(a, b);
  for (Row row = 0; row < 50; ++row) EXPECT_EQ(floats.Rescore(query, row), halves.Rescore(query, row));
}

TEST(FlatIndex, VectorsWithoutDirectionScoreZero) {
  FlatIndex index(4);
  index.Add(PassageId{1}, std::vector<float>{0, 0, 0, 0});
  index.Add(PassageId{2}, std::vector<float>{1, NAN, 0, 0});
  index.Add(PassageId{3}, std::vector<float>{1, 0, 0, 0});
  const PreparedVector query = index.Prepare(std::vector<float>{1, 0, 0, 0});
  float scores[3];
  index.Scan(query, 0, 3, scores);
  EXPECT_EQ(scores[0], 0);
  EXPECT_EQ(scores[1], 0);
  EXPECT_EQ(index.Rescore(query, 1), 0);
  EXPECT_NEAR(scores[2], 1, 1e-3);
  const PreparedVector nothing = index.Prepare(std::vector<float>{NAN, 0, 0, 0});
  index.Scan(nothing, 0, 3, scores);
  EXPECT_EQ(scores[2], 0);
  EXPECT_EQ(index.Rescore(nothing, 2), 0);
}

// Scans see whole rows while rows are added and removed; run under the thread sanitizer too.
TEST(FlatIndex, ScansWhileRowsAreAddedAndRemoved) {
  constexpr uint32_t kDimension = 32;
  constexpr Row kRows = 5000;
  FlatIndex index(kDimension);
  std::vector<float> axis(kDimension, 0);
  axis[0] = 1;
  std::atomic<bool> done = false;
  std::atomic<uint64_t> scans = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      const PreparedVector query = index.Prepare(axis);
      std::vector<float> scores(kRows);
      bool last = false;
      while (!last) {
        last = done;
        const Row count = index.row_count();
        const ScoreSums sums = index.Scan(query, 0, count, scores.data());
        ASSERT_LE(sums.count, count);
        for (Row row = 0; row < count; ++row) {
          ASSERT_TRUE(scores[row] == FlatIndex::kDeadScore || std::abs(scores[row] - 1) < 1e-3f) << row;
          ASSERT_EQ(index.passage(row), PassageId{row + 1});
        }
        if (count > 0) ASSERT_NEAR(index.Rescore(query, count - 1), 1, 1e-3);
        ++scans;
      }
    });
  }
  for (Row row = 0; row < kRows; ++row) {
    index.Add(PassageId{row + 1}, axis);
    if (row % 3 == 0) index.Remove(row / 2);
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_GE(scans, 2u);
  EXPECT_EQ(index.row_count(), kRows);
}

TEST(FlatIndex, RecallAgainstExactSearchOnClusters) {
  constexpr uint32_t kDimension = 96;
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  std::vector<std::vector<float>> centres(60);
  for (auto& centre : centres) centre = RandomUnit(random, kDimension);
  const auto near_a_centre = [&] {
    std::vector<float> vector = centres[random() % centres.size()];
    for (float& value : vector) value += 0.05f * normal(random);
    return Unit(vector);
  };
  std::vector<std::vector<float>> vectors(6000), queries(200);
  std::generate(vectors.begin(), vectors.end(), near_a_centre);
  std::generate(queries.begin(), queries.end(), near_a_centre);
  EXPECT_GE(RecallAtTen(vectors, queries), 0.999);
}

TEST(SelectTop, BestFirstTiesByRowDeadLeftOut) {
  const std::vector<float> scores = {0.5f, FlatIndex::kDeadScore, 0.9f, 0.5f, -1.0f, NAN, 0.9f};
  const auto rows = [&](size_t count) {
    std::vector<Row> found;
    for (const ScoredRow& row : SelectTop(scores, 100, count)) found.push_back(row.row);
    return found;
  };
  EXPECT_EQ(rows(0), std::vector<Row>{});
  EXPECT_EQ(rows(1), std::vector<Row>{102});
  EXPECT_EQ(rows(3), (std::vector<Row>{102, 106, 100}));
  EXPECT_EQ(rows(100), (std::vector<Row>{102, 106, 100, 103, 104}));
  EXPECT_TRUE(SelectTop({}, 0, 5).empty());
}

TEST(SelectTop, IsAFullSortCutShort) {
  std::mt19937 random(6);
  std::vector<float> scores(3000);
  for (float& score : scores) score = static_cast<float>(random() % 200) / 200;  // many ties
  std::vector<Row> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](Row a, Row b) { return scores[a] > scores[b]; });
  const std::vector<ScoredRow> top = SelectTop(scores, 0, 500);
  ASSERT_EQ(top.size(), 500u);
  for (size_t i = 0; i < top.size(); ++i) {
    EXPECT_EQ(top[i].row, order[i]);
    EXPECT_EQ(top[i].score, scores[order[i]]);
  }
}

TEST(FlatIndex, SavedRowsComeBackAsTheyWere) {
  for (const uint32_t dimension : {100u, 384u}) {
    for (const uint32_t count : {0u, 1u, 1024u, 2500u}) {
      std::mt19937 random(count);
      FlatIndex index(dimension);
      for (uint32_t i = 0; i < count; ++i) index.Add(PassageId{i + 7}, RandomUnit(random, dimension));
      for (Row row = 0; row < count; row += 3) index.Remove(row);
      std::string bytes(index.saved_bytes(), 'x');
      index.SaveTo(bytes.data());
      Result<std::unique_ptr<FlatIndex>> loaded = FlatIndex::Load(bytes);
      ASSERT_TRUE(loaded.ok()) << loaded.status().detail();
      FlatIndex& other = *loaded.value();
      ASSERT_EQ(other.row_count(), count);
      EXPECT_EQ(other.live_count(), index.live_count());
      const std::vector<float> query = RandomUnit(random, dimension);
      const PreparedVector prepared = index.Prepare(query);
      std::vector<float> scores(count), others(count);
      index.Scan(prepared, 0, count, scores.data());
      other.Scan(prepared, 0, count, others.data());
      EXPECT_EQ(scores, others);
      for (Row row = 0; row < count; ++row) {
        ASSERT_EQ(other.passage(row), index.passage(row));
        ASSERT_EQ(other.Rescore(prepared, row), index.Rescore(prepared, row));
      }
      // What is added to it is found, and the same as anywhere.
      const Row row = other.Add(PassageId{9}, query);
      EXPECT_EQ(row, count);
      EXPECT_TRUE(other.IsLive(row));
      EXPECT_NEAR(other.Rescore(prepared, row), 1, 0.001);
    }
  }
}

TEST(FlatIndex, BytesThatAreNoSavedRowsAreRefused) {
  std::mt19937 random(3);
  FlatIndex index(8);
  for (uint32_t i = 0; i < 20; ++i) index.Add(PassageId{i + 1}, RandomUnit(random, 8));
  std::string bytes(index.saved_bytes(), '\0');
  index.SaveTo(bytes.data());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(FlatIndex::Load(std::string_view(bytes).substr(0, size)).status().code(), StatusCode::kBadData) << size;
  }
  EXPECT_EQ(FlatIndex::Load(bytes + 'x').status().code(), StatusCode::kBadData);
  for (size_t i = 0; i < 16; ++i) {
    std::string other = bytes;
    other[i] = static_cast<char>(other[i] ^ 0x40);
    EXPECT_EQ(FlatIndex::Load(other).status().code(), StatusCode::kBadData) << i;
  }
}

}  // namespace
}  // namespace lodestone
