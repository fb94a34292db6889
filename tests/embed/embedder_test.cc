#include "embed/embedder.h"

#include <cmath>
#include <map>
#include <utility>

#include <gtest/gtest.h>

namespace lodestone {
namespace {

class HeldInference final : public InferenceHost {
 public:
  int lane_count() const override { return 3; }
  void Prepare(const ModelSource&) override {}
  void Load(const ModelSource& source, LoadDone done) override {
    (void)source;
    loads.push_back(std::move(done));
  }
  void OpenLane(int lane, LoadDone done) override { opens.emplace_back(lane, std::move(done)); }
  void Close() override { ++closes; }
  uint32_t gpu_batch_tokens(int lane) const override { return lane == 1 ? lane_1_gpu_tokens : 0; }
  void Run(int lane, InferenceBatch* batch, RunDone done) override { runs.push_back({lane, batch, std::move(done)}); }

  struct Held {
    int lane;
    InferenceBatch* batch;
    RunDone done;
  };
  void Answer(size_t i, Status status = OkStatus(), float value = 2.0f) {
    Held held = std::move(runs[i]);
    runs.erase(runs.begin() + static_cast<ptrdiff_t>(i));
    for (float& out : held.batch->out) out = value;
    held.done(std::move(status));
  }
  int closes = 0;
  uint32_t lane_1_gpu_tokens = 0;
  std::vector<LoadDone> loads;
  std::vector<std::pair<int, LoadDone>> opens;
  std::vector<Held> runs;
};

class EmbedderTest : public ::testing::Test {
 protected:
  EmbedderTest() {
    embedder_.set_on_bulk_done([this](Result<EmbeddedPassages> result) { done_.push_back(std::move(result)); });
  }
  void Load(uint32_t dimension = 4, uint32_t claimed = 4) {
    ModelDescription model;
    model.id = "m";
    model.dimension = claimed;
    embedder_.SetModel(model, {}, [this](Status status) { loaded_ = std::move(status); });
    auto load = std::move(inference_.loads.back());
    inference_.loads.pop_back();
    load(ModelInfo{dimension, false, true});
  }
  // Both bulk lanes are open, and have what the query lane's first batch left of these.
  void OpenBulkLanes(std::vector<EmbedItem> items) {
    embedder_.AddBulk(std::move(items));
    clock_.now_ms += 150;
    inference_.Answer(0);
    inference_.opens[0].second(ModelInfo{4, false, true});
    inference_.opens[1].second(ModelInfo{4, false, true});
  }
  static std::vector<EmbedItem> Items(uint32_t first, const std::vector<size_t>& lengths) {
    std::vector<EmbedItem> items;
    for (size_t length : lengths) {
      EmbedItem item;
      item.passage = PassageId{first++};
      item.ids.assign(length, 7);
      items.push_back(std::move(item));
    }
    return items;
  }

  struct HeldClock final : Clock {
    double NowMs() const override { return now_ms; }
    int64_t WallMs() const override { return 0; }
    double now_ms = 1000;
  };
  HeldInference inference_;
  HeldClock clock_;
  Embedder embedder_{&inference_, &clock_};
  Status loaded_{StatusCode::kInternal, "not yet"};
  std::vector<Result<EmbeddedPassages>> done_;
};

TEST_F(EmbedderTest, BatchesAreOfLikeLengthAndBounded) {
  Load();
  ASSERT_TRUE(loaded_.ok());
  std::vector<size_t> lengths;
  for (size_t i = 0; i < 400; ++i) lengths.push_back(1 + (i * 37) % 120);
  embedder_.AddBulk(Items(1, lengths));
  size_t passages = 0, padded = 0, real = 0;
  while (!inference_.runs.empty()) {
    const InferenceBatch& batch = *inference_.runs[0].batch;
    EXPECT_LE(batch.row_count * batch.column_count, 256u);
    padded += batch.ids.size();
    for (int64_t bit : batch.mask) real += static_cast<size_t>(bit);
    passages += batch.row_count;
    inference_.Answer(0);
  }
  EXPECT_EQ(passages, 400u);
  EXPECT_LT(padded * 10, real * 11);
  EXPECT_EQ(embedder_.bulk_pending(), 0u);
}

TEST_F(EmbedderTest, VectorsComeBackUnitLengthWithTheirPassages) {
  Load();
  embedder_.AddBulk(Items(5, {3}));
  inference_.Answer(0);
  ASSERT_EQ(done_.size(), 1u);
  ASSERT_TRUE(done_[0].ok());
  EXPECT_EQ(done_[0].value().passages, std::vector<PassageId>{PassageId{5}});
  EXPECT_EQ(done_[0].value().token_count, 3u);
  for (float value : done_[0].value().values) EXPECT_FLOAT_EQ(value, 0.5f);
}

TEST_F(EmbedderTest, NoBulkBatchStartsWhileNoLaneIsForIt) {
  Load();
  int lanes = 0;
  embedder_.bulk_lane_limit = [&] { return lanes; };
  embedder_.AddBulk(Items(1, {3, 3}));
  EXPECT_TRUE(inference_.runs.empty());
  bool answered = false;
  embedder_.EmbedNow({{1, 2}}, [&](Result<std::vector<float>> vector) { answered = vector.ok(); });
  ASSERT_EQ(inference_.runs.size(), 1u);
  EXPECT_EQ(inference_.runs[0].lane, 0);
  inference_.Answer(0);
  EXPECT_TRUE(answered);
  EXPECT_TRUE(inference_.runs.empty());
  lanes = 1;
  embedder_.Pump();
  EXPECT_EQ(inference_.runs.size(), 1u);
}

TEST_F(EmbedderTest, AShortJobOpensNoFurtherLane) {
  Load();
  embedder_.AddBulk(Items(1, std::vector<size_t>(64, 100)));
  while (!inference_.runs.empty()) {
    EXPECT_EQ(inference_.runs[0].lane, 0);
    inference_.Answer(0);
  }
  clock_.now_ms += 10'000;  // the pause does not count
  embedder_.AddBulk(Items(100, std::vector<size_t>(64, 100)));
  inference_.Answer(0);
  EXPECT_TRUE(inference_.opens.empty());
}

TEST_F(EmbedderTest, BulkLanesOpenWhenTheWorkLastsAndThenCarryIt) {
  Load();
  embedder_.AddBulk(Items(1, std::vector<size_t>(64, 100)));
  ASSERT_EQ(inference_.runs.size(), 1u);
  EXPECT_EQ(inference_.runs[0].lane, 0) << "until then the query lane helps";
  EXPECT_TRUE(inference_.opens.empty());
  clock_.now_ms += 150;
  inference_.Answer(0);
  ASSERT_EQ(inference_.opens.size(), 1u);
  ASSERT_EQ(inference_.runs.size(), 1u);
  inference_.opens[0].second(ModelInfo{4, false, true});
  ASSERT_EQ(inference_.opens.size(), 2u);
  inference_.opens[1].second(ModelInfo{4, false, true});
  inference_.Answer(0);
  ASSERT_EQ(inference_.runs.size(), 2u);
  EXPECT_EQ(inference_.runs[0].lane + inference_.runs[1].lane, 3);
}

TEST_F(EmbedderTest, TheLastOfTheWorkIsSharedOutEvenly) {
  Load();
  OpenBulkLanes(Items(1, std::vector<size_t>(8, 100)));
  while (!inference_.runs.empty()) inference_.Answer(0);
  std::vector<uint32_t> rows;
  embedder_.AddBulk(Items(10, std::vector<size_t>(24, 20)));
  while (!inference_.runs.empty()) {
    rows.push_back(inference_.runs[0].batch->row_count);
    inference_.Answer(0);
  }
  // 480 tokens: half of them for each lane at first, and never fewer than 64.
  EXPECT_EQ(rows, (std::vector<uint32_t>{12, 6, 3, 3}));
}

TEST_F(EmbedderTest, TheLaneOnTheGraphicsProcessorGetsLongerBatches) {
  Load();
  OpenBulkLanes(Items(1, std::vector<size_t>(64, 100)));
  EXPECT_FALSE(embedder_.uses_gpu());
  while (!inference_.runs.empty() && inference_.runs[0].lane != 1) inference_.Answer(0);
  ASSERT_FALSE(inference_.runs.empty());
  EXPECT_LE(inference_.runs[0].batch->row_count, 2u);
  inference_.lane_1_gpu_tokens = 1024;
  EXPECT_TRUE(embedder_.uses_gpu());
  inference_.Answer(0);
  for (const auto& run : inference_.runs) EXPECT_EQ(run.batch->row_count, run.lane == 1 ? 10u : 2u) << run.lane;
  EXPECT_EQ(inference_.runs.size(), 2u);
  inference_.lane_1_gpu_tokens = 0;
  EXPECT_FALSE(embedder_.uses_gpu());
}

TEST_F(EmbedderTest, WindowsOfOnePassageAreAveraged) {
  Load();
  auto items = Items(9, {4, 4});
  items[1].passage = PassageId{9};
  items[0].window_count = items[1].window_count = 2;
  items[1].window = 1;
  embedder_.AddBulk(std::move(items));
  while (!inference_.runs.empty()) inference_.Answer(0);
  size_t passages = 0;
  for (const auto& result : done_) passages += result.value().passages.size();
  EXPECT_EQ(passages, 1u);
}

TEST_F(EmbedderTest, AModelChangeWaitsForRunsAndDropsTheirVectors) {
  Load();
  embedder_.AddBulk(Items(1, {3, 300}));
  clock_.now_ms += 150;
  inference_.Answer(0);
  ASSERT_EQ(inference_.opens.size(), 1u);
  ASSERT_EQ(inference_.runs.size(), 1u);
  done_.clear();
  ModelDescription other;
  other.id = "n";
  other.dimension = 8;
  embedder_.SetModel(other, {}, [this](Status status) { loaded_ = std::move(status); });
  EXPECT_TRUE(inference_.loads.empty()) << "a lane still runs the old model";
  inference_.Answer(0);
  EXPECT_TRUE(done_.empty());
  // The bulk lane that was being opened answers too.
  inference_.opens[0].second(ModelInfo{4, false, true});
  ASSERT_EQ(inference_.loads.size(), 1u);
  inference_.loads[0](ModelInfo{8, false, true});
  EXPECT_TRUE(loaded_.ok());
}

TEST_F(EmbedderTest, ASecondModelWaitsUntilTheFirstIsOpen) {
  ModelDescription model;
  model.id = "first";
  model.dimension = 4;
  Status first;
  embedder_.SetModel(model, {}, [&](Status status) { first = std::move(status); });
  model.id = "second";
  model.dimension = 8;
  embedder_.SetModel(model, {}, [this](Status status) { loaded_ = std::move(status); });
  ASSERT_EQ(inference_.loads.size(), 1u) << "the lane keeps whichever comes last";
  inference_.loads[0](ModelInfo{4, false, true});
  EXPECT_EQ(first.code(), StatusCode::kCancelled);
  EXPECT_FALSE(embedder_.ready());
  ASSERT_EQ(inference_.loads.size(), 2u);
  inference_.loads[1](ModelInfo{8, false, true});
  EXPECT_TRUE(loaded_.ok());
  EXPECT_EQ(embedder_.model().id, "second");
}

TEST_F(EmbedderTest, AWrongShapeIsRefused) {
  Load(/*dimension=*/6, /*claimed=*/4);
  EXPECT_EQ(loaded_.code(), StatusCode::kBadData);
  EXPECT_FALSE(embedder_.ready());
}

TEST_F(EmbedderTest, ValuesThatAreNotNumbersAreAFailure) {
  Load();
  embedder_.AddBulk(Items(1, {3}));
  inference_.Answer(0, OkStatus(), NAN);
  ASSERT_EQ(done_.size(), 1u);
  EXPECT_EQ(done_[0].status().code(), StatusCode::kBadData);
}

TEST(MakeBatch, PadsOnTheRightAndMasks) {
  const std::vector<int32_t> a = {5, 6, 7}, b = {8}, empty;
  const InferenceBatch batch = MakeBatch({&a, &b, &empty}, 2, 0);
  EXPECT_EQ(batch.ids, (std::vector<int64_t>{5, 6, 7, 8, 0, 0, 0, 0, 0}));
  EXPECT_EQ(batch.mask, (std::vector<int64_t>{1, 1, 1, 1, 0, 0, 0, 0, 0}));
  EXPECT_EQ(batch.out.size(), 6u);
  EXPECT_EQ(MakeBatch({&empty}, 2, 0).column_count, 1u);
}

}  // namespace
}  // namespace lodestone
