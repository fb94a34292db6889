#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "tests/engine/engine_fixture.h"

namespace lodestone {
namespace {

using protocol::SearchMode;

TEST_F(EngineTest, HelloAnswersOnlyToItsOwnBuildAndSchema) {
  protocol::Hello hello{std::string(protocol::kSchemaHash), "test-build"};
  const auto reply = Ask<protocol::HelloReply>(hello);
  EXPECT_EQ(reply.threads, 2u);
  EXPECT_EQ(reply.storage, "memory");
  hello.build_id = "an-older-build";
  EXPECT_EQ(AskForError(hello).code, "kMismatch");
  EXPECT_EQ(AskForError(protocol::Hello{"0123", "test-build"}).code, "kMismatch");
}

TEST_F(EngineTest, FindsAddedFilesByWordsAndByMeaning) {
  LoadModel();
  const auto added = Add({{"docs/sea.md", "# Sea\n\nA lantern in the harbour. The whale is in the harbour."},
                          {"docs/soil.md", "# Soil\n\nThe tomato and the bread of the garden."},
                          {"docs/ice.txt", "The glacier is a violin."}});
  EXPECT_EQ(added.added, 3u);
  EXPECT_TRUE(added.failed.empty());
  for (SearchMode mode : {SearchMode::kHybrid, SearchMode::kSemantic, SearchMode::kLexical}) {
    const auto reply = Search("tomato garden", mode);
    ASSERT_FALSE(reply.results.empty());
    EXPECT_EQ(reply.results[0].path, "docs/soil.md");
    EXPECT_EQ(reply.results[0].rank, 1u);
    EXPECT_TRUE(reply.complete);
    EXPECT_FALSE(reply.no_good_match);
    const auto& passage = reply.results[0].passages.at(0);
    const auto document = Ask<protocol::GetDocumentReply>(protocol::GetDocument{"docs/soil.md"});
    EXPECT_EQ(document.text.substr(passage.start, passage.end - passage.start), passage.text);
    ASSERT_FALSE(passage.matches.empty());
    const auto& match = passage.matches[0];
    EXPECT_EQ(document.text.substr(match.start, match.end - match.start), "tomato");
    EXPECT_GE(passage.best_sentence.start, passage.start);
    EXPECT_LE(passage.best_sentence.end, passage.end);
    EXPECT_LT(passage.best_sentence.start, passage.best_sentence.end);
  }
}

TEST_F(EngineTest, WordsAnswerBeforeTheModelIsOpen) {
  inference_->hold_runs = true;
  LoadModel();
  protocol::AddFiles request;
  request.files.push_back(Entry("a.txt", "A lantern in the harbour."));
  const RequestId add = Post(request);
  ASSERT_TRUE(loop_.RunUntil([&] { return State().passages == 1; }, 30000));
  const auto reply = Search("lantern", SearchMode::kLexical);
  ASSERT_EQ(reply.results.size(), 1u);
  EXPECT_FALSE(reply.complete);
  EXPECT_EQ(ResponseCount(add), 0u) << "added before its vectors are there";
  inference_->ReleaseRuns();
  Wait(add);
  EXPECT_TRUE(Search("lantern").complete);
}

TEST_F(EngineTest, TheRuntimeAndTheWeightsAreAskedForBeforeTheVocabularyIsRead) {
  protocol::SetModel request = ModelRequest();
  request.tokenizer_json = "{";
  const RequestId id = Post(request);
  EXPECT_EQ(inference_->prepared, std::vector<std::string>{request.onnx_url});
  Wait(id);
}

TEST_F(EngineTest, AnUnchangedFileIsNotEmbeddedAgainAndAChangedOneReplacesItself) {
  LoadModel();
  Add({{"a.txt", "A lantern."}});
  const auto again = Add({{"a.txt", "A lantern."}});
  EXPECT_EQ(again.unchanged, 1u);
  EXPECT_EQ(again.added + again.updated, 0u);
  EXPECT_EQ(State().passages_embedded_now, 1u);
  const auto changed = Add({{"a.txt", "A violin."}});
  EXPECT_EQ(changed.updated, 1u);
  EXPECT_TRUE(Search("lantern", SearchMode::kLexical).results.empty());
  EXPECT_EQ(Search("violin", SearchMode::kLexical).results.size(), 1u);
  EXPECT_EQ(State().documents, 1u);
  EXPECT_EQ(State().embedded_passages, 1u);
}

TEST_F(EngineTest, RecordsBecomeDocumentsAndBrokenLinesAreReportedByNumber) {
  LoadModel();
  const auto reply = Add({{"all.jsonl",
                           "{\"_id\":\"7\",\"title\":\"Sea\",\"text\":\"A lantern in the harbour.\"}\n"
                           "{\"_id\":\"8\",\"text\": broken\n"
                           "{\"_id\":\"9\",\"text\":\"The whale and the copper engine.\"}\n"}});
  EXPECT_EQ(reply.added, 2u);
  ASSERT_EQ(reply.failed.size(), 1u);
  EXPECT_EQ(reply.failed[0].path, "all.jsonl");
  EXPECT_NE(reply.failed[0].reason.find("Line 2"), std::string::npos) << reply.failed[0].reason;
  const auto found = Search("copper engine");
  ASSERT_FALSE(found.results.empty());
  EXPECT_EQ(found.results[0].path, "all.jsonl#9");
}

TEST_F(EngineTest, ARecordThatIsGoneFromItsFileIsFoundNoMore) {
  LoadModel();
  Add({{"r.jsonl", "{\"_id\":\"1\",\"text\":\"whale\"}\n{\"_id\":\"2\",\"text\":\"violin\"}\n"}});
  // A broken line may be a record that is only damaged: nothing is removed.
  auto reply = Add({{"r.jsonl", "{\"_id\":\"1\",\"te\n{\"_id\":\"2\",\"text\":\"violin\"}\n"}});
  EXPECT_EQ(reply.removed, 0u);
  EXPECT_EQ(Search("whale", SearchMode::kLexical).results.size(), 1u);
  reply = Add({{"r.jsonl", "{\"_id\":\"2\",\"text\":\"violin\"}\n{\"_id\":\"3\",\"text\":\"glacier\"}\n"}});
  EXPECT_EQ(reply.removed, 1u);
  EXPECT_EQ(reply.unchanged, 1u);
  EXPECT_EQ(reply.added, 1u);
  EXPECT_TRUE(Search("whale", SearchMode::kLexical).results.empty());
  EXPECT_EQ(State().documents, 2u);
  EXPECT_EQ(State().passages, 2u);
}

TEST_F(EngineTest, BadFilesAreRefusedByNameAndTheRestIsTaken) {
  LoadModel();
  Ask<protocol::Ack>(protocol::SetSettings{.max_file_bytes = 1000});
  protocol::AddFiles request;
  request.files.push_back(Entry("empty.txt", ""));
  request.files.push_back(Entry("picture.png", "PNG"));
  request.files.push_back(Entry("binary.txt", std::string("\0\1\2\3\0\0", 6)));
  request.files.push_back(Entry("large.txt", std::string(2000, 'x')));
  request.files.push_back(Entry("gone.txt", "The whale."));
  files_.Vanish(FileId{request.files.back().file_id});
  request.files.push_back(Entry("good.txt", "The whale."));
  const auto reply = Ask<protocol::AddFilesReply>(request);
  EXPECT_EQ(reply.added, 1u);
  ASSERT_EQ(reply.failed.size(), 5u);
  for (const auto& failure : reply.failed) EXPECT_FALSE(failure.reason.empty()) << failure.path;
  EXPECT_EQ(Search("whale").results.at(0).path, "good.txt");
  const auto list = Ask<protocol::ListLibraryReply>(protocol::ListLibrary{0, 100, true});
  EXPECT_EQ(list.failed_total, 5u);
  EXPECT_EQ(list.entries.size(), 5u);
  EXPECT_EQ(files_.released.size(), 6u) << "every handle is let go";
}

TEST_F(EngineTest, ANewerQueryOfTheGroupEndsTheOlderOne) {
  LoadModel();
  Add({{"a.txt", "A lantern."}, {"b.txt", "A violin."}});
  std::vector<RequestId> ids;
  for (int i = 0; i < 50; ++i) ids.push_back(Post(protocol::Search{"lantern", SearchMode::kHybrid, 10, "field"}));
  const RequestId other = Post(protocol::Search{"violin", SearchMode::kHybrid, 10, "elsewhere"});
  EXPECT_EQ(Wait(ids.back()).type, protocol::MessageType::kSearchReply);
  EXPECT_EQ(Wait(other).type, protocol::MessageType::kSearchReply);
  for (size_t i = 0; i + 1 < ids.size(); ++i) {
    EXPECT_EQ(ErrorOf(Wait(ids[i])).code, "kCancelled");
    EXPECT_EQ(ResponseCount(ids[i]), 1u);
  }
  WaitIdle();
  EXPECT_EQ(ResponseCount(ids.back()), 1u);
}

TEST_F(EngineTest, CancelledAddingAnswersOnceAndKeepsWhatWasCommitted) {
  LoadModel();
  Add({{"kept.txt", "A lantern."}});
  inference_->hold_runs = true;
  protocol::AddFiles request;
  for (int i = 0; i < 200; ++i) request.files.push_back(Entry("f" + std::to_string(i) + ".txt", "The whale " + std::to_string(i)));
  const RequestId add = Post(request);
  Cancel(add);
  EXPECT_EQ(ErrorOf(Wait(add)).code, "kCancelled");
  inference_->ReleaseRuns();
  WaitIdle();
  EXPECT_EQ(ResponseCount(add), 1u);
  EXPECT_EQ(Search("lantern").results.at(0).path, "kept.txt");
  const auto state = State();
  EXPECT_EQ(state.passages, state.embedded_passages);
  EXPECT_TRUE(state.idle);
}

TEST_F(EngineTest, PauseHoldsIndexingAndResumeEndsIt) {
  LoadModel();
  Ask<protocol::Ack>(protocol::SetPaused{true});
  protocol::AddFiles request;
  request.files.push_back(Entry("a.txt", "A lantern."));
  const RequestId add = Post(request);
  EXPECT_TRUE(State().paused);
  EXPECT_EQ(State().documents, 0u);
  Ask<protocol::Ack>(protocol::SetPaused{false});
  Wait(add);
  EXPECT_EQ(State().documents, 1u);
}

TEST_F(EngineTest, ADamagedModelLeavesSearchByWords) {
  inference_->fail_loads = true;
  const auto error = AskForError(ModelRequest());
  EXPECT_EQ(error.code, "kBadData");
  const auto added = Add({{"a.txt", "A lantern."}});
  EXPECT_EQ(added.added, 1u);
  const auto reply = Search("lantern");
  ASSERT_EQ(reply.results.size(), 1u);
  EXPECT_FALSE(reply.complete);
  EXPECT_EQ(AskForError(protocol::Search{"lantern", SearchMode::kSemantic, 10, ""}).code, "kUnavailable");
  // A sound model mends it.
  inference_->fail_loads = false;
  LoadModel();
  WaitIdle();
  EXPECT_TRUE(Search("lantern").complete);
}

TEST_F(EngineTest, TokenizersAndManifestsThatAreCutShortAreRefused) {
  auto request = ModelRequest();
  request.tokenizer_json.resize(request.tokenizer_json.size() / 2);
  EXPECT_EQ(AskForError(request).code, "kBadData");
  request = ModelRequest();
  request.manifest_json.resize(10);
  EXPECT_EQ(AskForError(request).code, "kBadData");
  request = ModelRequest();
  request.manifest_json = R"({"id":"fake","dimension":48})";
  EXPECT_EQ(AskForError(request).code, "kBadData") << "another dimension than the model gives";
}

TEST_F(EngineTest, OddQueriesGetAnAnswer) {
  LoadModel();
  Add({{"a.txt", "A lantern."}});
  EXPECT_TRUE(Search("").results.empty());
  EXPECT_TRUE(Search("   ").results.empty());
  EXPECT_FALSE(Search("AND OR NOT ( \" * lantern").results.empty());
  EXPECT_EQ(AskForError(protocol::Search{std::string(100000, 'x'), SearchMode::kHybrid, 10, ""}).code, "kTooLarge");
  const auto none = Search("zzzz", SearchMode::kLexical);
  EXPECT_TRUE(none.results.empty());
  EXPECT_TRUE(none.no_good_match);
}

TEST_F(EngineTest, FiltersHoldInEveryMode) {
  LoadModel();
  Add({{"docs/a.md", "The whale in the harbour."}, {"docs/b.txt", "The whale in the garden."}, {"old/c.md", "A whale."}});
  for (SearchMode mode : {SearchMode::kHybrid, SearchMode::kSemantic, SearchMode::kLexical}) {
    for (const auto& [query, path] : {std::pair{"whale path:docs/ type:md", "docs/a.md"},
                                      std::pair{"whale -harbour path:docs/", "docs/b.txt"},
                                      std::pair{"\"the garden\" whale", "docs/b.txt"},
                                      std::pair{"whale path:old", "old/c.md"}}) {
      const auto reply = Search(query, mode);
      ASSERT_EQ(reply.results.size(), 1u) << query;
      EXPECT_EQ(reply.results[0].path, path) << query;
    }
    EXPECT_TRUE(Search("whale after:2030-01-01", mode).results.empty());
  }
}

TEST_F(EngineTest, RemovedDocumentsAreNeverShownAgain) {
  LoadModel();
  Add({{"a.txt", "A lantern."}, {"docs/b.txt", "A lantern too."}, {"docs/c.txt", "A lantern as well."}});
  EXPECT_EQ(Ask<protocol::RemoveReply>(protocol::Remove{{"docs"}, false}).removed, 2u);
  auto reply = Search("lantern");
  ASSERT_EQ(reply.results.size(), 1u);
  EXPECT_EQ(reply.results[0].path, "a.txt");
  EXPECT_EQ(Ask<protocol::RemoveReply>(protocol::Remove{{}, true}).removed, 1u);
  EXPECT_TRUE(Search("lantern").results.empty());
  EXPECT_EQ(State().passages, 0u);
  Add({{"a.txt", "A lantern."}});
  EXPECT_EQ(Search("lantern").results.size(), 1u);
}

TEST_F(EngineTest, MalformedAndUnknownRequestsAreAnswered) {
  engine_->OnMessage(MessageKind::kRequest, "Search", RequestId{900}, "\xff\xff");
  EXPECT_EQ(Wait(RequestId{900}).type, protocol::MessageType::kErrorReply);
  engine_->OnMessage(MessageKind::kRequest, "NoSuchThing", RequestId{901}, "");
  EXPECT_EQ(ErrorOf(Wait(RequestId{901})).code, "kMismatch");
  engine_->OnMessage(MessageKind::kRequest, "SearchReply", RequestId{902}, "");
  EXPECT_EQ(ErrorOf(Wait(RequestId{902})).code, "kInvalidArgument");
  EXPECT_EQ(AskForError(protocol::GetDocument{"no such document"}).code, "kNotFound");
}

TEST_F(EngineTest, ManyFilesOfManyLengthsAreEmbeddedWithLittlePadding) {
  LoadModel();
  std::vector<std::pair<std::string, std::string>> files;
  uint32_t state = 1;
  for (int i = 0; i < 600; ++i) {
    state = state * 1664525u + 1013904223u;
    std::string text;
    for (uint32_t k = 0; k < 1 + (state >> 16) % 60; ++k) text += "whale ";
    files.emplace_back("f" + std::to_string(i) + ".txt", text);
  }
  EXPECT_EQ(Add(std::move(files)).added, 600u);
  EXPECT_EQ(State().embedded_passages, 600u);
  // Of all that a model is given, at most a tenth is padding.
  EXPECT_LE((inference_->padded_tokens - inference_->real_tokens) * 10, inference_->padded_tokens);
}

// The same engine where everything runs on the coordinator, in turns.
class SingleThreadEngineTest : public EngineTest {
 protected:
  SingleThreadEngineTest() : EngineTest(/*threads=*/false) {}
};

TEST_F(SingleThreadEngineTest, GivesTheSameAnswers) {
  LoadModel();
  EXPECT_EQ(Add({{"a.txt", "A lantern in the harbour."}, {"b.txt", "The tomato garden."}}).added, 2u);
  for (SearchMode mode : {SearchMode::kHybrid, SearchMode::kSemantic, SearchMode::kLexical}) {
    const auto reply = Search("tomato", mode);
    ASSERT_FALSE(reply.results.empty());
    EXPECT_EQ(reply.results[0].path, "b.txt");
  }
  EXPECT_EQ(Ask<protocol::RemoveReply>(protocol::Remove{{"b.txt"}, false}).removed, 1u);
  WaitIdle();
  EXPECT_EQ(State().documents, 1u);
}

TEST_F(EngineTest, SearchGoesOnWhileFilesComeIn) {
  LoadModel();
  protocol::AddFiles request;
  for (int i = 0; i < 300; ++i) request.files.push_back(Entry("f" + std::to_string(i) + ".txt", "The whale " + std::to_string(i)));
  const RequestId add = Post(request);
  size_t last = 0;
  while (ResponseCount(add) == 0) {
    const auto reply = Search("whale", SearchMode::kLexical, 1000);
    EXPECT_GE(reply.results.size(), last) << "committed documents never vanish";
    last = reply.results.size();
  }
  EXPECT_EQ(Search("whale", SearchMode::kLexical, 1000).results.size(), 300u);
}

// Compaction waits for the search to end, and idleness for the compaction: nothing else happens that would look again.
TEST_F(EngineTest, ASearchAfterARemovalDoesNotKeepTheEngineFromBecomingIdle) {
  End();
  verify_delay_ms_ = 1e9;
  Start();
  LoadModel();
  Add({{"a.txt", "A lantern in the harbour."}, {"b.txt", "A whale in the harbour."}});
  WaitIdle();
  protocol::Remove remove;
  remove.paths = {"a.txt"};
  const RequestId removal = Post(remove);
  const RequestId search = Post(protocol::Search{"harbour", SearchMode::kSemantic, 10, ""});
  Wait(removal);
  Wait(search);
  WaitIdle();
  EXPECT_EQ(State().documents, 1u);
}

}  // namespace
}  // namespace lodestone
