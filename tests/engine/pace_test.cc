// How much the coordinator does at a time, and how it tells of that: a person's message waits for the
// task that runs, not for all of them.

#include <algorithm>
#include <future>
#include <set>
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

// The walk of a folder may be slower than what it finds is taken in.
TEST_F(EngineTest, ARunGoesOnThoughTheEngineHadNothingToDoMeanwhile) {
  LoadModel();
  const auto add = [&](const std::string& path, bool continues) {
    protocol::AddFiles request;
    request.files.push_back(Entry(path, "A lantern."));
    request.continues = continues;
    Wait(Post(request));
    WaitIdle();
  };
  add("one.txt", false);
  add("two.txt", true);
  add("three.txt", true);
  EXPECT_EQ(State().files_total, 3u);
  EXPECT_EQ(State().files_done, 3u);
  add("four.txt", false);
  EXPECT_EQ(State().files_total, 1u);
}

// What is told in time is not told late at the end: who waits for idle looks at the page next.
TEST_F(EngineTest, TheEndIsToldOfBeforeIdleIs) {
  LoadModel();
  WaitIdle();
  for (int run = 0; run < 3; ++run) {
    std::vector<std::pair<std::string, std::string>> files;
    for (int i = 0; i < 40; ++i) files.emplace_back(std::to_string(run * 40 + i) + ".txt", "A lantern.");
    sent_.clear();
    Add(std::move(files));
    WaitIdle();
    const auto told = std::find_if(sent_.rbegin(), sent_.rend(), [](const Sent& sent) {
      return sent.type == protocol::MessageType::kStateChanged;
    });
    ASSERT_NE(told, sent_.rend());
    const protocol::EngineState state = protocol::Decode<protocol::StateChanged>(told->bytes).value().state;
    EXPECT_TRUE(state.idle);
    EXPECT_EQ(state.files_done, 40u);
    EXPECT_TRUE(state.tasks.empty());
  }
}

// Longer than any stall that a busy machine adds by itself, and than the pause between two warnings.
constexpr double kHeldMs = 1200;

TEST_F(EngineTest, LagIsToldOfTheLatestRunOfWork) {
  LoadModel();
  HoldLoop(kHeldMs, "a heavy start");
  EXPECT_EQ(State().loop_lag.worst_message, "a heavy start");
  Add({{"a.txt", "A lantern."}});
  EXPECT_NE(State().loop_lag.worst_message, "a heavy start");
}

TEST_F(EngineTest, AHeldLoopIsCaughtAndNamedOnce) {
  LoadModel();
  WaitIdle();
  warnings_.clear();
  HoldLoop(kHeldMs, "StoreTooMuch");
  const protocol::EngineState state = State();
  EXPECT_GE(state.loop_lag.max_ms, kHeldMs);
  EXPECT_EQ(state.loop_lag.worst_message, "StoreTooMuch");
  EXPECT_GE(state.loop_stalls, 1u);
  EXPECT_EQ(std::count_if(warnings_.begin(), warnings_.end(),
                          [](const std::string& warning) { return warning.find(" ms by StoreTooMuch") != std::string::npos; }),
            1);
}

TEST_F(EngineTest, AStallIsShownThoughNothingElseHappens) {
  LoadModel();
  WaitIdle();
  sent_.clear();
  HoldLoop(kHeldMs, "StoreTooMuch");
  EXPECT_TRUE(loop_.RunUntil(
      [&] {
        return std::any_of(sent_.begin(), sent_.end(), [](const Sent& sent) {
          return sent.type == protocol::MessageType::kStateChanged &&
                 protocol::Decode<protocol::StateChanged>(sent.bytes).value().state.loop_stalls > 0;
        });
      },
      30000));
}

TEST_F(EngineTest, ALibraryThatIsEmbeddedAnewIsToldOfAtThePaceOfAnyWork) {
  LoadModel();
  std::vector<std::pair<std::string, std::string>> files;
  for (int i = 0; i < 1500; ++i) files.emplace_back(std::to_string(i) + ".txt", "A lantern " + std::to_string(i));
  Add(std::move(files));
  WaitIdle();
  sent_.clear();
  const double begun_ms = SystemClock().NowMs();
  Ask<protocol::SetModelReply>(LargerModelRequest());
  WaitIdle();
  const auto is_state = [](const Sent& sent) { return sent.type == protocol::MessageType::kStateChanged; };
  const auto told = std::count_if(sent_.begin(), sent_.end(), is_state);
  // Of the model, of its work's beginning and end, and each second.
EXPECT_LE(static_cast<double>(told), 12 + (SystemClock().NowMs() - begun_ms) / 1000);
  EXPECT_GT(larger_inference_->batches, 30);
}

TEST_F(EngineTest, LanesHaveTokensAheadWhileThePoolIsBusyWithOtherThings) {
  constexpr uint32_t kFiles = 1200;
  constexpr uint32_t kAhead = 400;
  LoadModel();
  inference_->hold_runs = true;
  const std::shared_ptr<const int> fetches = CountRuns("Fetch");
  protocol::AddFiles request;
  for (uint32_t i = 0; i < kFiles; ++i) request.files.push_back(Entry("many/" + std::to_string(i) + ".txt", "A lantern " + std::to_string(i)));
  const RequestId add = Post(request);
  // Two lots of passages have come from the store and through the tokenizer.
  ASSERT_TRUE(loop_.RunUntil([&] { return State().documents == kFiles && State().running == 0 && *fetches >= 4; }, 30000));
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  for (int i = 0; i < compute_->thread_count(); ++i) compute_->Post(Priority::kInteractive, [released] { released.wait(); });
  inference_->ReleaseRuns();
  EXPECT_TRUE(loop_.RunUntil([&] { return State().embedded_passages >= kAhead; }, 30000)) << State().embedded_passages;
  EXPECT_LT(State().embedded_passages, kFiles) << "the pool has more to cut";
  release.set_value();
  EXPECT_EQ(Wait(add).type, protocol::MessageType::kAddFilesReply);
  EXPECT_EQ(State().embedded_passages, kFiles);
}

TEST_F(EngineTest, AWaitForAThreadOfThePoolIsToldOfByName) {
  LoadModel();
  Add({{"a.txt", "A lantern."}});
  WaitIdle();
  warnings_.clear();
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  for (int i = 0; i < compute_->thread_count(); ++i) compute_->Post(Priority::kInteractive, [released] { released.wait(); });
  protocol::Search request;
  request.text = "lantern";
  const RequestId search = Post(request);
  const double begun_ms = SystemClock().NowMs();
  EXPECT_FALSE(loop_.RunUntil([&] { return SystemClock().NowMs() > begun_ms + 100 && ResponseCount(search) > 0; }, 100));
  release.set_value();
  EXPECT_EQ(Wait(search).type, protocol::MessageType::kSearchReply);
  WaitIdle();
  const auto told = [](const std::string& warning) { return warning.ends_with(" ms for a thread of the pool"); };
  EXPECT_EQ(std::count_if(warnings_.begin(), warnings_.end(), told), 1) << ::testing::PrintToString(warnings_);
}

// The compiler's name of a lambda says nothing to whoever reads of a stall.
TEST_F(EngineTest, AllWorkOfTheLoopHasANameOfItsOwn) {
  std::set<std::string> names;
  const auto listen = loop_.on_ran;
  loop_.on_ran = [&](const char* what, double begin_ms, double end_ms) {
    names.insert(what);
    listen(what, begin_ms, end_ms);
  };
  LoadModel();
  Add({{"a.txt", "A lantern."}, {"b.jsonl", "{\"text\":\"A violin.\"}\n{\"text\":\"A whale.\"}\n"}});
  Search("lantern \"violin\" type:txt");
  Ask<protocol::Ack>(protocol::SetSettings{.graph_vectors = 1});
  WaitIdle();
  Ask<protocol::RemoveReply>(protocol::Remove{.paths = {"a.txt"}});
  Ask<protocol::ExportReply>(protocol::Export{});
  WaitIdle();
  for (const char* name : {"ParseWhole", "ParseRecords", "StoreBatch", "Fetch", "Save", "NextSlice"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
  loop_.on_ran = listen;
  for (const std::string& name : names) EXPECT_EQ(name.find("operator"), std::string::npos) << name;
}

TEST_F(EngineTest, ThePoolTellsHowLongWorkWaited) {
  LoadModel();
  Add({{"a.txt", "A lantern in the harbour."}});
  Search("lantern");
  const protocol::PoolLag lag = State().pool_lag;
  EXPECT_GT(lag.interactive.samples, 0u);
  EXPECT_GT(lag.background.samples, 0u);
  EXPECT_FALSE(lag.background.worst_message.empty());
}

}  // namespace
}  // namespace lodestone
