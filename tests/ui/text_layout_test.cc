#include "ui/text_layout.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/ui/fixed_measure.h"
#include "ui/utf8.h"

namespace lodestone::ui {
namespace {

std::vector<std::string> Lines(const std::string& text, float width, bool collapse = false) {
  FixedMeasure measure;
  std::vector<std::string> out;
  for (const TextLine& line : LayOutText(text, 0, static_cast<uint32_t>(text.size()), measure,
                                         {.width = width, .collapse_space = collapse})) {
    out.push_back(text.substr(line.start, line.end - line.start));
  }
  return out;
}

using Strings = std::vector<std::string>;

TEST(UiTextLayout, WrapsAtSpaces) {
  EXPECT_EQ(Lines("one two three", 75), (Strings{"one two", "three"}));
  EXPECT_EQ(Lines("one two three", 60), (Strings{"one", "two", "three"}));
  EXPECT_EQ(Lines("one", 30), (Strings{"one"}));
  EXPECT_EQ(Lines("", 30), (Strings{""}));
}

TEST(UiTextLayout, CutsAWordThatIsTooLong) {
  EXPECT_EQ(Lines("abcdefgh", 30), (Strings{"abc", "def", "gh"}));
  EXPECT_EQ(Lines("a bcdefgh", 30), (Strings{"a", "bcd", "efg", "h"}));
  EXPECT_EQ(Lines("abc", 5), (Strings{"a", "b", "c"}))
      << "a line holds one glyph, however narrow it is";
}

TEST(UiTextLayout, KeepsLineEndsUnlessCollapsed) {
  EXPECT_EQ(Lines("one\ntwo\n\nthree", 500), (Strings{"one", "two", "", "three"}));
  EXPECT_EQ(Lines("one\n  two\n\nthree", 500, true), (Strings{"one\n  two\n\nthree"}));
  EXPECT_EQ(Lines("one\n\ntwo three", 70, true), (Strings{"one\n\ntwo", "three"}));
}

TEST(UiTextLayout, BreaksBetweenIdeographsButNotBeforeClosingMarks) {
  EXPECT_EQ(Lines("所有権は", 40), (Strings{"所有", "権は"}));
  EXPECT_EQ(Lines("所有権。は", 60), (Strings{"所有", "権。は"}));
}

TEST(UiTextLayout, StopsAtMaxLines) {
  FixedMeasure measure;
  const std::string text(10000, 'x');
  EXPECT_EQ(LayOutText(text, 0, 10000, measure, {.width = 50, .max_lines = 3}).size(), 3u);
}

// Lines are in order, on code point boundaries, and leave nothing but space between them.
TEST(UiTextLayout, LosesNoInk) {
  std::mt19937 random(7);
  const Strings pieces = {
      "a", "bc", " ",  "  ",  "\n", "-", "é", "所", "。", "e\xCC\x81", "\xF0\x9F\x8E\x89",
      "(", ")",  "\t", "\xFF"};
  for (int round = 0; round < 400; ++round) {
    std::string text;
    for (int i = 0; i < 40; ++i) text += pieces[random() % pieces.size()];
    const float width = 10 + static_cast<float>(random() % 120);
    const bool collapse = random() % 2 == 0;
    FixedMeasure measure;
    uint32_t at = 0;
    for (const TextLine& line : LayOutText(text, 0, static_cast<uint32_t>(text.size()), measure,
                                           {.width = width, .collapse_space = collapse})) {
      ASSERT_LE(at, line.start);
      ASSERT_LE(line.start, line.end);
      ASSERT_EQ(text.substr(at, line.start - at).find_first_not_of(" \n\t"), std::string::npos)
          << text;
      at = line.end;
    }
    ASSERT_EQ(text.substr(at).find_first_not_of(" \n\t"), std::string::npos) << text;
  }
}

TEST(UiTextLayout, PlacesGlyphsAndFindsExtents) {
  FixedMeasure measure;
  const std::string text = "ab cd";
  std::vector<PlacedGlyph> glyphs;
  PlaceLine(text, {0, 5, 50}, measure, false, &glyphs);
  ASSERT_EQ(glyphs.size(), 5u);
  EXPECT_EQ(glyphs[3].x, 30);
  const auto extents = ExtentsOf(glyphs, 3, 5);
  ASSERT_EQ(extents.size(), 1u);
  EXPECT_EQ(extents[0].left, 30);
  EXPECT_EQ(extents[0].right, 50);
  EXPECT_EQ(ByteAt(glyphs, {0, 5, 50}, 34), 3u);
  EXPECT_EQ(ByteAt(glyphs, {0, 5, 50}, 36), 4u);
  EXPECT_EQ(ByteAt(glyphs, {0, 5, 50}, 999), 5u);
}

TEST(UiTextLayout, RightToLeftWordsRunFromTheRight) {
  FixedMeasure measure;
  const std::string text = "a \u05D0\u05D1 \u05D2\u05D3 b";
  std::vector<PlacedGlyph> glyphs;
  PlaceLine(text, {0, static_cast<uint32_t>(text.size()), 0}, measure, false, &glyphs);
  // a, space, second Hebrew word, space, first Hebrew word, space, b.
  ASSERT_EQ(glyphs.size(), 7u);
  EXPECT_GT(glyphs[2].start, glyphs[4].start);
  for (size_t i = 1; i < glyphs.size(); ++i) EXPECT_GE(glyphs[i].x, glyphs[i - 1].x);
  EXPECT_EQ(glyphs[6].glyph, U'b');
}

TEST(UiTextLayout, ElidesAtTheEndOrInTheMiddle) {
  FixedMeasure measure;
  EXPECT_EQ(Elide("short", measure, 60), "short");
  EXPECT_EQ(Elide("abcdefghij", measure, 60), "abcde\u2026");
  const std::string middle = Elide("folder/name.txt", measure, 110, true);
  EXPECT_EQ(middle, "fold\u2026me.txt");
}

TEST(UiCluster, JoinsWhatBelongsTogether) {
  ClusterTable table;
  const std::string text = "e\xCC\x81x";
  const Cluster accented = table.Next(text, 0);
  EXPECT_EQ(accented.size_bytes, 3u);
  EXPECT_EQ(table.TextOf(accented.glyph), "e\xCC\x81");
  EXPECT_EQ(table.Next(text, 3).glyph, U'x');

  const std::string family = "\U0001F468\u200D\U0001F4BB!";
  EXPECT_EQ(table.Next(family, 0).size_bytes, family.size() - 1);
  const std::string flags = "\U0001F1EF\U0001F1F5\U0001F1EB\U0001F1F7";
  EXPECT_EQ(table.Next(flags, 0).size_bytes, 8u);
  EXPECT_EQ(table.Next(flags, 0).glyph, table.Next(flags, 0).glyph) << "one glyph per cluster";
  EXPECT_NE(table.Next(flags, 0).glyph, table.Next(flags, 8).glyph);

  const std::string arabic = "\u0645\u0631\u062D\u0628\u0627 x";
  const Cluster word = table.Next(arabic, 0);
  EXPECT_EQ(word.size_bytes, 10u);
  EXPECT_TRUE(word.right_to_left);
}

TEST(UiCluster, PrivateCodePointsOfATextAreNotTakenForClusters) {
  ClusterTable table;
  const std::string text =
      "e\xCC\x81\xEE\x80\x80";  // U+E000 after a cluster that has taken that glyph
  ASSERT_EQ(table.Next(text, 0).glyph, char32_t{0xE000});
  EXPECT_EQ(table.Next(text, 3).glyph, kReplacement);
}

TEST(UiUtf8, MalformedBytesReadAsReplacements) {
  EXPECT_EQ(DecodeAt("\xC3", 0).value, kReplacement);
  EXPECT_EQ(DecodeAt("\xED\xA0\x80", 0).value, kReplacement) << "a surrogate";
  EXPECT_EQ(DecodeAt("\xF4\x90\x80\x80", 0).value, kReplacement) << "beyond Unicode";
  EXPECT_EQ(DecodeAt("\xC0\x80", 0).value, kReplacement) << "too long a form";
  EXPECT_EQ(DecodeAt("\xE2\x82\xAC", 0).value, char32_t{0x20AC});
  std::string out;
  AppendUtf8(0x1F389, &out);
  EXPECT_EQ(out, "\xF0\x9F\x8E\x89");
}

}  // namespace
}  // namespace lodestone::ui
