// Export and import that are no longer wanted, at every moment at which they look.
#include "store/snapshot.h"
#include "tests/store/store_fixture.h"

namespace lodestone {
namespace {

// Says stop at the n-th look.
class StopAfter {
 public:
  explicit StopAfter(int looks) : left_(looks) {}
  Watch watch() {
    return {.stop = [this] { return left_-- <= 0; },
            .report = [this](uint64_t done, uint64_t total) {
              EXPECT_LE(done, total);
              EXPECT_TRUE(reports_.empty() || (done >= reports_.back().first && total == reports_.back().second));
              reports_.emplace_back(done, total);
            }};
  }
  const std::vector<std::pair<uint64_t, uint64_t>>& reports() const { return reports_; }

 private:
  int left_;
  std::vector<std::pair<uint64_t, uint64_t>> reports_;
};

class TransferCancelTest : public StoreFileTest {
 protected:
  // Of several lots and of more pages than go at once.
  void FillAndExport(const std::string& word, int documents, const std::string& file) {
    for (int i = 0; i < documents; ++i) {
      std::string text;
      for (int k = 0; k < 3600; ++k) text += word + " and some more words of number " + std::to_string(k) + (k % 20 == 19 ? "\n\n" : " ");
      NewDocument document = MakeDocument(word + std::to_string(i) + ".md", text);
      document.content_hash = word + std::to_string(i);
      const StoredIds ids = Add(document);
      std::vector<PassageId> passages;
      for (uint32_t k = 0; k < document.passages.size(); ++k) passages.push_back(PassageId{ids.first_passage.value + k});
      ASSERT_TRUE(store_->AddVectors("m", 2, passages, std::vector<uint16_t>(passages.size() * 2, 15360)).ok());
    }
    if (!file.empty()) ASSERT_TRUE(store_->Export(file).ok());
  }
  void ExpectNoFile(const std::string& file) {
    EXPECT_FALSE(std::filesystem::exists(file));
    EXPECT_FALSE(std::filesystem::exists(file + "-journal"));
  }

  const std::string file_ = folder_ / "export.sqlite";
};

TEST_F(TransferCancelTest, ACancelledExportLeavesNoFileAndTheLibraryAsItWas) {
  Open(path());
  FillAndExport("apple", 8, "");
  const Strings before = Paths();
  int cancelled = 0;
  for (int looks = 0;; looks = looks * 2 + 1) {
    StopAfter stop(looks);
    const Status status = store_->Export(file_, {}, stop.watch());
    if (status.ok()) break;
    ++cancelled;
    EXPECT_EQ(status.code(), StatusCode::kCancelled) << status.detail();
    ExpectNoFile(file_);
    EXPECT_EQ(Paths(), before);
  }
  EXPECT_GE(cancelled, 4) << "it looks while it copies, too";
  EXPECT_TRUE(std::filesystem::exists(file_));
  ExpectSound();
  Open(file_);
  EXPECT_EQ(Paths(), before);
}

TEST_F(TransferCancelTest, ACancelledCopyOfADamagedLibraryLeavesNoFile) {
  std::ofstream(path() + ".damaged-1", std::ios::binary) << std::string(5u << 20, 'x');
  StopAfter stop(3);
  EXPECT_EQ(CopySetAside(path(), file_, stop.watch()).code(), StatusCode::kCancelled);
  ExpectNoFile(file_);
  StopAfter never(1000);
  ASSERT_TRUE(CopySetAside(path(), file_, never.watch()).ok());
  EXPECT_EQ(std::filesystem::file_size(file_), 5u << 20);
  EXPECT_EQ(never.reports().back().first, 5u << 20);
}

TEST_F(TransferCancelTest, ACancelledReplacementLeavesTheLibraryAsItWas) {
  Open(folder_ / "other.sqlite");
  FillAndExport("banana", 16, file_);
  Open(path());
  FillAndExport("apple", 3, "");
  const Strings before = Paths();
  int cancelled = 0;
  for (int looks = 0;; looks = looks + 1 + looks / 8) {
    StopAfter stop(looks);
    const Result<ImportResult> result = store_->Import(file_, ImportMode::kReplace, 1, {}, stop.watch());
    if (result.ok()) {
      EXPECT_EQ(result.value().added, 16u);
      EXPECT_EQ(stop.reports().back().first, stop.reports().back().second);
      break;
    }
    ++cancelled;
    EXPECT_EQ(result.status().code(), StatusCode::kCancelled) << result.status().detail();
    EXPECT_EQ(Paths(), before);
    EXPECT_FALSE(Find("apple").empty());
    EXPECT_TRUE(Find("banana").empty());
    if (cancelled % 8 != 1) continue;
    ExpectSound();
    Open(path());
  }
  EXPECT_GE(cancelled, 8);
  EXPECT_TRUE(Find("apple").empty());
  EXPECT_FALSE(Find("banana").empty());
  ExpectSound();
}

TEST_F(TransferCancelTest, WhatACancelledMergeTookInIsWholeAndTheRestIsNotThere) {
  constexpr size_t kTheirs = 24;
  Open(folder_ / "other.sqlite");
  FillAndExport("banana", kTheirs, file_);
  Open(path());
  Add("mine.md", "cherry");
  // The second half of the reports is of taking in, one for each lot.
  int lots = 0;
  const Watch watch = {.stop = [&] { return lots > 0; },
                       .report = [&](uint64_t done, uint64_t total) { lots += 2 * done > total; }};
  size_t taken = 0;
  for (int rounds = 1; taken < kTheirs; ++rounds) {
    ASSERT_LE(rounds, 20);
    lots = 0;
    const Result<ImportResult> result = store_->Import(file_, ImportMode::kMerge, 1, {}, watch);
    ASSERT_TRUE(result.ok()) << result.status().message() << result.status().detail();
    EXPECT_EQ(result.value().unchanged, taken);
    EXPECT_GT(result.value().added, 0u);
    taken += result.value().added;
    EXPECT_EQ(result.value().ended_early.code(), lots > 0 ? StatusCode::kCancelled : StatusCode::kOk);
    EXPECT_EQ(taken < kTheirs, rounds < 4) << "four lots of a MB";
    EXPECT_EQ(Paths().size(), 1 + taken);
    EXPECT_EQ(store_->PassagesWithoutVector("m", PassageId{}, 100000).value().size(), 1u) << "that of cherry";
  }
  ExpectSound();
}

}  // namespace
}  // namespace lodestone
