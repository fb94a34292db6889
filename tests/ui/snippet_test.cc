#include "ui/snippet.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/ui/fixed_measure.h"

namespace lodestone::ui {
namespace {

// A passage at byte 100 of its document.
protocol::PassageHit Passage(std::string text) {
  protocol::PassageHit hit;
  hit.start = 100;
  hit.end = 100 + static_cast<uint32_t>(text.size());
  hit.text = std::move(text);
  return hit;
}

std::string Shown(const Snippet& snippet, const protocol::PassageHit& hit) {
  return hit.text.substr(snippet.lines.front().start,
                         snippet.lines.back().end - snippet.lines.front().start);
}

TEST(UiSnippet, AShortPassageIsShownWhole) {
  FixedMeasure measure;
  const protocol::PassageHit hit = Passage("One two. Three four.");
  const Snippet snippet = MakeSnippet(hit, 120, 4, measure);
  EXPECT_EQ(Shown(snippet, hit), hit.text);
  EXPECT_FALSE(snippet.cut_after);
}

TEST(UiSnippet, ALongOneBeginsWithItsBestSentence) {
  FixedMeasure measure;
  protocol::PassageHit hit = Passage(
      "Alpha beta gamma. Delta epsilon zeta. Eta theta iota. Kappa lambda mu. Nu xi omicron pi "
      "rho.");
  const auto best = static_cast<uint32_t>(hit.text.find("Eta"));
  hit.best_sentence = {hit.start + best, hit.start + best + 15};
  const Snippet snippet = MakeSnippet(hit, 180, 2, measure);
  ASSERT_EQ(snippet.lines.size(), 2u);
  EXPECT_EQ(Shown(snippet, hit), "Eta theta iota. Kappa lambda mu.") << "lines of 18 glyphs";
  EXPECT_TRUE(snippet.cut_after);
}

TEST(UiSnippet, RoomThatIsLeftGoesToWhatComesBefore) {
  FixedMeasure measure;
  protocol::PassageHit hit =
      Passage("Alpha beta gamma. Delta epsilon zeta. Eta theta iota. Kappa.");
  const auto best = static_cast<uint32_t>(hit.text.find("Kappa"));
  hit.best_sentence = {hit.start + best, hit.end};
  const Snippet snippet = MakeSnippet(hit, 230, 2, measure);
  EXPECT_EQ(Shown(snippet, hit), "Delta epsilon zeta. Eta theta iota. Kappa.");
  EXPECT_FALSE(snippet.cut_after);
}

TEST(UiSnippet, MatchesAreMadeLocalAndStrayOnesDropped) {
  FixedMeasure measure;
  protocol::PassageHit hit = Passage("needle in a haystack");
  hit.matches = {{112, 120}, {100, 106}, {0, 5}, {500, 505}, {103, 103}, {115, 900}};
  const Snippet snippet = MakeSnippet(hit, 1000, 4, measure);
  ASSERT_EQ(snippet.matches.size(), 3u);
  EXPECT_EQ(snippet.matches[0], (protocol::Match{0, 6}));
  EXPECT_EQ(snippet.matches[1], (protocol::Match{12, 20}));
  EXPECT_EQ(snippet.matches[2], (protocol::Match{15, 20}));
}

TEST(UiSnippet, WhyNamesWordsAndSimilarity) {
  protocol::DocumentHit hit;
  EXPECT_EQ(WhyText(hit), "");
  hit.matched_words = {"memory", "rules"};
  EXPECT_EQ(WhyText(hit), "Matches \"memory\", \"rules\". ");
  hit.passages.push_back(Passage("x"));
  hit.passages[0].has_similarity = true;
  hit.passages[0].similarity = 0.714f;
  EXPECT_EQ(WhyText(hit), "Matches \"memory\", \"rules\". Similarity 0.71.");
}

TEST(UiSnippet, HeadingsDoNotRepeatTheTitle) {
  EXPECT_EQ(HeadingBelowTitle("Guide > Install", "Guide"), "Install");
  EXPECT_EQ(HeadingBelowTitle("Guide", "Guide"), "");
  EXPECT_EQ(HeadingBelowTitle("Guidelines > Install", "Guide"), "Guidelines > Install");
  EXPECT_EQ(HeadingBelowTitle("Other > Install", "Guide"), "Other > Install");
  EXPECT_EQ(HeadingBelowTitle("Install", ""), "Install");
}

TEST(UiSnippet, ScoreBarsFollowTheOrder) {
  EXPECT_EQ(ScorePart(3, 3, 1), 1);
  EXPECT_GT(ScorePart(2, 3, 1), ScorePart(1, 3, 1));
  EXPECT_GT(ScorePart(-2, 1, -2), 0) << "z-scores may be negative";
  EXPECT_EQ(ScorePart(1, 1, 1), 1);
}

}  // namespace
}  // namespace lodestone::ui
