// A fresh engine runs through what indexing does before anybody needs it, and nothing of that is left.

#include <gtest/gtest.h>

#include "tests/engine/engine_fixture.h"

namespace lodestone {
namespace {

class RehearsalTest : public EngineTest {
 protected:
  RehearsalTest() {
    End();
    rehearse_ = true;
    Start();
  }
};

TEST_F(RehearsalTest, ItHappensOnceAndLeavesNothing) {
  LoadModel();
  WaitIdle();
  EXPECT_EQ(inference_->batches, 1);
  EXPECT_GT(inference_->real_tokens, 2000u) << "as many as a batch of documents has";
  const protocol::EngineState state = State();
  EXPECT_EQ(state.documents, 0u);
  EXPECT_EQ(state.passages, 0u);
  EXPECT_EQ(state.tokens_embedded, 0u);
  EXPECT_EQ(state.files_total, 0u);
  EXPECT_TRUE(Search("lantern", protocol::SearchMode::kLexical).results.empty());
  WaitIdle();
  EXPECT_EQ(inference_->batches, 1);
  Add({{"a.txt", "A lantern in the harbour."}});
  EXPECT_EQ(Search("lantern").results.size(), 1u);
}

TEST_F(RehearsalTest, WhoAddsAtOnceHasTheRealThing) {
  protocol::AddFiles request;
  request.files.push_back(Entry("a.txt", "A lantern in the harbour."));
  const RequestId add = Post(request);
  LoadModel();
  Wait(add);
  WaitIdle();
  EXPECT_LT(inference_->real_tokens, 100u);
  EXPECT_EQ(State().documents, 1u);
}

}  // namespace
}  // namespace lodestone
