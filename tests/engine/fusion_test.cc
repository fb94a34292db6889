#include "engine/fusion.h"

#include <cmath>

#include <gtest/gtest.h>

#include "engine/result_builder.h"

namespace lodestone {
namespace {

DocumentRecord Record(uint32_t id, const std::string& path, uint32_t passages) {
  DocumentRecord record;
  record.id = DocumentId{id};
  record.path = path;
  record.passage_count = passages;
  return record;
}

// Four documents of one passage each; passages 1 to 3 have vectors along the axes.
class FusionTest : public ::testing::Test {
 protected:
  FusionTest() {
    for (uint32_t i = 1; i <= 4; ++i) {
      library_.AddDocument(Record(i, std::string("d") + static_cast<char>('0' + i), 1), PassageId{i});
    }
    Tier& tier = library_.TierFor("m", 4);
    for (uint32_t i = 1; i <= 3; ++i) {
      std::vector<uint16_t> half(4, FloatToHalf(0));
      half[i] = FloatToHalf(1);
      library_.AddVector(tier, PassageId{i}, half);
    }
    tier_ = &tier;
  }

  std::vector<FusedHit> Run(FusionMode mode, std::vector<LexicalHit> hits, std::vector<float> cosines, float weight,
                            const FilterResult* filter = nullptr) {
    SemanticScores scores;
    scores.tier = tier_;
    scores.by_row = cosines;
    ScoreSums sums;
    for (float cosine : cosines) {
      sums.sum += cosine;
      sums.sum_of_squares += cosine * cosine;
      ++sums.count;
    }
    scores.scale = SemanticScale(sums);
    FusionInput input;
    input.mode = mode;
    input.library = &library_;
    input.lexical = hits;
    input.semantic = std::span(&scores, 1);
    input.semantic_weight = weight;
    input.filter = filter;
    return Fuse(input, 10);
  }

  Library library_;
  Tier* tier_ = nullptr;
};

TEST_F(FusionTest, LexicalScaleCountsPassagesWithoutAHitAsZero) {
  const std::vector<LexicalHit> hits = {{PassageId{1}, 4}, {PassageId{2}, 2}};
  const ScoreScale scale = LexicalScale(hits, 4);
  EXPECT_DOUBLE_EQ(scale.mean, 1.5);
  EXPECT_DOUBLE_EQ(scale.deviation, std::sqrt(5.0 - 2.25));
}

TEST_F(FusionTest, AddsNormalisedScores) {
  const auto hits = Run(FusionMode::kHybrid, {{PassageId{1}, 4}}, {0.1f, 0.9f, 0.2f}, 0.5f);
  ASSERT_EQ(hits.size(), 4u);
  // By hand: words have mean 1 and deviation sqrt(3), meaning has mean 0.4 and deviation 0.35590.
  const auto z_words = [](double score) { return (score - 1) / std::sqrt(3.0); };
  const auto z_meaning = [](double cosine) { return (cosine - 0.4) / 0.35590; };
  EXPECT_EQ(hits[0].passage.value, 1u);
  EXPECT_NEAR(hits[0].score, 0.5 * z_meaning(0.1) + 0.5 * z_words(4), 1e-3);
  EXPECT_EQ(hits[1].passage.value, 2u);
  EXPECT_NEAR(hits[1].score, 0.5 * z_meaning(0.9) + 0.5 * z_words(0), 1e-3);
  EXPECT_NEAR(hits[2].score, 0.5 * z_words(0), 1e-3) << "passage 4 has no vector: the mean";
}

TEST_F(FusionTest, AKeywordOnlyHitWithoutAVectorSurvives) {
  const auto hits = Run(FusionMode::kHybrid, {{PassageId{4}, 9}}, {0.3f, 0.31f, 0.29f}, 0.5f);
  ASSERT_FALSE(hits.empty());
  EXPECT_EQ(hits[0].passage.value, 4u);
  EXPECT_FALSE(hits[0].has_similarity);
}

TEST_F(FusionTest, ModesRankByTheirOwnScore) {
  const auto words = Run(FusionMode::kLexical, {{PassageId{3}, 2}, {PassageId{1}, 1}}, {0.9f, 0.9f, 0.9f}, 0.5f);
  ASSERT_EQ(words.size(), 2u);
  EXPECT_EQ(words[0].passage.value, 3u);
  EXPECT_FLOAT_EQ(words[0].score, 2);
  const auto meaning = Run(FusionMode::kSemantic, {{PassageId{3}, 2}}, {0.1f, 0.8f, 0.3f}, 0.5f);
  ASSERT_EQ(meaning.size(), 3u) << "a passage without a vector has no place here";
  EXPECT_EQ(meaning[0].passage.value, 2u);
  EXPECT_FLOAT_EQ(meaning[0].score, 0.8f);
}

TEST_F(FusionTest, TiesGoToTheLowerPassageAndFiltersHold) {
  auto hits = Run(FusionMode::kSemantic, {}, {0.5f, 0.5f, 0.5f}, 0.5f);
  EXPECT_EQ(hits[0].passage.value, 1u);
  EXPECT_EQ(hits[2].passage.value, 3u);
  FilterResult filter;
  filter.restricts = true;
  filter.allowed = {PassageId{2}, PassageId{4}, PassageId{99}};
  hits = Run(FusionMode::kHybrid, {}, {0.5f, 0.4f, 0.5f}, 0.5f, &filter);
  ASSERT_EQ(hits.size(), 2u);
  for (const FusedHit& hit : hits) EXPECT_EQ(hit.passage.value % 2, 0u);
}

TEST_F(FusionTest, RemovedDocumentsAreGone) {
  library_.RemoveDocument(DocumentId{2}, {PassageId{2}});
  for (const FusedHit& hit : Run(FusionMode::kHybrid, {{PassageId{2}, 5}}, {0.1f, 0.9f, 0.2f}, 0.5f)) {
    EXPECT_NE(hit.document.value, 2u);
  }
  EXPECT_EQ(library_.passage_count(), 3u);
  EXPECT_EQ(library_.FindPath("d2"), nullptr);
}

TEST(GroupByDocument, TakesTheBestPassageAndBreaksTiesByPath) {
  Library library;
  library.AddDocument(Record(1, "b.txt", 2), PassageId{1});
  library.AddDocument(Record(2, "a.txt", 1), PassageId{3});
  std::vector<FusedHit> hits(3);
  for (uint32_t i = 0; i < 3; ++i) hits[i].passage = PassageId{i + 1};
  hits[0].document = hits[1].document = DocumentId{1};
  hits[2].document = DocumentId{2};
  hits[0].score = 0.2f;
  hits[1].score = 0.7f;
  hits[2].score = 0.7f;
  const auto ranked = GroupByDocument(hits, library, 10);
  ASSERT_EQ(ranked.size(), 2u);
  EXPECT_EQ(ranked[0].document.value, 2u);
  EXPECT_FLOAT_EQ(ranked[1].score, 0.7f);
  EXPECT_EQ(ranked[1].passages[0].passage.value, 2u);
  EXPECT_EQ(GroupByDocument(hits, library, 1).size(), 1u);
}

TEST(EnsureShown, PutsRareExactHitsIntoTheLastPlacesInOrderOfScore) {
  Library library;
  std::vector<RankedDocument> ranked;
  for (uint32_t i = 1; i <= 6; ++i) {
    library.AddDocument(Record(i, "d" + std::to_string(i), 1), PassageId{i});
    FusedHit hit;
    hit.passage = PassageId{i};
    hit.document = DocumentId{i};
    hit.score = 7.0f - static_cast<float>(i);
    ranked.push_back({DocumentId{i}, hit.score, {hit}});
  }
  library.AddDocument(Record(7, "d7", 1), PassageId{7});
  // 7 is nowhere, 5 is below the places, 3 already holds one of them.
  EnsureShown({{PassageId{7}, 2}, {PassageId{5}, 3}, {PassageId{3}, 1}}, library, 3, &ranked);
  ASSERT_EQ(ranked.size(), 6u);
  const auto document = [&](size_t i) { return ranked[i].document.value; };
  EXPECT_EQ((std::vector<uint32_t>{document(0), document(1), document(2)}), (std::vector<uint32_t>{3, 5, 7}));
  EXPECT_EQ((std::vector<uint32_t>{document(3), document(4), document(5)}), (std::vector<uint32_t>{1, 2, 4}))
      << "what gave way comes next; the last falls off";
  for (size_t i = 1; i < ranked.size(); ++i) EXPECT_GE(ranked[i - 1].score, ranked[i].score);
}

// The better model has seen the even passages, which happen to be the near ones.
TEST(AlignScalesTest, AnUnfairSampleIsNotTakenForTheWholeLibrary) {
  constexpr uint32_t kPassages = 400;
  Library library;
  Tier& base_tier = library.TierFor("base", 1);
  Tier& better_tier = library.TierFor("better", 1);
  const std::vector<uint16_t> one = {FloatToHalf(1)};
  SemanticScores base;
  SemanticScores better;
  ScoreSums base_sums;
  ScoreSums better_sums;
  for (uint32_t id = 1; id <= kPassages; ++id) {
    library.AddDocument(Record(id, "d" + std::to_string(id), 1), PassageId{id});
    const bool near = id % 2 == 0;
    const float cosine = (near ? 0.4f : 0.0f) + 0.1f * static_cast<float>(id % 7) / 7.0f;
    library.AddVector(base_tier, PassageId{id}, one);
    base.by_row.push_back(cosine);
    base_sums.Add(cosine);
    if (!near) continue;
    library.AddVector(better_tier, PassageId{id}, one);
    better.by_row.push_back(0.5f + cosine / 2);  // the same on a scale of its own
    better_sums.Add(better.by_row.back());
  }
  base.tier = &base_tier;
  base.scale = SemanticScale(base_sums);
  better.tier = &better_tier;
  better.scale = SemanticScale(better_sums);
  std::vector<SemanticScores> scores = {better, base};
  AlignScales(library, &scores);
  ASSERT_EQ(scores.size(), 2u);
  for (float cosine : {0.0f, 0.2f, 0.45f}) {
    EXPECT_NEAR(scores[0].scale.Normalise(0.5f + cosine / 2), scores[1].scale.Normalise(cosine), 1e-4);
    EXPECT_NEAR(OnFirstScale(scores, 1, cosine), 0.5f + cosine / 2, 1e-4);
  }

  // One that has seen next to nothing says nothing yet.
  for (uint32_t id = 40; id <= kPassages; id += 2) better_tier.Remove(PassageId{id});
  scores = {better, base};
  AlignScales(library, &scores);
  ASSERT_EQ(scores.size(), 1u);
  EXPECT_EQ(scores[0].tier, &base_tier);
}

}  // namespace
}  // namespace lodestone
