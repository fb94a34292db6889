// A library with a graph over its vectors against the same library scanned, which is the oracle.

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <random>
#include <set>

#include "tests/engine/engine_fixture.h"

namespace lodestone {
namespace {

using protocol::SearchMode;

constexpr int kDocuments = 4200;  // just enough that a walk pays

class GraphTest : public EngineTest {
 protected:
  GraphTest() : EngineTest(true) {}
  ~GraphTest() override { End(); }

  std::string RandomText(int words) {
    static const char* const kWords[] = {"lantern", "harbour", "whale", "copper", "garden", "tomato",
                                         "violin",  "glacier", "bread", "engine", "lighthouse"};
    // A few words to a topic, so that texts lie in heaps as real ones do.
    const uint32_t topic = random_() % 40;
    std::string text;
    for (int i = 0; i < words; ++i) {
      const uint32_t word = random_() % 4 ? topic * 7 + random_() % 5 : random_();
      if (word % 3) text += std::string(kWords[word % std::size(kWords)]) + " ";
      else text += std::string(1, static_cast<char>('b' + word % 25)) + std::to_string(word % 100) + " ";
    }
    return text;
  }
  void AddMany() {
    std::string lines;
    for (int i = 0; i < kDocuments; ++i) lines += R"({"_id":")" + std::to_string(i) + R"(","text":")" + RandomText(12) + "\"}\n";
    EXPECT_EQ(Add({{"many.jsonl", lines}}).added, static_cast<uint32_t>(kDocuments));
  }
  std::vector<std::string> Paths(const std::string& query, SearchMode mode, uint32_t top = 10) {
    std::vector<std::string> paths;
    for (const auto& hit : Search(query, mode, top).results) paths.push_back(hit.path);
    return paths;
  }
  // From the next search on all models with so many vectors have graphs.
  void UseGraphFrom(uint32_t vectors) {
    Ask<protocol::Ack>(protocol::SetSettings{.graph_vectors = vectors});
    WaitIdle();
  }

  // Returns as soon as a graph is being built.
  protocol::TaskEntry BeginGraph() {
    Ask<protocol::Ack>(protocol::SetSettings{.graph_vectors = 1000});
    protocol::TaskEntry task;
    const auto begun = [&] {
      const std::vector<protocol::TaskEntry> tasks = State().tasks;
      if (!tasks.empty()) task = tasks[0];
      return task.done > 0;
    };
    EXPECT_TRUE(loop_.RunUntil(begun, 30000));
    EXPECT_EQ(task.kind, "graph");
    EXPECT_EQ(task.total, static_cast<uint64_t>(kDocuments));
    EXPECT_LT(task.done, task.total);
    return task;
  }

  std::mt19937 random_{7};
};

TEST_F(GraphTest, FindsWhatAScanFinds) {
  LoadModel();
  AddMany();
  std::vector<std::string> queries;
  for (int i = 0; i < 60; ++i) queries.push_back(RandomText(4));
  std::vector<std::vector<std::string>> scanned;
  for (const std::string& query : queries) {
    for (SearchMode mode : {SearchMode::kHybrid, SearchMode::kSemantic}) scanned.push_back(Paths(query, mode));
  }
  const uint64_t bytes_before = State().memory_bytes;
  UseGraphFrom(1000);
  EXPECT_GT(State().memory_bytes, bytes_before + kDocuments * 64) << "there is a graph";

  size_t same = 0;
  size_t all = 0;
  for (size_t i = 0; i < scanned.size(); ++i) {
    const auto paths = Paths(queries[i / 2], i % 2 ? SearchMode::kSemantic : SearchMode::kHybrid);
    ASSERT_EQ(paths.size(), scanned[i].size());
    const std::set<std::string> found(paths.begin(), paths.end());
    for (const std::string& path : scanned[i]) same += found.contains(path);
    all += scanned[i].size();
  }
  EXPECT_GE(static_cast<double>(same), 0.98 * static_cast<double>(all)) << same << " of " << all;
}

TEST_F(GraphTest, FollowsWhatComesAndGoes) {
  LoadModel();
  AddMany();
  UseGraphFrom(1000);
  const std::string query = "quokka";
  Add({{"new.txt", "quokka quokka"}});
  EXPECT_EQ(Paths(query, SearchMode::kSemantic).at(0), "new.txt") << "before the graph has it, perhaps";
  WaitIdle();
  EXPECT_EQ(Paths(query, SearchMode::kSemantic).at(0), "new.txt") << "and when it has";
  protocol::Remove remove;
  remove.paths = {"new.txt"};
  Ask<protocol::RemoveReply>(remove);
  EXPECT_NE(Paths(query, SearchMode::kSemantic).at(0), "new.txt");
  WaitIdle();
  // Filters, and more results than a walk gives, still find all.
  EXPECT_EQ(Paths("glacier type:jsonl", SearchMode::kSemantic, 20).size(), 20u);
  EXPECT_EQ(Paths("glacier", SearchMode::kSemantic, 1000).size(), 1000u);
  // Fewer than a graph is for: scanned again.
  UseGraphFrom(1'000'000);
  EXPECT_EQ(Paths("glacier", SearchMode::kSemantic).size(), 10u);
}

TEST_F(GraphTest, BuildingIsATaskThatIsPausedAndResumed) {
  LoadModel();
  AddMany();
  WaitIdle();
  const uint64_t bytes_without = State().memory_bytes;
  const protocol::TaskEntry task = BeginGraph();
  EXPECT_TRUE(task.can_pause && task.can_cancel);
  Ask<protocol::Ack>(protocol::ControlTask{task.task, protocol::TaskAction::kPause});
  WaitIdle();  // a task that is paused keeps nobody waiting
  const std::vector<protocol::TaskEntry> paused = State().tasks;
  ASSERT_EQ(paused.size(), 1u);
  EXPECT_EQ(paused[0].state, protocol::TaskState::kPaused);
  EXPECT_LT(paused[0].done, paused[0].total);
  EXPECT_EQ(Paths("glacier", SearchMode::kSemantic).size(), 10u);
  Ask<protocol::Ack>(protocol::ControlTask{task.task, protocol::TaskAction::kResume});
  WaitIdle();
  EXPECT_TRUE(State().tasks.empty());
  EXPECT_GT(State().memory_bytes, bytes_without + kDocuments * 64);
}

TEST_F(GraphTest, ABuildingThatIsCancelledDoesNotBeginAgain) {
  LoadModel();
  AddMany();
  WaitIdle();
  Ask<protocol::Ack>(protocol::ControlTask{BeginGraph().task, protocol::TaskAction::kCancel});
  WaitIdle();
  Add({{"new.txt", "quokka quokka"}});
  WaitIdle();
  EXPECT_TRUE(State().tasks.empty());
  EXPECT_EQ(Paths("quokka", SearchMode::kSemantic).at(0), "new.txt");
  // Unless it is told to.
  const uint64_t bytes_without = State().memory_bytes;
  ASSERT_EQ(State().ended_tasks.size(), 1u);
  EXPECT_EQ(State().ended_tasks[0].kind, "graph");
  Ask<protocol::Ack>(protocol::ControlTask{State().ended_tasks[0].task, protocol::TaskAction::kRestart});
  WaitIdle();
  EXPECT_TRUE(State().ended_tasks.empty());
  EXPECT_GT(State().memory_bytes, bytes_without + kDocuments * 64);
}

TEST_F(GraphTest, IsThereAgainAfterARestart) {
  End();
  const std::string path = ::testing::TempDir() + "graph_test_" + std::to_string(::getpid()) + ".sqlite";
  std::remove(path.c_str());
  place_ = {path, "file"};
  Start();
  LoadModel();
  AddMany();
  UseGraphFrom(1000);
  const auto before = Paths("glacier whale", SearchMode::kSemantic);
  End();
  Start();
  LoadModel();
  WaitIdle();
  const uint64_t bytes_without = State().memory_bytes;
  std::shared_ptr<const int> slices = CountRuns("NextSlice");
  UseGraphFrom(1000);
  EXPECT_EQ(*slices, 0) << "it is loaded, not built";
  EXPECT_GT(State().memory_bytes, bytes_without + kDocuments * 64);
  EXPECT_EQ(Paths("glacier whale", SearchMode::kSemantic), before);
  // Damaged, it is made anew.
  End();
  Result<std::unique_ptr<Store>> store = Store::Open(path);
  ASSERT_TRUE(store.ok());
  std::string bytes = store.value()->LoadGraph("fake").value();
  ASSERT_GT(bytes.size(), kDocuments * 32u);
  bytes[bytes.size() / 2] ^= 1;
  ASSERT_TRUE(store.value()->SaveGraph("fake", bytes, {}).ok());
  store.value().reset();
  Start();
  LoadModel();
  slices = CountRuns("NextSlice");
  UseGraphFrom(1000);
  EXPECT_GT(*slices, 0);
  EXPECT_EQ(Paths("glacier whale", SearchMode::kSemantic), before);
}

// One long document whose every passage is nearer than any other text.
TEST_F(GraphTest, TheOtherDocumentsAreFoundToo) {
  LoadModel();
  AddMany();
  std::string page;
  for (int i = 0; i < 190; ++i) page += "lighthouse ";
  std::string book;
  for (int i = 0; i < 300; ++i) book += page + "\n\n";
  Add({{"book.txt", book}});
  ASSERT_GE(State().passages, kDocuments + 250u);
  UseGraphFrom(1000);
  const auto paths = Paths("lighthouse", SearchMode::kSemantic);
  ASSERT_EQ(paths.size(), 10u);
  EXPECT_EQ(std::set<std::string>(paths.begin(), paths.end()).size(), 10u);
}

}  // namespace
}  // namespace lodestone
