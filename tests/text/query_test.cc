#include "text/query.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/text/test_text.h"
#include "text/date.h"
#include "text/highlight.h"
#include "text/words.h"

namespace lodestone {
namespace {

using Strings = std::vector<std::string>;

ParsedQuery Parsed(std::string_view text) {
  Result<ParsedQuery> result = ParseQuery(text);
  EXPECT_TRUE(result.ok()) << text;
  return result.ok() ? std::move(result).value() : ParsedQuery();
}

constexpr int64_t kDayMs = 86400000;

TEST(Query, PlainWords) {
  const ParsedQuery query = Parsed("How do I undo the Last Commit?");
  EXPECT_EQ(query.scored_text, "How do I undo the Last Commit?");
  EXPECT_EQ(query.terms, (Strings{"undo", "last", "commit"}));
  EXPECT_FALSE(query.has_filters());
  EXPECT_FALSE(query.empty());
}

TEST(Query, OnlyStopWordsAreKept) {
  EXPECT_EQ(Parsed("to be or not to be").terms, (Strings{"to", "be", "or", "not"}));
}

TEST(Query, AccentsAreFoldedAsTheIndexFolds) {
  EXPECT_EQ(Parsed("Café RÉSUMÉ cafe\u0301").terms, (Strings{"cafe", "resume"}));
  EXPECT_EQ(Parsed("ЙОД Ølgod ếch 東京").terms, (Strings{"йод", "ølgod", "ếch", "東京"}));
}

TEST(Query, PhrasesAreScoredToo) {
  const ParsedQuery query = Parsed("find \"blue whale\" songs “deep sea”");
  EXPECT_EQ(query.phrases, (Strings{"blue whale", "deep sea"}));
  EXPECT_EQ(query.scored_text, "find blue whale songs deep sea");
  EXPECT_EQ(query.terms, (Strings{"find", "blue", "whale", "songs", "deep", "sea"}));
  EXPECT_TRUE(query.has_filters());
}

TEST(Query, OpenQuotesAndEmptyOnesAreNoPhrases) {
  EXPECT_TRUE(Parsed("a 5\" screen").phrases.empty());
  EXPECT_EQ(Parsed("\"unclosed words").terms, (Strings{"unclosed", "words"}));
  EXPECT_TRUE(Parsed("\"\" \" ! \"").phrases.empty());
}

TEST(Query, ExcludedWords) {
  const ParsedQuery query = Parsed("jaguar -Car -\"big cat\" well-known - x -- -!");
  EXPECT_EQ(query.excluded, (Strings{"car", "big cat"}));
  EXPECT_EQ(query.terms, (Strings{"jaguar", "well", "known", "x"}));
}

TEST(Query, FiltersOfTypeAndPath) {
  const ParsedQuery query = Parsed("ownership type:MD type:.rs,txt path:docs/ PATH:\"my notes/\" path:*guide*");
  EXPECT_EQ(query.types, (Strings{"md", "rs", "txt"}));
  EXPECT_EQ(query.paths, (Strings{"docs/", "my notes/", "*guide*"}));
  EXPECT_EQ(query.scored_text, "ownership");
}

TEST(Query, FiltersOfDate) {
  const ParsedQuery query = Parsed("after:1970-01-03 before:1970-02 before:1971");
  EXPECT_EQ(query.after_ms, 2 * kDayMs);
  EXPECT_EQ(query.before_ms, 31 * kDayMs);
  EXPECT_TRUE(query.scored_text.empty());
  EXPECT_FALSE(query.empty());
}

TEST(Query, UnreadableFiltersArePlainText) {
  const ParsedQuery query = Parsed("after:soon before:2024-13-01 type: path: AND NEAR(x) col:val* ^a");
  EXPECT_FALSE(query.has_filters());
  EXPECT_EQ(query.terms, (Strings{"soon", "2024", "13", "01", "type", "path", "near", "x", "col", "val"}));
}

TEST(Query, EmptyAndBadOnes) {
  EXPECT_TRUE(Parsed("").empty());
  EXPECT_TRUE(Parsed(" \t\n").empty());
  EXPECT_TRUE(Parsed("?!").terms.empty());
  EXPECT_EQ(ParseQuery("bad \xFF").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ParseQuery(std::string(100000, 'x')).status().code(), StatusCode::kTooLarge);
  EXPECT_EQ(Parsed(Repeat("\"a ", kMaxQueryBytes / 3)).terms, (Strings{"a"}));
}

TEST(Date, IsoOnly) {
  EXPECT_EQ(ParseIsoDate("1970"), 0);
  EXPECT_EQ(ParseIsoDate("1969-12-31"), -kDayMs);
  EXPECT_EQ(ParseIsoDate("2024-02-29"), 19782 * kDayMs);
  EXPECT_EQ(ParseIsoDate("1970-01-01T01:00:00.250+01:00"), 0);
  EXPECT_EQ(ParseIsoDate("1970-01-02 00:00Z"), kDayMs);
  for (const char* text : {"", "70", "2023-02-29", "2024-1-1", "2024-01-01x", "2024-01-01T25:00", "soon", "2024-"}) {
    EXPECT_EQ(ParseIsoDate(text), std::nullopt) << text;
  }
}

TEST(Words, RunsOfLettersAndDigits) {
  Strings words;
  const std::string text = "don't 3.5mm naïve—日本 e\u0301x_y";
  for (const ByteRange range : FindWords(text)) words.push_back(FoldWord(text.substr(range.start, range.end - range.start)));
  EXPECT_EQ(words, (Strings{"don", "t", "3", "5mm", "naive", "日本", "ex", "y"}));
}

TEST(Highlight, BestSentenceHasMostDifferentTerms) {
  const std::vector<ByteRange> sentences = {{0, 50}, {51, 100}, {101, 200}};
  const auto best = [&](std::vector<TermMatch> matches) { return BestSentence(sentences, matches).start; };
  EXPECT_EQ(best({}), 0u);
  EXPECT_EQ(best({{{55, 60}, 0}}), 51u);
  EXPECT_EQ(best({{{1, 4}, 0}, {{6, 9}, 0}, {{11, 14}, 0}, {{110, 115}, 0}, {{120, 125}, 1}}), 101u);
  EXPECT_EQ(best({{{60, 64}, 0}, {{110, 114}, 0}}), 51u);
  EXPECT_EQ(BestSentence({}, {}).end, 0u);
}

}  // namespace
}  // namespace lodestone
