#include "text/chunk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "tests/text/test_text.h"
#include "text/extract.h"
#include "text/utf8.h"

namespace lodestone {
namespace {

Document PlainDocument(std::string text) {
  Document document;
  document.title = "t";
  document.text = std::move(text);
  return document;
}

Document MarkdownDocument(const std::string& markdown) {
  Result<Document> document = ExtractDocument("a.md", markdown);
  EXPECT_TRUE(document.ok());
  return document.ok() ? std::move(document).value() : Document();
}

std::string_view Slice(const Document& document, const Passage& passage) {
  return std::string_view(document.text).substr(passage.start, passage.end - passage.start);
}

// What must hold of the passages of any document.
void ExpectSound(const Document& document, const std::vector<Passage>& passages, const ChunkOptions& options) {
  std::vector<bool> covered(document.text.size());
  uint32_t last_start = 0;
  uint32_t last_end = 0;
  for (const Passage& passage : passages) {
    ASSERT_LT(passage.start, passage.end);
    ASSERT_LE(passage.end, document.text.size());
    ASSERT_GE(passage.start, last_start);
    ASSERT_GT(passage.end, last_end);
    last_start = passage.start;
    last_end = passage.end;
    ASSERT_TRUE(IsValidUtf8(Slice(document, passage)));
    ASSERT_EQ(TrimAsciiSpace(Slice(document, passage)).size(), Slice(document, passage).size());
    ASSERT_EQ(passage.token_count, SmallTokenizer().CountTokens(Slice(document, passage)));
    ASSERT_LE(passage.token_count, options.max_tokens);
    std::fill(covered.begin() + passage.start, covered.begin() + passage.end, true);
  }
  for (size_t i = 0; i < covered.size(); ++i) {
    ASSERT_TRUE(covered[i] || IsAsciiSpace(document.text[i])) << "byte " << i << " is in no passage";
  }
}

std::string RandomText(std::mt19937* random, size_t pieces) {
  static const char* const kPieces[] = {"the ",    "Library ", "search. ", "Meaning! ", "\n",      "\n\n",   "  \n \n", "é",
                                        "日本",    "。",       "😀",       "word",      ", ",      "12.5 ",  "e.g. ",  "[SEP]",
                                        "\u00a0",  "-",        "\t",       "private ",  "\u200b",  "folder ", "Stone? ", "aaaaaaaaaaaaaaaaaaaaaaaa"};
  std::string text;
  for (size_t i = 0; i < pieces; ++i) text += kPieces[(*random)() % std::size(kPieces)];
  return text;
}

TEST(Chunk, RandomDocumentsAreSound) {
  std::mt19937 random(7);
  for (int round = 0; round < 60; ++round) {
    Document document = PlainDocument(RandomText(&random, 1 + random() % 3000));
    for (uint32_t at = 0; round % 2 == 1 && at < document.text.size(); at += 1 + random() % 900) {
      // Headings begin at lines.
      const size_t newline = document.text.find('\n', at);
      if (newline == std::string::npos || newline + 1 >= document.text.size()) break;
      at = static_cast<uint32_t>(newline + 1);
      document.headings.push_back({at, static_cast<uint8_t>(1 + random() % 4), "h" + std::to_string(at)});
    }
    ChunkOptions options;
    if (round % 3 == 1) options = {.target_tokens = 60, .max_tokens = 120, .overlap_tokens = 8};
    if (round % 3 == 2) options = {.target_tokens = 110, .max_tokens = 110, .overlap_tokens = 0};
    ExpectSound(document, ChunkDocument(document, SmallTokenizer(), options), options);
    if (HasFatalFailure()) {
      ADD_FAILURE() << "round " << round;
      return;
    }
  }
}

TEST(Chunk, ShortDocumentsStayWhole) {
  const Document document = PlainDocument("  " + Repeat("word ", 250) + "\n\n word\n");
  const auto passages = ChunkDocument(document, SmallTokenizer(), {});
  ASSERT_EQ(passages.size(), 1u);
  EXPECT_EQ(passages[0].start, 2u);
  EXPECT_EQ(passages[0].token_count, 251u);
  EXPECT_EQ(passages[0].heading_path, "");
}

TEST(Chunk, NothingButSpaceGivesNothing) {
  EXPECT_TRUE(ChunkDocument(PlainDocument(""), SmallTokenizer(), {}).empty());
  EXPECT_TRUE(ChunkDocument(PlainDocument(" \n\n\t"), SmallTokenizer(), {}).empty());
}

TEST(Chunk, NoTinyTail) {
  // One word over what fits into whole passages.
  for (const size_t words : {257u, 401u, 450u, 513u, 600u, 1025u}) {
    const Document document = PlainDocument(Repeat("Word word word word word word word word word word. ", words / 10 + 1));
    const auto passages = ChunkDocument(document, SmallTokenizer(), {});
    ExpectSound(document, passages, {});
    for (const Passage& passage : passages) EXPECT_GT(passage.token_count, 80u) << words;
  }
}

TEST(Chunk, ParagraphsStayWholeAndOnlyCutOnesOverlap) {
  const std::string paragraph = Repeat("The sea and the wind and the stone and the river and the house. ", 10);
  const Document document = PlainDocument(paragraph + "\n\n" + paragraph + "\n\n" + paragraph);
  const auto passages = ChunkDocument(document, SmallTokenizer(), {});
  ASSERT_EQ(passages.size(), 3u);
  for (size_t i = 1; i < passages.size(); ++i) EXPECT_GE(passages[i].start, passages[i - 1].end);

  const Document cut = PlainDocument(Repeat("The sea and the wind. ", 120));
  const auto pieces = ChunkDocument(cut, SmallTokenizer(), {});
  ASSERT_GT(pieces.size(), 2u);
  for (size_t i = 1; i < pieces.size(); ++i) {
    EXPECT_LT(pieces[i].start, pieces[i - 1].end);
    const std::string_view shared = std::string_view(cut.text).substr(pieces[i].start, pieces[i - 1].end - pieces[i].start);
    EXPECT_LE(SmallTokenizer().CountTokens(shared), ChunkOptions().overlap_tokens);
  }
}

TEST(Chunk, HeadingPathsFollowTheHeadings) {
  const std::string body = Repeat("The sea and the wind of the night. ", 20);
  const Document document = MarkdownDocument("intro " + body + "\n\n# Guide\n\n" + body + "\n\n## Install\n\n### Linux\n\n" + body +
                                             "\n\n## Use\n\n" + body + "\n\n# Notes\n\n" + body);
  const auto passages = ChunkDocument(document, SmallTokenizer(), {});
  ExpectSound(document, passages, {});
  std::vector<std::string> paths;
  for (const Passage& passage : passages) paths.push_back(passage.heading_path);
  EXPECT_EQ(paths, (std::vector<std::string>{"", "Guide", "Guide > Install > Linux", "Guide > Use", "Notes"}));
  // A heading without text of its own stands at the top of the section below it.
  EXPECT_TRUE(Slice(document, passages[2]).starts_with("Install\n\nLinux\n\nThe sea"));
}

TEST(Chunk, ShortSectionsOfOneParentShareAPassage) {
  std::string markdown = "# Terms\n\n";
  for (int i = 0; i < 60; ++i) markdown += "## Term " + std::to_string(i) + "\n\nA short word of meaning.\n\n";
  markdown += "# Other\n\n" + Repeat("Words go on. ", 90);
  const Document document = MarkdownDocument(markdown);
  const auto passages = ChunkDocument(document, SmallTokenizer(), {});
  ExpectSound(document, passages, {});
  EXPECT_LT(passages.size(), 12u);
  for (const Passage& passage : passages) {
    const bool is_other = Slice(document, passage).find("Words go on") != std::string_view::npos;
    EXPECT_EQ(passage.heading_path, is_other ? "Other" : "Terms");
  }
}

TEST(Chunk, ALineAboveTheFirstSectionGoesWithIt) {
  const Document document = MarkdownDocument("# Guide\n\nOne line.\n\n## Use\n\n" + Repeat("The sea and the wind of the night. ", 20) +
                                             "\n\n## More\n\n" + Repeat("The sea and the wind of the night. ", 20));
  const auto passages = ChunkDocument(document, SmallTokenizer(), {});
  ASSERT_EQ(passages.size(), 2u);
  EXPECT_EQ(passages[0].start, 0u);
  EXPECT_EQ(passages[0].heading_path, "Guide > Use");
}

TEST(Chunk, CheckpointStopsTheWork) {
  const Document document = PlainDocument(Repeat("The sea and the wind. ", 40000));
  int calls = 0;
  const auto stopped = ChunkDocument(document, SmallTokenizer(), {}, [&] { return ++calls < 3; });
  EXPECT_EQ(calls, 3);
  EXPECT_TRUE(stopped.empty());
  calls = 0;
  EXPECT_FALSE(ChunkDocument(document, SmallTokenizer(), {}, [&] { return ++calls > 0; }).empty());
  EXPECT_GT(calls, 40);
}

// Sizes are kept small for the sanitizers; quadratic time would not end at them either.
TEST(Chunk, LongTextsWithoutBreaks) {
  for (const std::string& text : {std::string(1 << 20, 'a'), Repeat("word ", 1 << 18), Repeat("東京", 1 << 17),
                                  Repeat("a\n\n", 1 << 17), Repeat("-", 1 << 18), Repeat("\u00a0", 1 << 17)}) {
    const Document document = PlainDocument(text);
    const auto passages = ChunkDocument(document, SmallTokenizer(), {});
    ASSERT_FALSE(passages.empty());
    size_t end = 0;
    for (const Passage& passage : passages) {
      EXPECT_LE(passage.start, end + 2);
      EXPECT_LE(passage.end - passage.start, 256u * 16 + 64);
      EXPECT_LE(passage.token_count, 256u);
      end = passage.end;
    }
    EXPECT_EQ(end, TrimAsciiSpace(text).size());
  }
}

}  // namespace
}  // namespace lodestone
