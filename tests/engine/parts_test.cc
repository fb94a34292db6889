#include <gtest/gtest.h>

#include "engine/file_list.h"

namespace lodestone {
namespace {

using protocol::FileState;

TEST(FileList, CountsPagesAndForgets) {
  FileList files;
  for (int i = 0; i < 300; ++i) files.Queue("f" + std::to_string(i), 10);
  EXPECT_EQ(files.run_total(), 300u);
  files.SetState("f1", FileState::kFailed, "broken");
  files.SetState("f2", FileState::kReady);
  EXPECT_EQ(files.run_done(), 2u);
  EXPECT_EQ(files.run_failed(), 1u);
  auto page = files.List(1, 2, false);
  EXPECT_EQ(page.total, 300u);
  ASSERT_EQ(page.entries.size(), 2u);
  EXPECT_EQ(page.entries[0].path, "f1");
  EXPECT_EQ(page.entries[0].reason, "broken");
  EXPECT_EQ(files.List(0, 10, true).entries.size(), 1u);
  // Enough removals to close the gaps.
  for (int i = 0; i < 200; ++i) files.Remove("f" + std::to_string(i));
  page = files.List(0, 1000, false);
  EXPECT_EQ(page.total, 100u);
  ASSERT_EQ(page.entries.size(), 100u);
  EXPECT_EQ(page.entries[0].path, "f200");
  EXPECT_EQ(page.failed_total, 0u);
  files.SetState("f250", FileState::kReady);
  EXPECT_EQ(files.List(50, 1, false).entries[0].state, FileState::kReady);
}

TEST(FileList, AFailedFileThatIsAddedAgainIsNoFailureAnyMore) {
  FileList files;
  files.Queue("a", 1);
  files.SetState("a", FileState::kFailed, "gone");
  files.Queue("a", 1);
  EXPECT_EQ(files.List(0, 1, true).failed_total, 0u);
  files.SetState("a", FileState::kReady);
  EXPECT_EQ(files.List(0, 10, false).entries.size(), 1u);
}

TEST(FileOfDocument, OnlyRecordsHaveANumberSign) {
  EXPECT_EQ(FileOfDocument("notes/c#.md"), "notes/c#.md");
  EXPECT_EQ(FileOfDocument("all.jsonl#7"), "all.jsonl");
  EXPECT_EQ(FileOfDocument("x/all.csv#a#b"), "x/all.csv");
}

}  // namespace
}  // namespace lodestone
