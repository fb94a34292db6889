// Two models side by side: the instant one answers for what the larger one has not seen yet.

#include <atomic>

#include "tests/engine/engine_fixture.h"

namespace lodestone {
namespace {

using protocol::ModelState;
using protocol::SearchMode;

// Every look at it is long after the last: whatever waits for time to pass has waited enough.
class LeapingClock final : public Clock {
 public:
  double NowMs() const override { return now_ms_ += 1000; }
  int64_t WallMs() const override { return 1700000000000; }

 private:
  mutable std::atomic<int64_t> now_ms_{0};
};

class ModelsTest : public EngineTest {
 protected:
  ModelsTest() : EngineTest(true) {
    End();
    clock_ = &leaping_clock_;
    Start();
  }
  ~ModelsTest() override { End(); }

  // Longer texts than the one of violin.txt, which therefore are embedded before it.
  void AddPlenty() {
    std::vector<std::pair<std::string, std::string>> files = {{"violin.txt", "violin"}};
    for (int i = 0; i < 300; ++i) files.emplace_back("g" + std::to_string(i) + ".txt", "the garden and tomato is " + std::string(1, static_cast<char>('b' + i % 25)));
    files.emplace_back("whale.txt", "whale glacier bread engine lighthouse copper harbour of the whale");
    EXPECT_EQ(Add(std::move(files)).added, 302u);
  }
  std::string First(const std::string& query, SearchMode mode) {
    const auto reply = Search(query, mode);
    return reply.results.empty() ? "nothing" : reply.results[0].path;
  }

  LeapingClock leaping_clock_;
};

TEST_F(ModelsTest, BothAnswerUntilTheLargerOneHasSeenAll) {
  LoadModel();
  AddPlenty();
  larger_inference_->hold_further_lanes = true;
  EXPECT_EQ(Ask<protocol::SetModelReply>(LargerModelRequest()).dimension, 384u);
  ASSERT_TRUE(loop_.RunUntil([&] { return larger_inference_->batches >= 3; }, 30000));
  EXPECT_EQ(State().model_id, "larger");
  for (SearchMode mode : {SearchMode::kSemantic, SearchMode::kHybrid}) {
    EXPECT_FALSE(Search("violin", mode).complete);
    EXPECT_EQ(First("violin", mode), "violin.txt") << "which only the instant model has seen";
    EXPECT_EQ(First("lighthouse engine whale", mode), "whale.txt") << "which the larger one has seen";
  }
  EXPECT_GE(State().embedded_passages, 32u);
  EXPECT_LT(State().embedded_passages, 302u);

  larger_inference_->ReleaseRuns();
  WaitIdle();
  EXPECT_EQ(State().embedded_passages, 302u);
  const int asked = inference_->batches;
  EXPECT_TRUE(Search("violin", SearchMode::kSemantic).complete);
  EXPECT_EQ(First("violin", SearchMode::kSemantic), "violin.txt");
  EXPECT_EQ(inference_->batches, asked + 2) << "for the best sentences alone: once the larger one has all, the query is its own";
}

TEST_F(ModelsTest, NewFilesGetBothModelsVectorsTheInstantOnesFirst) {
  LoadModel();
  EXPECT_EQ(Ask<protocol::SetModelReply>(LargerModelRequest()).dimension, 384u);
  AddPlenty();
  EXPECT_EQ(State().embedded_passages, 302u) << "adding ends when the larger model has all";
  EXPECT_GT(inference_->batches, 0);
  // What fails now leaves a complete library behind.
  larger_inference_->fail_runs = true;
  const RequestId add = Post(protocol::AddFiles{{Entry("bread.txt", "bread")}, {}});
  Wait(add);
  WaitIdle();
  EXPECT_EQ(State().model_id, "fake");
  EXPECT_EQ(State().model_state, ModelState::kReady);
  EXPECT_EQ(State().embedded_passages, 303u);
  EXPECT_TRUE(Search("bread", SearchMode::kSemantic).complete);
  EXPECT_EQ(First("bread", SearchMode::kSemantic), "bread.txt");
  EXPECT_GE(larger_inference_->closes, 1);
}

TEST_F(ModelsTest, AModelThatCannotBeOpenedLeavesTheOneThatWasThere) {
  LoadModel();
  Add({{"a.txt", "A lantern."}, {"b.txt", "A violin."}});
  larger_inference_->fail_loads = true;
  EXPECT_EQ(AskForError(LargerModelRequest()).code, "kBadData");
  WaitIdle();
  EXPECT_EQ(State().model_id, "fake");
  EXPECT_EQ(State().model_state, ModelState::kReady);
  EXPECT_TRUE(Search("lantern", SearchMode::kSemantic).complete);
  EXPECT_EQ(First("lantern", SearchMode::kSemantic), "a.txt");
  EXPECT_EQ(Add({{"c.txt", "A glacier."}}).added, 1u);
}

TEST_F(ModelsTest, EveryRequestForAModelIsAnsweredOnce) {
  LoadModel();
  AddPlenty();
  larger_inference_->hold_runs = true;
  Ask<protocol::SetModelReply>(LargerModelRequest());
  ASSERT_TRUE(loop_.RunUntil([&] { return larger_inference_->batches >= 1; }, 30000));
  // Neither can begin before the batch that is under way has ended.
  const RequestId second = Post(LargerModelRequest());
  const RequestId third = Post(LargerModelRequest());
  EXPECT_EQ(ErrorOf(Wait(second)).code, "kCancelled");
  larger_inference_->ReleaseRuns();
  EXPECT_EQ(Wait(third).type, protocol::MessageType::kSetModelReply);
  WaitIdle();
  for (RequestId id : {second, third}) EXPECT_EQ(ResponseCount(id), 1u);
  EXPECT_EQ(State().embedded_passages, 302u);
}

TEST_F(ModelsTest, TheSameModelTwiceIsHeldOnce) {
  LoadModel();
  AddPlenty();
  auto request = LargerModelRequest();
  request.manifest_json = R"({"id":"fake","dimension":384,"add_special_tokens":false})";
  // Of another dimension than the vectors at rest, which are not its own then.
  Ask<protocol::SetModelReply>(request);
  WaitIdle();
  EXPECT_EQ(State().embedded_passages, 302u);
  EXPECT_EQ(inference_->closes, 1);
  EXPECT_EQ(First("violin", SearchMode::kSemantic), "violin.txt");
}

}  // namespace
}  // namespace lodestone
