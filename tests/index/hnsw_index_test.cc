#include "index/hnsw_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <random>
#include <set>
#include <thread>

#include "base/hash.h"

namespace lodestone {
namespace {

constexpr uint32_t kDimension = 48;
constexpr size_t kTop = 10;
constexpr size_t kWidth = 64;

// Vectors near centres of which some are near each other, as texts are.
class Clusters {
 public:
  explicit Clusters(uint32_t seed, size_t centre_count = 50) : random_(seed), centres_(centre_count) {
    for (std::vector<float>& centre : centres_) {
      centre.resize(kDimension);
      for (float& value : centre) value = normal_(random_);
    }
  }
  std::vector<float> Next() {
    std::vector<float> vector = centres_[random_() % centres_.size()];
    float sum = 0;
    for (float& value : vector) value += 0.5f * normal_(random_);
    for (float value : vector) sum += value * value;
    for (float& value : vector) value /= std::sqrt(sum);
    return vector;
  }
  std::shared_ptr<FlatIndex> Index(Row count) {
    auto index = std::make_shared<FlatIndex>(kDimension);
    for (Row row = 0; row < count; ++row) index->Add(PassageId{row + 1}, Next());
    return index;
  }
  std::vector<PreparedVector> Queries(const FlatIndex& index, size_t count) {
    std::vector<PreparedVector> queries;
    for (size_t i = 0; i < count; ++i) queries.push_back(index.Prepare(Next()));
    return queries;
  }

 private:
  std::mt19937 random_;
  std::normal_distribution<float> normal_;
  std::vector<std::vector<float>> centres_;
};

// The cosines of the best, best first.
std::vector<float> Exact(const FlatIndex& vectors, const PreparedVector& query, const RowFilter& allowed = {}) {
  std::vector<float> scores;
  for (Row row = 0; row < vectors.row_count(); ++row) {
    if (vectors.IsLive(row) && (!allowed || allowed(row))) scores.push_back(vectors.Rescore(query, row));
  }
  std::sort(scores.begin(), scores.end(), std::greater<>());
  scores.resize(std::min(kTop, scores.size()));
  return scores;
}

// The share of the best that a search finds; of rows that tie for the last place any will do.

double Recall(const HnswIndex& index, const FlatIndex& vectors, const std::vector<PreparedVector>& queries,
              const RowFilter& allowed = {}, size_t width = kWidth) {
  size_t found = 0, wanted = 0;
  for (const PreparedVector& query : queries) {
    const std::vector<float> best = Exact(vectors, query, allowed);
    if (best.empty()) continue;
    const std::vector<ScoredRow> hits = index.Search(query, kTop, width, allowed);
    wanted += best.size();
    found += std::count_if(hits.begin(), hits.end(), [&](const ScoredRow& hit) { return hit.score >= best.back(); });
  }
  return static_cast<double>(found) / static_cast<double>(wanted);
}

std::unique_ptr<HnswIndex> Build(std::shared_ptr<const FlatIndex> vectors, Row begin = 0) {
  auto index = std::make_unique<HnswIndex>(vectors, HnswOptions());
  for (Row row = begin; row < vectors->row_count(); ++row) index->Insert(row);
  return index;
}

TEST(HnswIndex, FindsWhatTheExactIndexFinds) {
  Clusters clusters(1);
  const auto vectors = clusters.Index(5000);
  const auto index = Build(vectors);
  const auto queries = clusters.Queries(*vectors, 100);
  EXPECT_GE(Recall(*index, *vectors, queries), 0.98);
  // A wider walk finds more, so this is a graph and not a scan.
  EXPECT_LT(Recall(*index, *vectors, queries, {}, kTop), Recall(*index, *vectors, queries, {}, 200));
  for (const PreparedVector& query : queries) {
    const std::vector<ScoredRow> hits = index->Search(query, kTop, kWidth);
    ASSERT_EQ(hits.size(), kTop);
    for (size_t i = 0; i < kTop; ++i) {
      EXPECT_EQ(hits[i].score, vectors->Rescore(query, hits[i].row));
      if (i > 0) EXPECT_GE(hits[i - 1].score, hits[i].score);
    }
  }
}

TEST(HnswIndex, SmallOnesAreExact) {
  for (const Row count : {0u, 1u, 2u, 9u, 11u, 200u}) {
    Clusters clusters(count + 2);
    const auto vectors = clusters.Index(count);
    const auto index = Build(vectors);
    EXPECT_EQ(index->complete_below(), count);
    for (const PreparedVector& query : clusters.Queries(*vectors, 5)) {
      EXPECT_EQ(index->Search(query, kTop, kWidth).size(), std::min<size_t>(count, kTop));
      if (count > 0) EXPECT_EQ(Recall(*index, *vectors, {query}), 1);
    }
    EXPECT_TRUE(index->Search(vectors->Prepare(clusters.Next()), 0, 0).empty());
  }
}

TEST(HnswIndex, RowsOutsideTheGraphAreFoundToo) {
  Clusters clusters(3);
  const auto vectors = clusters.Index(3000);
  HnswIndex index(vectors, HnswOptions());
  for (Row row = 0; row < 2000; ++row) index.Insert(row);
  for (Row row = 2500; row < 2600; ++row) index.Insert(row);  // ahead of others, as another thread would
  EXPECT_EQ(index.complete_below(), 2000u);
  const auto queries = clusters.Queries(*vectors, 60);
  EXPECT_GE(Recall(index, *vectors, queries), 0.98);
  for (const PreparedVector& query : queries) {
    std::set<Row> rows;
    for (const ScoredRow& hit : index.Search(query, kTop, kWidth)) EXPECT_TRUE(rows.insert(hit.row).second);
  }
  for (Row row = 2000; row < 3000; ++row) {
    if (row < 2500 || row >= 2600) index.Insert(row);
  }
  EXPECT_EQ(index.complete_below(), 3000u);
  for (Row row = 3000; row < 4000; ++row) index.Insert(vectors->Add(PassageId{row + 1}, clusters.Next()));
  EXPECT_GE(Recall(index, *vectors, clusters.Queries(*vectors, 60)), 0.98);
}

TEST(HnswIndex, RemovedRowsAreWalkedThroughUntilARebuildIsDue) {
  Clusters clusters(4);
  const auto vectors = clusters.Index(4000);
  const auto index = Build(vectors);
  const auto queries = clusters.Queries(*vectors, 60);
  std::mt19937 random(4);
  // The best answers of all queries go first: what a walk meets on its way is then gone.
  for (const PreparedVector& query : queries) {
    for (const ScoredRow& hit : index->Search(query, kTop, kWidth)) vectors->Remove(hit.row);
  }
  EXPECT_FALSE(index->RebuildDue());
  EXPECT_GE(Recall(*index, *vectors, queries), 0.98);
  while (!index->RebuildDue()) vectors->Remove(static_cast<Row>(random() % 4000));
  EXPECT_LT(vectors->live_count(), 2700u);
  EXPECT_GE(Recall(*index, *vectors, queries), 0.98);
  for (const PreparedVector& query : queries) {
    for (const ScoredRow& hit : index->Search(query, kTop, kWidth)) EXPECT_TRUE(vectors->IsLive(hit.row));
  }
  for (Row row = 3; row < 4000; ++row) vectors->Remove(row);
  EXPECT_LE(index->Search(queries[0], kTop, kWidth).size(), 3u);
}

TEST(HnswIndex, AFilterOfAnySizeGetsItsBest) {
  Clusters clusters(5);
  const auto vectors = clusters.Index(4000);
  const auto index = Build(vectors);
  const auto queries = clusters.Queries(*vectors, 40);
  const std::vector<RowFilter> filters = {
      [](Row row) { return row % 2 == 0; },
      [](Row row) { return row % 20 == 7; },
      [](Row row) { return row % 500 == 1; },
      [](Row row) { return row > 3000; },
      [](Row row) { return row == 77; },
      [](Row) { return false; },
  };
  for (const RowFilter& allowed : filters) {
    const bool any = !Exact(*vectors, queries[0], allowed).empty();
    if (any) EXPECT_GE(Recall(*index, *vectors, queries, allowed), 0.98);
    for (const PreparedVector& query : queries) {
      const std::vector<ScoredRow> hits = index->Search(query, kTop, kWidth, allowed);
      EXPECT_EQ(hits.size(), Exact(*vectors, query, allowed).size());
      for (const ScoredRow& hit : hits) EXPECT_TRUE(allowed(hit.row));
    }
  }
  // Only what is far from the query.
  double recall = 0;
  for (const PreparedVector& query : queries) {
    const RowFilter far = [&](Row row) { return vectors->Rescore(query, row) < 0; };
    recall += Recall(*index, *vectors, {query}, far) / static_cast<double>(queries.size());
  }
  EXPECT_GE(recall, 0.98);
}

TEST(HnswIndex, ManyCopiesOfOneVectorHideNothing) {
  Clusters clusters(6);
  auto vectors = std::make_shared<FlatIndex>(kDimension);
  const std::vector<float> copied = clusters.Next();
  Row row = 0;
  for (; row < 1500; ++row) vectors->Add(PassageId{row + 1}, copied);
  for (; row < 3000; ++row) vectors->Add(PassageId{row + 1}, clusters.Next());
  for (; row < 3100; ++row) vectors->Add(PassageId{row + 1}, std::vector<float>(kDimension, 0.0f));
  const auto index = Build(vectors);
  EXPECT_GE(Recall(*index, *vectors, clusters.Queries(*vectors, 60)), 0.98);
  const std::vector<ScoredRow> hits = index->Search(vectors->Prepare(copied), kTop, kWidth);
  ASSERT_EQ(hits.size(), kTop);
  for (const ScoredRow& hit : hits) EXPECT_NEAR(hit.score, 1, 1e-3);

  // Saved as copies; one takes the place of an original that has gone.
  for (row = 0; row < 1400; ++row) vectors->Remove(row);
  Result<std::unique_ptr<HnswIndex>> loaded = HnswIndex::Load(vectors, index->Save());
  ASSERT_TRUE(loaded.ok()) << loaded.status().detail();
  for (const ScoredRow& hit : loaded.value()->Search(vectors->Prepare(copied), kTop, kWidth)) {
    EXPECT_TRUE(vectors->IsLive(hit.row));
    EXPECT_NEAR(hit.score, 1, 1e-3);
  }
  EXPECT_GE(Recall(*loaded.value(), *vectors, clusters.Queries(*vectors, 60)), 0.98);
}

TEST(HnswIndex, OneThreadMakesTheSameGraphEachTime) {
  Clusters clusters(7);
  const auto vectors = clusters.Index(1500);
  EXPECT_EQ(Build(vectors)->Save(), Build(vectors)->Save());
  HnswIndex other(vectors, {.seed = 2});
  for (Row row = 0; row < 1500; ++row) other.Insert(row);
  EXPECT_NE(Build(vectors)->Save(), other.Save());
}

TEST(HnswIndex, ThreadsInsertTogetherWhileOthersSearch) {
  constexpr Row kRows = 3000;
  Clusters clusters(8);
  const auto vectors = clusters.Index(kRows);
  const auto queries = clusters.Queries(*vectors, 40);
  HnswIndex index(vectors, HnswOptions());
  std::atomic<Row> next = 0;
  std::atomic<size_t> searches = 0;
  const auto insert = [&] {
    for (Row row; (row = next++) < kRows;) {
      if (row % 17 == 0) vectors->Remove(row);
      index.Insert(row);
    }
  };
  const auto search = [&] {
    bool last = false;
    while (!last) {
      last = index.complete_below() == kRows;
      for (const PreparedVector& query : queries) {
        ASSERT_EQ(index.Search(query, kTop, kWidth).size(), kTop);
        ++searches;
      }
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) threads.emplace_back(insert);
  threads.emplace_back(search);
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(searches, queries.size());
  EXPECT_EQ(index.complete_below(), kRows);
  EXPECT_GE(Recall(index, *vectors, queries), 0.98);
}

TEST(HnswIndex, LoadedItAnswersAsBefore) {
  Clusters clusters(9);
  const auto vectors = clusters.Index(2500);
  const auto index = Build(vectors);
  const std::string bytes = index->Save();
  Result<std::unique_ptr<HnswIndex>> loaded = HnswIndex::Load(vectors, bytes);
  ASSERT_TRUE(loaded.ok()) << loaded.status().detail();
  EXPECT_EQ(loaded.value()->complete_below(), 2500u);
  EXPECT_EQ(loaded.value()->Save(), bytes);
  for (const PreparedVector& query : clusters.Queries(*vectors, 40)) {
    const std::vector<ScoredRow> before = index->Search(query, kTop, kWidth);
    const std::vector<ScoredRow> after = loaded.value()->Search(query, kTop, kWidth);
    ASSERT_EQ(before.size(), after.size());
    for (size_t i = 0; i < before.size(); ++i) {
      EXPECT_EQ(before[i].row, after[i].row);
      EXPECT_EQ(before[i].score, after[i].score);
    }
  }
  // And goes on growing.
  loaded.value()->Insert(vectors->Add(PassageId{2501}, clusters.Next()));
  EXPECT_EQ(loaded.value()->complete_below(), 2501u);
}

TEST(HnswIndex, LoadedOverRowsInAnotherOrderWithSomeGoneAndSomeNew) {
  constexpr Row kRows = 3000;
  Clusters clusters(10);
  std::vector<std::vector<float>> values;
  for (Row i = 0; i < kRows; ++i) values.push_back(clusters.Next());
  auto before = std::make_shared<FlatIndex>(kDimension);
  for (Row i = 0; i < kRows; ++i) before->Add(PassageId{i + 1}, values[i]);
  const auto index = Build(before);
  for (Row row = 0; row < kRows; row += 7) before->Remove(row);  // saved as removed
  const std::string bytes = index->Save();

  auto after = std::make_shared<FlatIndex>(kDimension);
  for (Row i = kRows; i-- > 0;) {
    if (i % 7 == 0 || i % 11 == 0) continue;  // and more have gone since
    after->Add(PassageId{i + 1}, values[i]);
  }
  const Row old_rows = after->row_count();
  for (Row i = 0; i < 100; ++i) after->Add(PassageId{kRows + 1 + i}, clusters.Next());
  Result<std::unique_ptr<HnswIndex>> loaded = HnswIndex::Load(after, bytes);
  ASSERT_TRUE(loaded.ok()) << loaded.status().detail();
  EXPECT_EQ(loaded.value()->complete_below(), old_rows);
  EXPECT_GE(Recall(*loaded.value(), *after, clusters.Queries(*after, 60)), 0.98);
  for (Row row = old_rows; row < after->row_count(); ++row) loaded.value()->Insert(row);
  EXPECT_GE(Recall(*loaded.value(), *after, clusters.Queries(*after, 60)), 0.98);

  // Over no vectors at all it is empty.
  const auto nothing = std::make_shared<FlatIndex>(kDimension);
  loaded = HnswIndex::Load(nothing, bytes);
  ASSERT_TRUE(loaded.ok());
  EXPECT_TRUE(loaded.value()->Search(nothing->Prepare(clusters.Next()), kTop, kWidth).empty());
  loaded.value()->Insert(nothing->Add(PassageId{1}, clusters.Next()));
  EXPECT_EQ(loaded.value()->Search(nothing->Prepare(clusters.Next()), kTop, kWidth).size(), 1u);
}

// Gives the bytes the checksum that belongs to them, as one who means harm would.
std::string Signed(std::string bytes) {
  const uint64_t checksum = Checksum(std::string_view(bytes).substr(16));
  std::memcpy(bytes.data() + 8, &checksum, sizeof checksum);
  return bytes;
}

TEST(HnswIndex, RefusesBytesThatAreCutOrChanged) {
  Clusters clusters(11);
  const auto vectors = clusters.Index(40);
  const std::string bytes = Build(vectors)->Save();
  ASSERT_TRUE(HnswIndex::Load(vectors, bytes).ok());
  ASSERT_TRUE(HnswIndex::Load(vectors, Signed(bytes)).ok());
  for (size_t size = 0; size < bytes.size(); ++size) {
    const std::string cut = bytes.substr(0, size);
    EXPECT_EQ(HnswIndex::Load(vectors, cut).status().code(), StatusCode::kBadData) << size;
    if (size >= 16) EXPECT_EQ(HnswIndex::Load(vectors, Signed(cut)).status().code(), StatusCode::kBadData) << size;
  }
  EXPECT_FALSE(HnswIndex::Load(vectors, Signed(bytes + '\0')).ok());
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 0x10);
    EXPECT_FALSE(HnswIndex::Load(vectors, changed).ok()) << i;
  }
}

// With the checksum made to fit, whatever is taken can be searched and grown.
TEST(HnswIndex, HostileBytesAreRefusedOrHarmless) {
  Clusters clusters(12);
  const auto vectors = clusters.Index(600);
  const std::string bytes = Build(vectors)->Save();
  const auto queries = clusters.Queries(*vectors, 3);
  std::mt19937 random(12);
  int refused = 0, taken = 0;
  for (int round = 0; round < 400; ++round) {
    std::string changed = bytes;
    // The first bytes hold the counts, so half of the rounds aim there.
    const size_t reach = round % 2 == 0 ? 64 : changed.size() - 16;
    for (int i = 0; i < 4; ++i) changed[16 + random() % reach] = static_cast<char>(random());
    Result<std::unique_ptr<HnswIndex>> loaded = HnswIndex::Load(vectors, Signed(changed));
    if (!loaded.ok()) {
      ++refused;
      EXPECT_EQ(loaded.status().code(), StatusCode::kBadData);
      continue;
    }
    ++taken;
    for (const PreparedVector& query : queries) EXPECT_EQ(loaded.value()->Search(query, kTop, 30).size(), kTop);
    loaded.value()->Insert(vectors->Add(PassageId{vectors->row_count() + 1}, clusters.Next()));
  }
  EXPECT_GT(refused, 50);
  EXPECT_GT(taken, 5);
}

TEST(HnswIndex, RefusesEachKindOfHostileLink) {
  Clusters clusters(13);
  auto vectors = std::make_shared<FlatIndex>(kDimension);
  for (Row row = 0; row < 39; ++row) vectors->Add(PassageId{row + 1}, clusters.Next());
  std::vector<uint16_t> half_bits(kDimension, FloatToHalf(0.25f));
  half_bits[0] = 0;
  vectors->AddHalf(PassageId{40}, half_bits);
  vectors->AddHalf(PassageId{41}, half_bits);  // a copy: the last node, the last four bytes
  const std::string bytes = Build(vectors)->Save();
  const auto refuses = [&](size_t offset, auto value, const char* detail) {
    std::string changed = bytes;
    std::memcpy(changed.data() + offset, &value, sizeof value);
    const Result<std::unique_ptr<HnswIndex>> loaded = HnswIndex::Load(vectors, Signed(changed));
    EXPECT_FALSE(loaded.ok());
    EXPECT_EQ(loaded.status().detail(), detail) << "offset " << offset;
  };
  constexpr size_t kLinks = 16, kNodeCount = kLinks + 16, kEntry = kNodeCount + 4, kPassages = kEntry + 4;
  constexpr size_t kLevels = kPassages + 41 * 4, kLists = kLevels + 41;
  refuses(0, uint32_t{0}, "another format or version");
  refuses(4, uint32_t{2}, "another format or version");
  refuses(kLinks, uint32_t{1}, "options");
  refuses(kLinks, uint32_t{1000000}, "options");
  refuses(kLinks + 4, uint32_t{0}, "options");
  refuses(kNodeCount, uint32_t{0xffffffff}, "nodes");
  refuses(kEntry, uint32_t{41}, "entry");
  refuses(kEntry, uint32_t{40}, "entry");  // a copy is no node
  refuses(kLevels, uint8_t{16}, "level");
  refuses(kLists, uint8_t{33}, "links");
  refuses(kLists + 1, uint32_t{40}, "link");
  refuses(kLists + 1, uint32_t{41}, "link");
  refuses(bytes.size() - 4, uint32_t{40}, "copy");
  refuses(bytes.size() - 4, uint32_t{41}, "copy");
  refuses(kLists + 1, uint32_t{0xffffffff}, "link");
}

}  // namespace
}  // namespace lodestone
