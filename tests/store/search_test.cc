#include <sqlite3.h>

#include <cmath>
#include <random>

#include "tests/store/store_fixture.h"

namespace lodestone {
namespace {

class SearchTest : public StoreTest {};

TEST_F(SearchTest, AnyTermStemmedAndScoredAboveZero) {
  Open();
  Add("doc", "The runner was running.\n\nA cat sleeps.\n\nNothing here.");
  EXPECT_EQ(Find("runs"), Strings{"The runner was running."});
  EXPECT_EQ(Find(Terms({"cats", "run"})), (Strings{"A cat sleeps.", "The runner was running."}));
  EXPECT_TRUE(Find("dog").empty());
  EXPECT_TRUE(Find(Terms({})).empty());
  const auto hits = store_->SearchLexical(Terms({"a", "cat", "runs"}), {}).value().hits;
  EXPECT_EQ(hits.size(), 2u);
  for (const LexicalHit& hit : hits) EXPECT_GT(hit.score, 0);
}

TEST_F(SearchTest, AccentsAndCaseAreFolded) {
  Open();
  Add("a", "ÜBUNG macht den Meister.");
  EXPECT_EQ(Find("ubung").size(), 1u);
  EXPECT_EQ(Find("übung").size(), 1u);
}

TEST_F(SearchTest, OperatorsOfTheIndexArePlainCharacters) {
  Open();
  Add("doc", "C++ and well-known \"quotes\" AND NEAR text:column");
  for (const char* term : {"c++", "well-known", "\"quotes\"", "AND", "NEAR(", "text:column", "a*", "^and", "{text}:", "quotes\"\""}) {
    EXPECT_EQ(Find(term).size(), std::string(term) == "a*" ? 0u : 1u) << term;
  }
  EXPECT_EQ(Find(std::string("quo\0tes", 7)).size(), 0u);
  for (const char* nothing : {"", "\"", "++", "*", "()", "-"}) EXPECT_TRUE(Find(nothing).empty()) << nothing;
  EXPECT_EQ(Find(Terms({"++", "known"})).size(), 1u);
  EXPECT_TRUE(Find("well-unknown").empty());
  EXPECT_TRUE(Find("known-well").empty()) << "the words of one term stand side by side";
}

TEST_F(SearchTest, TitleAndHeadingsCountLess) {
  Open();
  NewDocument title = MakeDocument("a", "some words about other things");
  title.document.title = "Rust";
  NewDocument heading = MakeDocument("b", "more words about other things");
  heading.passages[0].heading_path = "Guide > Rust";
  Add(title);
  Add(heading);
  const StoredIds text = Add("c", "few words about rust in things");
  Add("d", "filler");
  Add("e", "filler");
  Add("f", "filler");
  const auto hits = store_->SearchLexical(Terms({"rust"}), {}).value().hits;
  ASSERT_EQ(hits.size(), 3u);
  const auto best = std::max_element(hits.begin(), hits.end(), [](auto& a, auto& b) { return a.score < b.score; });
  EXPECT_EQ(best->passage, text.first_passage);
}

TEST_F(SearchTest, CountsDocumentsOfEachTerm) {
  Open();
  Add("a", "apple pear\n\napple");
  Add("b", "apple");
  const StoredIds removed = Add("c", "pear apple");
  ASSERT_TRUE(store_->RemoveDocuments(std::vector{removed.document}).ok());
  EXPECT_EQ(store_->SearchLexical(Terms({"apple", "pear", "plum", "?", "apples"}), {}).value().term_document_counts,
            (std::vector<uint32_t>{2, 1, 0, 0, 2}));
}

TEST_F(SearchTest, TheSameStemTwiceScoresOnce) {
  Open();
  Add("a", "run fast");
  Add("b", "stay");
  Add("c", "stay");
  const float once = store_->SearchLexical(Terms({"run"}), {}).value().hits[0].score;
  EXPECT_EQ(store_->SearchLexical(Terms({"run", "running", "runs"}), {}).value().hits[0].score, once);
}

TEST_F(SearchTest, ManyTermsAreCutNotRefused) {
  Open();
  std::string text;
  std::vector<std::string> terms;
  for (int i = 0; i < 5000; ++i) {
    terms.push_back("w" + std::to_string(i));
    text += terms.back() + " ";
  }
  Add("a", text);
  EXPECT_EQ(store_->SearchLexical(Terms(terms), {}).value().hits.size(), 1u);
  EXPECT_FALSE(store_->MatchWords(Terms(terms), text).empty());
}

TEST_F(SearchTest, FiltersByPhraseAndExcludedWord) {
  Open();
  Add("a", "New York is large\n\nYork is new");
  Add("b", "New York and cats\n\nelsewhere");
  ParsedQuery query = Terms({"york"});
  query.phrases = {"new york"};
  EXPECT_EQ(Find(query), (Strings{"New York and cats", "New York is large"}));
  query.excluded = {"cat"};
  EXPECT_EQ(Find(query), Strings{"New York is large"});
  ParsedQuery excluded = Terms({"york", "elsewhere"});
  excluded.excluded = {"cats"};
  EXPECT_EQ(Find(excluded), (Strings{"New York is large", "York is new"})) << "the whole document goes";
  query.phrases = {"new york", "large"};
  EXPECT_EQ(Find(query), Strings{"New York is large"});
  query.phrases = {"new york", "elsewhere"};
  EXPECT_TRUE(Find(query).empty());
  ParsedQuery nothing = Terms({"york"});
  nothing.phrases = {"..."};
  nothing.excluded = {"++"};
  EXPECT_EQ(Find(nothing).size(), 3u) << "without a word they restrict nothing";
}

TEST_F(SearchTest, FiltersByTypePathAndDate) {
  Open();
  const auto add = [&](const std::string& path, Format format, int64_t modified_ms, int64_t date_ms) {
    NewDocument document = MakeDocument(path, "word " + path);
    document.document.format = format;
    document.modified_ms = modified_ms;
    document.document.date_ms = date_ms;
    Add(document);
  };
  add("docs/Guide.MD", Format::kMarkdown, 100, 0);
  add("docs/deep/guide.html", Format::kHtml, 200, 0);
  add("data/a.b#c.jsonl#1", Format::kPlainText, 300, 0);
  add("data/r.jsonl#x/y.z", Format::kJsonLines, 900, 400);
  add("README", Format::kPlainText, 500, 0);
  const auto found = [&](auto set) {
    ParsedQuery query = Terms({"word"});
    set(query);
    Strings paths;
    for (const std::string& text : Find(query)) paths.push_back(text.substr(5));
    return paths;
  };
  EXPECT_EQ(found([](ParsedQuery& q) { q.types = {"md"}; }), Strings{"docs/Guide.MD"});
  EXPECT_EQ(found([](ParsedQuery& q) { q.types = {"markdown", "htm"}; }), (Strings{"docs/Guide.MD", "docs/deep/guide.html"}));
  EXPECT_EQ(found([](ParsedQuery& q) { q.types = {"jsonl"}; }), Strings{"data/r.jsonl#x/y.z"});
  EXPECT_EQ(found([](ParsedQuery& q) { q.paths = {"docs/"}; }), (Strings{"docs/Guide.MD", "docs/deep/guide.html"}));
  EXPECT_EQ(found([](ParsedQuery& q) { q.paths = {"guide"}; }), Strings{});
  EXPECT_EQ(found([](ParsedQuery& q) { q.paths = {"*GUIDE*", "readme"}; }),
            (Strings{"README", "docs/Guide.MD", "docs/deep/guide.html"}));
  EXPECT_EQ(found([](ParsedQuery& q) { q.paths = {"docs/*.html"}; }), Strings{"docs/deep/guide.html"});
  EXPECT_EQ(found([](ParsedQuery& q) { q.paths = {"*.htm"}; }), Strings{});
  EXPECT_EQ(found([](ParsedQuery& q) { q.after_ms = 400; }), (Strings{"README", "data/r.jsonl#x/y.z"}));
  EXPECT_EQ(found([](ParsedQuery& q) { q.before_ms = 200; }), Strings{"docs/Guide.MD"});
  EXPECT_EQ(found([](ParsedQuery& q) { q.types = {"html"}; q.before_ms = 200; }), Strings{});
}

TEST_F(SearchTest, FilterListsAllowedPassagesInOrder) {
  Open();
  const StoredIds a = Add("a.md", "one\n\ntwo");
  Add("b.txt", "three");
  const StoredIds c = Add("c.md", "four");
  ParsedQuery query;
  EXPECT_FALSE(store_->Filter(query).value().restricts);
  query.types = {"md"};
  const FilterResult filter = store_->Filter(query).value();
  EXPECT_TRUE(filter.restricts);
  EXPECT_EQ(filter.allowed, (std::vector{a.first_passage, PassageId{a.first_passage.value + 1}, c.first_passage}));
  query.types = {"pdf"};
  EXPECT_TRUE(store_->Filter(query).value().restricts);
  EXPECT_TRUE(store_->Filter(query).value().allowed.empty());
  EXPECT_TRUE(store_->SearchLexical(Terms({"one"}), store_->Filter(query).value()).value().hits.empty());
}

TEST_F(SearchTest, MatchesWordsByStemWithByteOffsets) {
  Open();
  const std::string text = "Ölkännchen, RUNNING über well-known, known Äpfel 😀 run.";
  const auto matched = [&](std::vector<std::string> terms) {
    Strings words;
    uint32_t last = 0;
    for (const WordMatch& match : store_->MatchWords(Terms(terms), text)) {
      EXPECT_GE(match.start, last);
      last = match.end;
      words.push_back(text.substr(match.start, match.end - match.start) + "=" + terms[match.term]);
    }
    return words;
  };
  EXPECT_EQ(matched({"runs"}), (Strings{"RUNNING=runs", "run=runs"}));
  EXPECT_EQ(matched({"apfel", "über"}), (Strings{"über=über", "Äpfel=apfel"}));
  EXPECT_EQ(matched({"known", "well-known"}), (Strings{"well-known=well-known", "known=known"}));
  EXPECT_EQ(matched({"olkannchen"}), Strings{"Ölkännchen=olkannchen"});
  EXPECT_EQ(matched({"cat", "++"}), Strings{});
  EXPECT_TRUE(store_->MatchWords(Terms({"a"}), "").empty());
}

// SQLite's own bm25() over the stored file gives the same passages and scores.
TEST_F(SearchTest, ScoresAreThoseOfTheStockFunction) {
  TemporaryFolder folder;
  const std::string path = folder / "library.sqlite";
  Open(path);
  std::mt19937 random(1);
  std::vector<NewDocument> batch;
  for (int i = 0; i < 150; ++i) {
    std::string text;
    for (int passage = 0; passage < 4; ++passage) {
      for (int word = 5 + random() % 60; word > 0; --word) {
        const uint32_t x = random() % 300;
        text += "w" + std::to_string(x * x / 300) + " ";
      }
      text += "\n\n";
    }
    batch.push_back(MakeDocument("d" + std::to_string(i), text));
    batch.back().document.title = "w" + std::to_string(random() % 300);
    for (Passage& passage : batch.back().passages) passage.heading_path = "w7 > w" + std::to_string(random() % 300);
  }
  store_->AddDocuments(batch, 5, {});
  const auto hits = store_->SearchLexical(Terms({"w1", "w7", "w150", "w299"}), {}).value().hits;
  store_.reset();

  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
  sqlite3_stmt* statement = nullptr;
  ASSERT_EQ(sqlite3_prepare_v2(handle,
                               "SELECT rowid, rank FROM passages_fts WHERE passages_fts MATCH 'w1 OR w7 OR w150 OR w299'",
                               -1, &statement, nullptr),
            SQLITE_OK);
  size_t i = 0;
  for (; sqlite3_step(statement) == SQLITE_ROW; ++i) {
    ASSERT_LT(i, hits.size());
    EXPECT_EQ(hits[i].passage.value, static_cast<uint32_t>(sqlite3_column_int64(statement, 0)));
    EXPECT_NEAR(hits[i].score, -sqlite3_column_double(statement, 1), 1e-5);
  }
  EXPECT_EQ(i, hits.size());
  EXPECT_GT(i, 300u);
  sqlite3_finalize(statement);
  sqlite3_close(handle);
}

}  // namespace
}  // namespace lodestone
