// A folder that is added again: what is new, changed, renamed and gone.
#include <string>

#include "tests/engine/library_fixture.h"

namespace lodestone {
namespace {

using protocol::SearchMode;
using Files = std::vector<std::pair<std::string, std::string>>;

class FolderTest : public LibraryTest {
 protected:
  struct Outcome {
    protocol::AddFilesReply added;
    protocol::FinishScanReply finished;
  };
  // All that a walk through `root` finds, in two lots.
  Outcome AddFolder(const std::string& root, Files files, std::vector<std::string> unlisted = {}) {
    ++scan_;
    protocol::AddFiles lots[2];
    for (size_t i = 0; i < files.size(); ++i) lots[i % 2].files.push_back(Entry(files[i].first, files[i].second));
    Outcome outcome;
    for (protocol::AddFiles& lot : lots) {
      lot.scan = scan_;
      const auto reply = Ask<protocol::AddFilesReply>(lot);
      outcome.added.added += reply.added;
      outcome.added.updated += reply.updated;
      outcome.added.unchanged += reply.unchanged;
      outcome.added.failed.insert(outcome.added.failed.end(), reply.failed.begin(), reply.failed.end());
    }
    outcome.finished = Ask<protocol::FinishScanReply>(protocol::FinishScan{scan_, root, unlisted});
    return outcome;
  }
  protocol::CompareFolderReply Compare(const std::string& root, const Files& files) {
    protocol::CompareFolder request{root, {}};
    for (const auto& [path, text] : files) request.files.push_back(Entry(path, text));
    const size_t released = files_.released.size();
    const auto reply = Ask<protocol::CompareFolderReply>(request);
    EXPECT_EQ(files_.released.size(), released + files.size());
    return reply;
  }
  std::vector<std::string> Listed() {
    std::vector<std::string> paths;
    const auto list = Ask<protocol::ListLibraryReply>(protocol::ListLibrary{0, 1000, false});
    for (const auto& entry : list.entries) paths.push_back(entry.path);
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  uint32_t scan_ = 0;
};

TEST_F(FolderTest, OnlyWhatChangedIsDone) {
  Add({{"other/x.txt", "The copper engine."}, {"docs.txt", "A violin."}});
  Outcome outcome = AddFolder("docs", {{"docs/same.txt", "A lantern."},
                                       {"docs/changed.txt", "The whale."},
                                       {"docs/old name.txt", "The glacier and the bread."},
                                       {"docs/gone.txt", "The tomato."},
                                       {"docs/broken.txt", ""}});
  EXPECT_EQ(outcome.added.added, 4u);
  EXPECT_EQ(outcome.finished.removed, 0u);
  const uint64_t embedded = State().passages_embedded_now;
  outcome = AddFolder("docs", {{"docs/same.txt", "A lantern."},
                               {"docs/changed.txt", "The harbour."},
                               {"docs/sub/new name.txt", "The glacier and the bread."},
                               {"docs/new.txt", "A garden."}});
  EXPECT_EQ(outcome.added.added, 2u);
  EXPECT_EQ(outcome.added.updated, 1u);
  EXPECT_EQ(outcome.added.unchanged, 1u);
  EXPECT_EQ(outcome.finished.removed, 2u);
  EXPECT_EQ(outcome.finished.renamed, 1u);
  EXPECT_EQ(State().passages_embedded_now - embedded, 2u) << "the changed and the new one";
  WaitIdle();
  EXPECT_EQ(Listed(), (std::vector<std::string>{"docs.txt", "docs/changed.txt", "docs/new.txt", "docs/same.txt",
                                                "docs/sub/new name.txt", "other/x.txt"}));
  EXPECT_TRUE(Find("tomato").empty());
  EXPECT_TRUE(Find("whale").empty());
  for (SearchMode mode : {SearchMode::kLexical, SearchMode::kSemantic}) {
    EXPECT_EQ(Search("glacier bread", mode).results.at(0).path, "docs/sub/new name.txt");
  }
  Restart();
  EXPECT_EQ(State().passages_embedded_now, 0u);
  EXPECT_EQ(State().documents, 6u);
}

TEST_F(FolderTest, RecordFilesGoWithAllTheirRecords) {
  const std::string records = "{\"_id\":\"1\",\"text\":\"whale\"}\n{\"_id\":\"2\",\"text\":\"violin\"}\n";
  AddFolder("docs", {{"docs/r.jsonl", records}, {"docs/a.txt", "A lantern."}});
  EXPECT_EQ(AddFolder("docs", {{"docs/r.jsonl", records}, {"docs/a.txt", "A lantern."}}).finished.removed, 0u);
  EXPECT_EQ(AddFolder("docs", {{"docs/a.txt", "A lantern."}}).finished.removed, 2u);
  EXPECT_EQ(Listed(), std::vector<std::string>{"docs/a.txt"});
}

TEST_F(FolderTest, WhatCouldNotBeListedIsNotGone) {
  AddFolder("docs", {{"docs/a.txt", "A lantern."}, {"docs/sub/b.txt", "The whale."}, {"docs/subtle/c.txt", "A violin."}});
  const Outcome outcome = AddFolder("docs", {{"docs/a.txt", "A lantern."}}, {"docs/sub"});
  EXPECT_EQ(outcome.finished.removed, 1u);
  EXPECT_EQ(Listed(), (std::vector<std::string>{"docs/a.txt", "docs/sub/b.txt"}));
}

TEST_F(FolderTest, AFileThatCannotBeReadNowStays) {
  AddFolder("docs", {{"docs/a.txt", "A lantern."}});
  protocol::AddFiles lot;
  lot.scan = 99;
  lot.files.push_back(Entry("docs/a.txt", "A whale."));
  files_.Vanish(FileId{lot.files[0].file_id});
  EXPECT_EQ(Ask<protocol::AddFilesReply>(lot).failed.size(), 1u);
  EXPECT_EQ(Ask<protocol::FinishScanReply>(protocol::FinishScan{99, "docs", {}}).removed, 0u);
  EXPECT_EQ(Find("lantern"), std::vector<std::string>{"docs/a.txt"});
}

TEST_F(FolderTest, AFolderIsKnownByItsPathsOrItsContents) {
  EXPECT_EQ(Compare("docs", {{"docs/a.txt", "A lantern."}}).stored, 0u);
  AddFolder("docs", {{"docs/a.txt", "A lantern."}, {"docs/b.txt", "The whale."}, {"docs/c.txt", "A violin."}, {"docs/d.txt", "Some bread."}});
  protocol::CompareFolderReply reply = Compare("docs", {{"docs/a.txt", "other"}, {"docs/b.txt", "words"}});
  EXPECT_EQ(reply.stored, 4u);
  EXPECT_EQ(reply.found, 2u);
  reply = Compare("docs", {{"docs/1.txt", "A lantern."}, {"docs/2.txt", "The whale."}, {"docs/3.txt", "new"}});
  EXPECT_EQ(reply.found, 2u) << "by their contents";
  reply = Compare("docs", {{"docs/a.txt", "x"}, {"docs/2.txt", "The shale."}, {"docs/readme.md", "# Other"}});
  EXPECT_EQ(reply.found, 1u) << "of another project";
}

}  // namespace
}  // namespace lodestone
