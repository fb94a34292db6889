// The words in memory against the full-text index, which is the oracle: the same passages, scores and places.

#include "engine/word_search.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <random>

#include <gtest/gtest.h>

#include "engine/fusion.h"
#include "engine/word_keeper.h"
#include "platform/inline_executor.h"
#include "platform/run_loop.h"
#include "platform/thread_pool.h"
#include "store/word_reader.h"
#include "tests/engine/library_fixture.h"
#include "tests/store/store_fixture.h"
#include "text/extract.h"
#include "text/query.h"

namespace lodestone {
namespace {

// A store and the coordinator's picture of it, without an engine around them.
class WordSearchTest : public ::testing::TestWithParam<bool> {
 protected:
  WordSearchTest() : context_(MakePlatform()) {
    context_.store = Store::Open(":memory:").value();
  }
  bool threaded() const { return GetParam(); }
  // The store is its thread's.
  template <typename WorkFn>
  auto OnStore(WorkFn work) {
    using Answer = decltype(work(*context_.store));
    std::optional<Answer> answer;
    context_.OnStorage<Answer>(Priority::kVisible, work, [&](Answer got) { answer = std::move(got); });
    EXPECT_TRUE(loop_.RunUntil([&] { return answer.has_value(); }, 60'000));
    return *std::move(answer);
  }
  LexicalResult SearchStore(const ParsedQuery& query, const FilterResult& filter = {}) {
    return OnStore([&](Store& store) { return store.SearchLexical(query, filter); }).value();
  }

  Platform MakePlatform() {
    Platform platform;
    platform.loop = &loop_;
    platform.clock = &SystemClock();
    platform.instant_inference = &inference_;
    platform.larger_inference = &inference_;
    platform.threaded = threaded();
    if (threaded()) {
      compute_ = std::make_unique<ThreadPool>(3);
      storage_ = std::make_unique<SerialThread>();
      platform.compute = compute_.get();
      platform.storage = storage_.get();
    } else {
      inline_ = std::make_unique<InlineExecutor>(&loop_);
      platform.compute = inline_.get();
      platform.storage = inline_.get();
    }
    return platform;
  }
  void TearDown() override {
    compute_.reset();
    storage_.reset();
  }

  // With words, as a document that is just stored; without, as one that was there at the start.
  void Add(const std::vector<NewDocument>& documents, bool with_words) {
    PostingBuilder builder;
    const auto results = OnStore([&](Store& store) { return store.AddDocuments(documents, 10, {}); });
    for (size_t i = 0; i < documents.size(); ++i) {
      ASSERT_TRUE(results[i].ok());
      const StoredIds& stored = results[i].value();
      if (stored.replaced) context_.library.RemoveDocument(*stored.replaced, stored.replaced_passages);
      DocumentRecord record;
      record.id = stored.document;
      record.path = documents[i].document.path;
      record.passage_count = static_cast<uint32_t>(documents[i].passages.size());
      context_.library.AddDocument(record, stored.first_passage);
      WordCounts words;
      for (const Passage& passage : documents[i].passages) {
        WordReader::OfThisThread().Count(documents[i].document.text.substr(passage.start, passage.end - passage.start),
                            ContextOf(documents[i].document.title, passage.heading_path), &words);
      }
      builder.Add(stored.document, stored.first_passage, words);
    }
    if (!with_words) return;
    for (PostingSegmentPtr& segment : builder.Finish()) context_.library.AddWords(std::move(segment));
    keeper_.Tidy();
  }

  void Remove(const std::vector<DocumentId>& documents) {
    for (const DocumentId document : documents) {
      const auto passages = OnStore([&](Store& store) { return store.RemoveDocuments(std::vector{document}); });
      ASSERT_TRUE(passages.ok());
      context_.library.RemoveDocument(document, passages.value());
    }
    keeper_.Tidy();
  }
  void WaitQuiet() {
    ASSERT_TRUE(loop_.RunUntil([this] { return context_.storage_tasks == 0 && context_.compute_tasks == 0; }, 60'000));
  }
  WordHits Search(const std::vector<std::string>& terms) {
    std::optional<WordHits> answer;
    SearchWords(&context_, terms, finished_, [&](WordHits hits) { answer = std::move(hits); });
    EXPECT_TRUE(loop_.RunUntil([&] { return answer.has_value(); }, 60'000));
    return answer ? *std::move(answer) : WordHits{};
  }
  // What the full-text index finds.
  WordHits Oracle(const std::vector<std::string>& terms) {
    const LexicalResult found = SearchStore(Terms(terms));
    WordHits words;
    words.hits = found.hits;
    std::vector<std::string> rare;
    for (size_t i = 0; i < terms.size(); ++i) {
      const uint32_t count = found.term_document_counts[i];
      if (count > 0 && count <= kRareDocuments) rare.push_back(terms[i]);
    }
    if (!rare.empty() && rare.size() < terms.size()) words.rare = SearchStore(Terms(rare)).hits;
    return words;
  }
  static void ExpectSame(const std::vector<LexicalHit>& found, const std::vector<LexicalHit>& expected) {
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i) {
      ASSERT_EQ(found[i].passage, expected[i].passage);
      ASSERT_EQ(found[i].score, expected[i].score) << "to the last bit";
    }
  }
  std::vector<PassageId> Best(const std::vector<LexicalHit>& hits, const FilterResult& filter, size_t count) {
    FusionInput input;
    input.mode = FusionMode::kLexical;
    input.library = &context_.library;
    input.lexical = hits;
    input.filter = &filter;
    std::vector<PassageId> passages;
    for (const FusedHit& hit : Fuse(input, count)) passages.push_back(hit.passage);
    return passages;
  }
  // `query`'s terms and filters by both ways.
  void Compare(const ParsedQuery& query) {
    ASSERT_TRUE(context_.library.has_all_words());
    WordHits found = Search(query.terms);
    ASSERT_TRUE(found.status.ok());
    WordHits expected = Oracle(query.terms);
    ASSERT_NO_FATAL_FAILURE(ExpectSame(found.hits, expected.hits));
    ASSERT_NO_FATAL_FAILURE(ExpectSame(found.rare, expected.rare));
    const FilterResult filter = OnStore([&](Store& store) { return store.Filter(query); }).value();
    EXPECT_EQ(Best(found.hits, filter, 100), Best(expected.hits, filter, 100));
    KeepAllowed(filter, &found.hits);
    ExpectSame(found.hits, SearchStore(query, filter).hits);
  }
  // Every query of a set of JSON lines.
  void CompareSet(const std::string& folder) {
    std::vector<NewDocument> documents;
    for (Document& record : ReadRecords(folder + "/corpus.jsonl")) {
      NewDocument document = MakeDocument(record.path, record.text);
      document.document.title = record.title;
      documents.push_back(std::move(document));
    }
    const std::vector<Document> queries = ReadRecords(folder + "/queries.jsonl");
    if (documents.empty() || queries.empty()) GTEST_SKIP() << "no evaluation set at " << folder << "; LODESTONE_EVAL_DIR names its folder";
    Add(documents, true);
    WaitQuiet();
    for (const Document& query : queries) {
      const Result<ParsedQuery> parsed = ParseQuery(query.text);
      ASSERT_TRUE(parsed.ok());
      ASSERT_NO_FATAL_FAILURE(Compare(parsed.value())) << query.text;
    }
  }
  static std::vector<Document> ReadRecords(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    std::vector<Document> records;
    const auto reader = MakeRecordReader(Format::kJsonLines, "set.jsonl");
    const auto sink = [&](RecordResult record) {
      if (record.status.ok()) records.push_back(std::move(record.document));
    };
    reader->Feed(bytes, sink);
    reader->Finish(sink);
    return records;
  }
  static std::string EvalFolder() {
    const char* folder = std::getenv("LODESTONE_EVAL_DIR");
    return folder ? folder : LODESTONE_SOURCE_DIR "/../shared/eval";
  }

  NewDocument MakeRandom(uint32_t number) {
    std::string text;
    for (uint32_t passage = 1 + random_() % 5; passage > 0; --passage) {
      for (uint32_t word = 1 + random_() % 60; word > 0; --word) {
        const uint32_t x = random_() % 1000;
        text += "w" + std::to_string(uint64_t{x} * x * x / 1'000'000) + (random_() % 9 ? " " : "-");
      }
      text += "\n\n";
    }
    NewDocument document = MakeDocument("d" + std::to_string(number) + (number % 2 ? ".md" : ".txt"), text);
    document.document.title = "w" + std::to_string(random_() % 50);
    for (Passage& passage : document.passages) passage.heading_path = "w7 > w" + std::to_string(random_() % 1000);
    return document;
  }
  std::vector<std::string> RandomTerms() {
    std::vector<std::string> terms;
    for (uint32_t i = 2 + random_() % 8; i > 0; --i) terms.push_back("w" + std::to_string(random_() % (i < 4 ? 20 : 1100)));
    return terms;
  }

  std::mt19937 random_{3};
  RunLoop loop_;
  FakeInference inference_{&loop_, 1, 8};
  std::unique_ptr<ThreadPool> compute_;
  std::unique_ptr<SerialThread> storage_;
  std::unique_ptr<InlineExecutor> inline_;
  EngineContext context_;
  WordKeeper keeper_{&context_};
  std::shared_ptr<std::atomic<bool>> finished_ = std::make_shared<std::atomic<bool>>(false);
};

TEST_P(WordSearchTest, RandomCorporaWithRemovalsAndFilters) {
  std::vector<std::string> filters = {"", "type:md", "path:d1", "-w3", "\"w1 w2\"", "type:md -w40 path:*2*"};
  uint32_t number = 0;
  for (int round = 0; round < 5; ++round) {
    std::vector<NewDocument> documents;
    for (int i = 0; i < 60; ++i) documents.push_back(MakeRandom(number++));
    // Some take the place of older ones.
    for (int i = 0; i < 10 && round > 0; ++i) documents.push_back(MakeRandom(static_cast<uint32_t>(i * round * 2)));
    Add(documents, true);
    std::vector<DocumentId> gone;
    for (const auto& [id, record] : context_.library.documents()) {
      if (random_() % 10 == 0) gone.push_back(id);
    }
    Remove(gone);
    WaitQuiet();
    for (const std::string& filter : filters) {
      for (int i = 0; i < 5; ++i) {
        ParsedQuery query = ParseQuery(filter).value();
        query.terms = RandomTerms();
        ASSERT_NO_FATAL_FAILURE(Compare(query)) << "round " << round << ", " << filter;
      }
    }
  }
}

TEST_P(WordSearchTest, OddTerms) {
  Add({MakeDocument("a", "Running well-known runners\n\nfiller"), MakeDocument("b", "well, known to run\n\nfiller"),
       MakeDocument("c", "filler\n\nfiller"), MakeDocument("d", "filler")}, true);
  WaitQuiet();
  for (const std::vector<std::string>& terms : std::vector<std::vector<std::string>>{
           {"run", "running"}, {"?"}, {"?", "run"}, {"well-known"}, {"run", "well-known"}, {"nothing"}, {"filler", "zebra"}}) {
    ASSERT_NO_FATAL_FAILURE(Compare(Terms(terms))) << terms[0];
  }
  std::vector<std::string> many;
  for (int i = 0; i < 300; ++i) many.push_back("x" + std::to_string(i));
  many.push_back("run");
  ASSERT_NO_FATAL_FAILURE(Compare(Terms(many)));
  EXPECT_TRUE(Search(many).hits.empty()) << "terms past the limit are not scored";
}

TEST_P(WordSearchTest, TheFullTextIndexAnswersUntilWordsAreLoaded) {
  std::vector<NewDocument> documents;
  for (uint32_t i = 0; i < 400; ++i) documents.push_back(MakeRandom(i));
  Add(documents, false);
  EXPECT_FALSE(context_.library.has_all_words());
  const std::vector<std::string> terms{"w1", "w30", "w900"};
  ExpectSame(Search(terms).hits, Oracle(terms).hits);
  EXPECT_FALSE(context_.library.has_all_words());

  // Changes while they are being loaded.
  keeper_.Restart();
  keeper_.LoadDue();
  Add({MakeRandom(1000), MakeRandom(3)}, true);
  Remove({context_.library.FindPath("d8.txt")->id, context_.library.FindPath("d399.md")->id});
  WaitQuiet();
  EXPECT_TRUE(context_.library.has_all_words());
  ASSERT_NO_FATAL_FAILURE(Compare(Terms(terms)));

  // And all over again, as after an import.
  context_.library.words().Clear();
  keeper_.Restart();
  keeper_.LoadDue();
  keeper_.Restart();
  keeper_.LoadDue();
  WaitQuiet();
  ASSERT_NO_FATAL_FAILURE(Compare(Terms(terms)));
}

TEST_P(WordSearchTest, WhatNobodyWaitsForIsAnsweredAllTheSame) {
  Add({MakeDocument("a", "word"), MakeDocument("b", "other"), MakeDocument("c", "other")}, true);
  WaitQuiet();
  *finished_ = true;
  EXPECT_TRUE(Search({"word"}).hits.empty());
}

TEST_P(WordSearchTest, QualitySet) { CompareSet(LODESTONE_SOURCE_DIR "/e2e/fixtures/quality"); }
TEST_P(WordSearchTest, XquadSet) { CompareSet(EvalFolder() + "/xquad"); }
TEST_P(WordSearchTest, MedlineSet) { CompareSet(EvalFolder() + "/medline"); }

INSTANTIATE_TEST_SUITE_P(All, WordSearchTest, ::testing::Values(true, false),
                         [](const auto& info) { return info.param ? "Threads" : "NoThreads"; });

// A whole engine: queries run while documents come and go, and all of them get what is there.
TEST_F(EngineTest, WordsAreFoundWhileDocumentsComeAndGo) {
  LoadModel();
  Add({{"keep.txt", "A lantern by the harbour."}});
  protocol::AddFiles request;
  for (int i = 0; i < 200; ++i) request.files.push_back(Entry("f" + std::to_string(i) + ".txt", "bread and copper"));
  const RequestId adding = Post(request);
  int asked = 0;
  while (ResponseCount(adding) == 0) {
    const auto reply = Search("lantern", protocol::SearchMode::kLexical);
    ASSERT_EQ(reply.results.size(), 1u);
    EXPECT_EQ(reply.results[0].path, "keep.txt");
    if (++asked % 5 == 0) Ask<protocol::RemoveReply>(protocol::Remove{{"f" + std::to_string(asked) + ".txt"}, false});
  }
  EXPECT_GT(asked, 0);
  WaitIdle();
  EXPECT_EQ(Search("bread", protocol::SearchMode::kLexical, 1000).results.size(), State().documents - 1);
}

TEST_F(LibraryTest, WordsAreThereAgainAfterARestart) {
  Add({{"a.txt", "A lantern."}, {"b.txt", "A whale."}, {"c.txt", "Bread."}});
  Restart();
  EXPECT_EQ(Find("lanterns"), Strings{"a.txt"});
  Ask<protocol::RemoveReply>(protocol::Remove{{}, true});
  Add({{"d.txt", "Another lantern."}});
  EXPECT_EQ(Find("lanterns"), Strings{"d.txt"});
}

}  // namespace
}  // namespace lodestone
