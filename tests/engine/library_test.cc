// The library over restarts, removals and damage, as a whole engine sees it.
#include <string>

#include "tests/engine/library_fixture.h"

namespace lodestone {
namespace {

using protocol::SearchMode;

TEST_F(LibraryTest, AStartEmbedsNothingAndFindsAll) {
  std::vector<std::pair<std::string, std::string>> files;
  for (int i = 0; i < 300; ++i) files.emplace_back("f" + std::to_string(i) + ".txt", "whale " + std::to_string(i));
  files.emplace_back("sea.txt", "A lantern in the harbour.");
  Add(std::move(files));
  EXPECT_EQ(State().passages_embedded_now, 301u);
  for (int round = 0; round < 2; ++round) {
    Restart();
    const auto state = State();
    EXPECT_EQ(state.documents, 301u);
    EXPECT_EQ(state.embedded_passages, 301u);
    EXPECT_EQ(state.passages_embedded_now, 0u);
    EXPECT_EQ(inference_->batches, 0);
    const auto reply = Search("lantern", SearchMode::kSemantic);
    EXPECT_TRUE(reply.complete);
    EXPECT_EQ(reply.results.at(0).path, "sea.txt");
  }
}

TEST_F(LibraryTest, AnEndInTheMiddleOfEmbeddingCostsOnlyWhatWasNotDone) {
  Add({{"done.txt", "A lantern."}});
  inference_->hold_runs = true;
  protocol::AddFiles request;
  for (int i = 0; i < 20; ++i) request.files.push_back(Entry("f" + std::to_string(i) + ".txt", "whale " + std::to_string(i)));
  Post(request);
  ASSERT_TRUE(loop_.RunUntil([&] { return State().documents == 21; }, 30000));
  Restart();
  EXPECT_EQ(State().embedded_passages, 21u);
  EXPECT_EQ(State().passages_embedded_now, 20u);
}

TEST_F(LibraryTest, AChangeOfModelIsGoneOnWithWhereItEnded) {
  std::vector<std::pair<std::string, std::string>> files;
  for (int i = 0; i < 600; ++i) files.emplace_back("f" + std::to_string(i) + ".txt", "whale " + std::to_string(i));
  files.emplace_back("sea.txt", "A lantern in the harbour.");
  Add(std::move(files));
  const protocol::SetModel other = LargerModelRequest();
  larger_inference_->runs_before_hold = 3;
  larger_inference_->hold_runs = true;
  Ask<protocol::SetModelReply>(other);
  // Only what is stored outlives the end: it is counted as embedded when it is.
  ASSERT_TRUE(loop_.RunUntil(
      [&] {
        const protocol::EngineState state = State();
        return state.model_id == "larger" && state.embedded_passages > 0 &&
               state.passages_embedded_now == state.embedded_passages;
      },
      30000));
  const uint32_t done = State().embedded_passages;
  EXPECT_LT(done, 601u);
  EXPECT_EQ(Find("lantern"), std::vector<std::string>{"sea.txt"});
  Restart();
  EXPECT_EQ(State().embedded_passages, 601u) << "the former model's vectors have stayed";
  EXPECT_EQ(State().passages_embedded_now, 0u);
  Ask<protocol::SetModelReply>(other);
  WaitIdle();
  EXPECT_EQ(State().embedded_passages, 601u);
  EXPECT_GT(State().passages_embedded_now, 0u);
  EXPECT_LE(State().passages_embedded_now, 601u - done);
  EXPECT_EQ(Search("lantern", SearchMode::kSemantic).results.at(0).path, "sea.txt");
}

TEST_F(LibraryTest, ACopyOfAFileIsListedAndNotEmbedded) {
  Add({{"a.txt", "A lantern in the harbour."}});
  const auto reply = Add({{"copy/b.txt", "A lantern in the harbour."}});
  EXPECT_EQ(reply.added, 1u);
  EXPECT_EQ(State().passages_embedded_now, 1u);
  EXPECT_EQ(State().embedded_passages, 2u);
  for (SearchMode mode : {SearchMode::kLexical, SearchMode::kSemantic, SearchMode::kHybrid}) {
    EXPECT_EQ(Find("lantern", mode), (std::vector<std::string>{"a.txt", "copy/b.txt"}));
  }
  // The first goes, as when a file is renamed.
  Ask<protocol::RemoveReply>(protocol::Remove{{"a.txt"}, false});
  EXPECT_EQ(Find("lantern", SearchMode::kSemantic), std::vector<std::string>{"copy/b.txt"});
  Restart();
  EXPECT_EQ(State().passages_embedded_now, 0u);
  EXPECT_EQ(Find("lantern", SearchMode::kSemantic), std::vector<std::string>{"copy/b.txt"});
}

TEST_F(LibraryTest, CopiesThatComeTogetherAreEmbeddedOnce) {
  std::vector<std::pair<std::string, std::string>> files;
  for (int i = 0; i < 50; ++i) files.emplace_back("f" + std::to_string(i) + ".txt", "whale " + std::to_string(i % 5));
  EXPECT_EQ(Add(std::move(files)).added, 50u);
  EXPECT_EQ(State().embedded_passages, 50u);
  EXPECT_EQ(State().passages_embedded_now, 5u);
}

TEST_F(LibraryTest, ACopyGetsItsVectorWhenTheFirstIsRemovedInTheMiddle) {
  inference_->hold_runs = true;
  protocol::AddFiles request;
  request.files = {Entry("a.txt", "A lantern."), Entry("b.txt", "A lantern.")};
  const RequestId add = Post(request);
  ASSERT_TRUE(loop_.RunUntil([&] { return State().documents == 2 && inference_->batches > 0; }, 30000));
  Ask<protocol::RemoveReply>(protocol::Remove{{"a.txt"}, false});
  inference_->ReleaseRuns();
  EXPECT_EQ(Wait(add).type, protocol::MessageType::kAddFilesReply);
  WaitIdle();
  EXPECT_EQ(State().embedded_passages, 1u);
  EXPECT_EQ(Find("lantern", SearchMode::kSemantic), std::vector<std::string>{"b.txt"});
}

TEST_F(LibraryTest, WhatIsRemovedLeavesTheFileOnceIdle) {
  std::vector<std::pair<std::string, std::string>> files;
  for (int i = 0; i < 100; ++i) {
    files.emplace_back((i % 2 ? "kept/" : "secretpath/") + std::to_string(i) + ".txt",
                       "whale " + std::string(i % 2 ? "keptword" : "secretword") + std::to_string(i));
  }
  Add(std::move(files));
  WaitIdle();
  const uint64_t before = State().storage_bytes;
  EXPECT_EQ(Ask<protocol::RemoveReply>(protocol::Remove{{"secretpath"}, false}).removed, 50u);
  WaitIdle();
  EXPECT_LT(State().storage_bytes, before);
  const std::string bytes = ReadFile();
  EXPECT_NE(bytes.find("keptword"), std::string::npos);
  EXPECT_EQ(bytes.find("secret"), std::string::npos);
  EXPECT_EQ(Find("whale", SearchMode::kLexical).size(), 10u);
  Restart();
  EXPECT_EQ(State().documents, 50u);
  EXPECT_EQ(State().embedded_passages, 50u);
}

TEST_F(LibraryTest, ARemovalThatWasNotCompactedIsAtTheNextStart) {
  Add({{"a.txt", "A secretword."}, {"b.txt", "The whale."}});
  WaitIdle();
  // As if the machine had stopped right after the removal.
  Ask<protocol::RemoveReply>(protocol::Remove{{"a.txt"}, false});
  Restart("INSERT OR REPLACE INTO properties VALUES ('removed_uncompacted', 1)");
  EXPECT_EQ(ReadFile().find("secretword"), std::string::npos);
}

TEST_F(LibraryTest, DamageIsFoundToldAndMendedByAddingAgain) {
  Add({{"a.txt", "A lantern."}, {"b.txt", "The whale."}, {"r.jsonl", "{\"_id\":\"1\",\"text\":\"violin\"}\n{\"_id\":\"2\",\"text\":\"glacier\"}\n"}});
  WaitIdle();
  verify_delay_ms_ = 0;
  Restart("UPDATE texts SET text = 'A lantorn.' WHERE text LIKE '%lantern%'; "
          "UPDATE texts SET text = 'violon' WHERE text LIKE '%violin%'");
  ASSERT_TRUE(loop_.RunUntil([&] { return State().documents == 2; }, 30000));
  WaitIdle();
  ASSERT_EQ(Notices().size(), 1u);
  EXPECT_NE(Notices()[0].find("\"a.txt\" and 1 more"), std::string::npos) << Notices()[0];
  EXPECT_TRUE(Find("lantern", SearchMode::kHybrid) != std::vector<std::string>{"a.txt"});
  for (int round = 0; round < 2; ++round) {
    const auto list = Ask<protocol::ListLibraryReply>(protocol::ListLibrary{0, 100, false});
    ASSERT_EQ(list.total, 3u);
    EXPECT_EQ(list.failed_total, 1u);
    for (const auto& entry : list.entries) {
      if (entry.path == "a.txt") EXPECT_NE(entry.reason.find("damaged"), std::string::npos) << entry.reason;
      if (entry.path == "r.jsonl") EXPECT_NE(entry.warning.find("damaged"), std::string::npos) << entry.warning;
    }
    Restart();
  }
  // Read again, they are there; what was sound is not touched.
  const auto reply = Add({{"a.txt", "A lantern."}, {"r.jsonl", "{\"_id\":\"1\",\"text\":\"violin\"}\n{\"_id\":\"2\",\"text\":\"glacier\"}\n"}});
  EXPECT_EQ(reply.added, 2u);
  EXPECT_EQ(reply.unchanged, 1u);
  EXPECT_EQ(Find("lantern", SearchMode::kLexical), std::vector<std::string>{"a.txt"});
  Restart();
  EXPECT_EQ(Ask<protocol::ListLibraryReply>(protocol::ListLibrary{0, 100, false}).failed_total, 0u);
}

TEST_F(LibraryTest, RemovingAFileThatIsBeingEmbeddedEndsItsAdding) {
  inference_->hold_runs = true;
  protocol::AddFiles request;
  request.files = {Entry("a.txt", "A lantern.")};
  const RequestId add = Post(request);
  ASSERT_TRUE(loop_.RunUntil([&] { return State().documents == 1; }, 30000));
  Ask<protocol::RemoveReply>(protocol::Remove{{"a.txt"}, false});
  EXPECT_EQ(Wait(add).type, protocol::MessageType::kAddFilesReply);
  inference_->ReleaseRuns();
  WaitIdle();
}

}  // namespace
}  // namespace lodestone
