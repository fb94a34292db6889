#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/text/test_text.h"
#include "text/chunk.h"

namespace lodestone {
namespace {

using Strings = std::vector<std::string>;

Strings Sentences(const std::string& text) {
  Strings sentences;
  uint32_t last_end = 0;
  for (const ByteRange range : SplitSentences(text)) {
    EXPECT_GE(range.start, last_end);
    EXPECT_LT(range.start, range.end);
    last_end = range.end;
    sentences.push_back(text.substr(range.start, range.end - range.start));
  }
  return sentences;
}

TEST(Sentences, English) {
  EXPECT_EQ(Sentences("One here. Two there! Is it three?  Yes…  \"Quoted.\" (Last.)"),
            (Strings{"One here.", "Two there!", "Is it three?", "Yes…  \"Quoted.\"", "(Last.)"}));
}

TEST(Sentences, AbbreviationsAndNumbersGoOn) {
  EXPECT_EQ(Sentences("Dr. Smith paid $3.50 to J. R. Jones, e.g. for tea. It rained."),
            (Strings{"Dr. Smith paid $3.50 to J. R. Jones, e.g. for tea.", "It rained."}));
  EXPECT_EQ(Sentences("See Fig. 3 and No. 5 of vol. 2. In the U.S. Army it holds."),
            (Strings{"See Fig. 3 and No. 5 of vol. 2.", "In the U.S. Army it holds."}));
  EXPECT_EQ(Sentences("He said no. She agreed."), (Strings{"He said no.", "She agreed."}));
  EXPECT_EQ(Sentences("It ended in 1999. Then came rain."), (Strings{"It ended in 1999.", "Then came rain."}));
}

TEST(Sentences, ChineseAndJapanese) {
  EXPECT_EQ(Sentences("東京は首都です。「そうか。」彼は言った！中文？好"),
            (Strings{"東京は首都です。", "「そうか。」", "彼は言った！", "中文？", "好"}));
}

TEST(Sentences, WrappedLinesGoOnAndListsDoNot) {
  EXPECT_EQ(Sentences("This line of prose was wrapped by hand at some\nwidth that its author liked. End."),
            (Strings{"This line of prose was wrapped by hand at some\nwidth that its author liked.", "End."}));
  EXPECT_EQ(Sentences("- first\n- second\n1. third\nint x = 1;\n  int y;"),
            (Strings{"- first", "- second", "1. third", "int x = 1;", "int y;"}));
}

TEST(Sentences, OddTexts) {
  EXPECT_TRUE(Sentences("").empty());
  EXPECT_TRUE(Sentences(" \n\t ").empty());
  EXPECT_EQ(Sentences("..."), (Strings{"..."}));
  EXPECT_EQ(Sentences(". . ."), (Strings{".", ".", "."}));
  EXPECT_EQ(Sentences("\n\na\n\n\nb\n"), (Strings{"a", "b"}));
}

TEST(Sentences, TellingOnesAreNoHeadingsAndNoCells) {
  const std::string text = "Sharpening knives\n\nA dull knife slips.\n\nWall | Plug\n\n「切れ味が悪い。」";
  Strings telling;
  for (const ByteRange range : TellingSentences(text)) telling.push_back(text.substr(range.start, range.end - range.start));
  ASSERT_EQ(telling.size(), 2u);
  EXPECT_EQ(telling[0], "A dull knife slips.");
  EXPECT_EQ(TellingSentences("Only a heading").size(), 1u);
  EXPECT_TRUE(TellingSentences("").empty());
}

TEST(Sentences, LongTextsTakeLinearTime) {
  EXPECT_EQ(Sentences(std::string(1 << 20, 'a')).size(), 1u);
  EXPECT_EQ(Sentences(std::string(1 << 20, '.')).size(), 1u);
  EXPECT_EQ(Sentences(Repeat("a\n", 1 << 17)).size(), size_t{1} << 17);
  EXPECT_EQ(Sentences(Repeat("Go on. ", 1 << 17)).size(), size_t{1} << 17);
}

}  // namespace
}  // namespace lodestone
