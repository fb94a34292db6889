#include "ui/blocks.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace lodestone::ui {
namespace {

TEST(UiBlocks, OneBlockALine) {
  const std::string text = "one\n\nthree\n";
  BlockList blocks(text);
  EXPECT_TRUE(blocks.Advance(1000));
  ASSERT_EQ(blocks.size(), 3u);
  EXPECT_EQ(blocks.end(0), 3u);
  EXPECT_EQ(blocks.start(1), 4u);
  EXPECT_EQ(blocks.end(1), 4u);
  EXPECT_EQ(text.substr(blocks.start(2), blocks.end(2) - blocks.start(2)), "three");
  EXPECT_EQ(blocks.BlockOf(0), 0u);
  EXPECT_EQ(blocks.BlockOf(4), 1u);
  EXPECT_EQ(blocks.BlockOf(8), 2u);
  EXPECT_EQ(blocks.BlockOf(999), 2u);
}

TEST(UiBlocks, AnEmptyTextHasOneEmptyBlock) {
  BlockList blocks("");
  EXPECT_TRUE(blocks.Advance(10));
  ASSERT_EQ(blocks.size(), 1u);
  EXPECT_EQ(blocks.start(0), blocks.end(0));
}

// Whatever the slices, blocks follow one another without a gap but line ends, are short, and begin
// and end between code points.
TEST(UiBlocks, CoversTheTextInAnySlices) {
  std::mt19937 random(3);
  for (int round = 0; round < 60; ++round) {
    std::string text;
    while (text.size() < 30000) {
      switch (random() % 4) {
        case 0:
          text += '\n';
          break;
        case 1:
          text += std::string(random() % 9000, 'x');
          break;
        case 2:
          for (int i = 0; i < 3000; ++i) text += "é";
          break;
        default:
          for (int i = 0; i < 500; ++i) text += "word ";
          break;
      }
    }
    BlockList blocks(text);
    while (!blocks.Advance(1 + random() % 20000)) {
    }
    uint32_t at = 0;
    for (uint32_t i = 0; i < blocks.size(); ++i) {
      ASSERT_EQ(blocks.start(i), at);
      ASSERT_LE(blocks.end(i) - blocks.start(i), 4096u);
      ASSERT_NE(static_cast<unsigned char>(text[blocks.start(i)]) & 0xC0, 0x80);
      at = i + 1 < blocks.size() ? blocks.start(i + 1) : static_cast<uint32_t>(text.size());
      ASSERT_TRUE(blocks.end(i) == at || (blocks.end(i) + 1 == at && text[blocks.end(i)] == '\n'));
    }
    ASSERT_EQ(at, text.size());
  }
}

TEST(UiHeightIndex, SumsFollowChanges) {
  std::mt19937 random(5);
  HeightIndex heights;
  std::vector<float> plain;
  for (int i = 0; i < 3000; ++i) {
    plain.push_back(static_cast<float>(1 + random() % 50));
    heights.Append(plain.back());
  }
  for (int i = 0; i < 500; ++i) {
    const auto at = static_cast<uint32_t>(random() % plain.size());
    plain[at] = static_cast<float>(1 + random() % 50);
    heights.Set(at, plain[at]);
  }
  double top = 0;
  for (uint32_t i = 0; i < plain.size(); ++i) {
    ASSERT_EQ(heights.TopOf(i), top);
    ASSERT_EQ(heights.At(top), i);
    ASSERT_EQ(heights.At(top + plain[i] - 0.5), i);
    top += plain[i];
  }
  EXPECT_EQ(heights.total(), top);
  EXPECT_EQ(heights.TopOf(heights.size()), top);
  EXPECT_EQ(heights.At(-5), 0u);
  EXPECT_EQ(heights.At(top + 5), heights.size() - 1);
}

}  // namespace
}  // namespace lodestone::ui
