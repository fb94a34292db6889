#include "engine/core_share.h"

#include "tests/engine/engine_fixture.h"
#include "tests/engine/scheduler_fixture.h"

namespace lodestone {
namespace {

class CoreShareTest : public ::testing::Test {
 protected:
  void Use(int threads) {
    executor_ = std::make_unique<FakeExecutor>(threads);
    Platform platform;
    platform.loop = &loop_;
    platform.compute = executor_.get();
    platform.instant_inference = platform.larger_inference = &inference_;
    platform.clock = &clock_;
    context_ = std::make_unique<EngineContext>(platform);
    share_ = std::make_unique<CoreShare>(context_.get());
  }
  int limit() const { return executor_->active_limit; }
  int lanes() const { return context_->instant.embedder.bulk_lane_limit(); }

  FakeClock clock_;
  FakeLoop loop_{&clock_};
  FakeInference inference_{&loop_, 1, 4};
  std::unique_ptr<FakeExecutor> executor_;
  std::unique_ptr<EngineContext> context_;
  std::unique_ptr<CoreShare> share_;
};

TEST_F(CoreShareTest, ReadingAndStoringHaveWhatEmbeddingLeaves) {
  Use(4);
  EXPECT_EQ(limit(), 4);
  EXPECT_EQ(lanes(), 4);
  context_->compute_tasks = 1;
  EXPECT_EQ(lanes(), 3);
  share_->SetThreads(1);
  EXPECT_EQ(limit(), 1);
  EXPECT_EQ(lanes(), 1);
}

TEST_F(CoreShareTest, WhileSomebodyWaitsForAnAnswerAllCoresAreForIt) {
  Use(4);
  context_->HoldBulk();
  context_->HoldBulk();
  EXPECT_EQ(limit(), 0);
  EXPECT_EQ(lanes(), 0);
  context_->ReleaseBulk();
  EXPECT_EQ(limit(), 0);
  share_->SetThreads(3);
  EXPECT_EQ(limit(), 0);
  context_->ReleaseBulk();
  EXPECT_EQ(limit(), 3);
  EXPECT_EQ(lanes(), 3);
}

TEST_F(CoreShareTest, QuestionsThatOverlapWithoutEndDoNotStopTheRest) {
  Use(4);
  context_->HoldBulk();
  for (int i = 0; i < 2; ++i) {
    clock_.now_ms += 100;
    context_->HoldBulk();
    context_->ReleaseBulk();
    EXPECT_EQ(limit(), 0);
  }
  clock_.now_ms += 100;
  context_->HoldBulk();
  EXPECT_EQ(limit(), 4);
  EXPECT_EQ(lanes(), 4);
  context_->ReleaseBulk();
  context_->ReleaseBulk();
  context_->HoldBulk();
  EXPECT_EQ(limit(), 0) << "nobody waited in between";
}

}  // namespace
}  // namespace lodestone
