// How much the coordinator does at a time, and how it tells of that: a person's message waits for the
// task that runs, not for all of them.

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "tests/engine/engine_fixture.h"

namespace lodestone {
namespace {

// Each read is a call to the browser: a hundred of them in one task held the loop for 40 ms.
TEST_F(EngineTest, FilesAreOpenedAFewAtATime) {
  constexpr uint32_t kAtATime = 4;
  LoadModel();
  protocol::AddFiles request;
  for (int i = 0; i < 300; ++i) request.files.push_back(Entry("many/" + std::to_string(i) + ".txt", "A lantern."));
  const RequestId add = Post(request);
  // Looked at before the loop has turned, then after each task.
  uint32_t before = 0;
  uint32_t most = 0;
  ASSERT_TRUE(loop_.RunUntil(
      [&] {
        const uint32_t running = State().running;
        EXPECT_LE(running, before + kAtATime);
        before = running;
        most = std::max(most, running);
        return ResponseCount(add) > 0;
      },
      30000));
  EXPECT_GT(most, 8 * kAtATime) << "many are on their way together all the same";
  EXPECT_EQ(State().documents, 300u);
}

TEST_F(EngineTest, LagIsToldOfTheLatestRunOfWork) {
  LoadModel();
  engine_->RecordLag(60'000, "the start");
  EXPECT_EQ(State().loop_lag.max_ms, 60'000);
  Add({{"a.txt", "A lantern."}});
  EXPECT_LT(State().loop_lag.max_ms, 60'000);
}

}  // namespace
}  // namespace lodestone
