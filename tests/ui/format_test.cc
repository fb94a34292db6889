#include "ui/format.h"

#include <gtest/gtest.h>

#include <cmath>

namespace lodestone::ui {
namespace {

TEST(UiFormat, Counts) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1000), "1,000");
  EXPECT_EQ(FormatCount(1234567), "1,234,567");
  EXPECT_EQ(FormatCountOf(1, "file", "files"), "1 file");
  EXPECT_EQ(FormatCountOf(2000, "file", "files"), "2,000 files");
}

TEST(UiFormat, Bytes) {
  EXPECT_EQ(FormatBytes(999), "999 B");
  EXPECT_EQ(FormatBytes(1500), "1.5 kB");
  EXPECT_EQ(FormatBytes(64u << 20), "67 MB");
  EXPECT_EQ(FormatBytes(999999), "1.0 MB");
}

TEST(UiFormat, TimeLeft) {
  EXPECT_EQ(FormatTimeLeft(0), "");
  EXPECT_EQ(FormatTimeLeft(-1), "");
  EXPECT_EQ(FormatTimeLeft(std::nan("")), "");
  EXPECT_EQ(FormatTimeLeft(INFINITY), "");
  EXPECT_EQ(FormatTimeLeft(4000), "a few seconds left");
  EXPECT_EQ(FormatTimeLeft(31000), "about 40 s left");
  EXPECT_EQ(FormatTimeLeft(120000), "about 2 min left");
  EXPECT_EQ(FormatTimeLeft(5400000), "about 1.5 h left");
}

TEST(UiFormat, PercentAndMs) {
  EXPECT_EQ(FormatPercent(0.314), "31%");
  EXPECT_EQ(FormatMs(1.26), "1.3 ms");
  EXPECT_EQ(FormatMs(12.4), "12 ms");
}

}  // namespace
}  // namespace lodestone::ui
