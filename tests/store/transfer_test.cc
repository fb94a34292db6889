// Libraries as files: out, in, and what is refused.
#include "store/snapshot.h"
#include "tests/store/store_fixture.h"

namespace lodestone {
namespace {

class TransferTest : public StoreFileTest {
 protected:
  // A library of its own: a, shared (older) and b, with vectors; its export is `file`.
  void MakeFile(const std::string& file) {
    Open(folder_ / "other.sqlite");
    NewDocument a = MakeDocument("a.md", "apple pie\n\nsecond");
    a.document.headings = {{0, 1, "Apple"}};
    a.passages[1].heading_path = "Apple";
    a.modified_ms = 1000;
    const StoredIds ids = Add(a);
    NewDocument shared = MakeDocument("shared.md", "their version");
    shared.modified_ms = 1000;
    Add(shared);
    const StoredIds b = Add("b.md", "banana");
    const std::vector<PassageId> passages = {ids.first_passage, PassageId{ids.first_passage.value + 1}, b.first_passage};
    ASSERT_TRUE(store_->AddVectors("m", 2, passages, std::vector<uint16_t>{1, 2, 3, 4, 5, 6}).ok());
    ASSERT_TRUE(store_->Export(file).ok());
  }
  Result<ImportResult> Import(const std::string& file, ImportMode mode) { return store_->Import(file, mode, 1, {}); }
  std::string Shell(const std::string& file, const std::string& sql) {
    const std::string command = "sqlite3 '" + file + "' \"" + sql + "\" 2>&1";
    std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
    std::string output;
    char buffer[4096];
    while (const size_t size = fread(buffer, 1, sizeof buffer, pipe.get())) output.append(buffer, size);
    return output;
  }
  std::vector<std::string> State() {
    std::vector<std::string> state = Paths();
    const auto passages = store_->ListPassages().value();
    for (const auto& [passage, document] : passages) {
      const auto text = store_->LoadPassages(std::vector{passage}).value();
      state.push_back(text[0].text);
    }
    return state;
  }

  const std::string file_ = folder_ / "export.sqlite";
};

TEST_F(TransferTest, AnExportIsSmallWholeAndReadByTheStockShell) {
  Open(path());
  std::string secret;
  for (int i = 0; i < 3000; ++i) secret += "secretword" + std::to_string(i) + "\n\n";
  const StoredIds gone = Add("secret", secret);
  Add("kept.md", "running far\n\nstaying");
  ASSERT_TRUE(store_->RemoveDocuments(std::vector{gone.document}).ok());
  ASSERT_TRUE(store_->Export(file_).ok());
  const std::string bytes = ReadFile(file_);
  EXPECT_LT(bytes.size(), store_->SizeBytes().value());
  EXPECT_EQ(bytes.find("secret"), std::string::npos);
  // Once more over the old one, as after a change.
  Add("more.md", "more");
  ASSERT_TRUE(store_->Export(file_).ok());
  if (system("command -v sqlite3 > /dev/null 2>&1") != 0) GTEST_SKIP() << "there is no sqlite3 on this machine";
  EXPECT_EQ(Shell(file_, "PRAGMA integrity_check; PRAGMA journal_mode; SELECT path FROM documents ORDER BY path; "
                         "SELECT text FROM passages_fts WHERE passages_fts MATCH 'runs' ORDER BY rank;"),
            "ok\ndelete\nkept.md\nmore.md\nrunning far\n");
}

TEST_F(TransferTest, AnExportWithoutRoomLeavesNothing) {
  Open(path());
  Add("a", "word");
  EXPECT_FALSE(store_->Export(folder_ / "no/such/folder/x").ok());
  EXPECT_EQ(Find("word"), Strings{"word"});
}

TEST_F(TransferTest, ReplaceTakesAllOfTheFileAndNothingElse) {
  MakeFile(file_);
  Open(path());
  std::vector<NewDocument> many;
  for (int i = 0; i < 50; ++i) many.push_back(MakeDocument("old" + std::to_string(i), "old words"));
  for (const auto& stored : store_->AddDocuments(many, 5, {})) ASSERT_TRUE(stored.ok());
  EXPECT_EQ(Find("words").size(), 50u);
  const Result<ImportResult> result = Import(file_, ImportMode::kReplace);
  ASSERT_TRUE(result.ok()) << result.status().message() << result.status().detail();
  EXPECT_EQ(result.value().added, 3u);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(Paths(), (Strings{"a.md", "b.md", "shared.md"}));
    EXPECT_TRUE(Find("words").empty());
    EXPECT_EQ(Find("apple"), (Strings{"apple pie", "second"})) << "one by its heading";
    EXPECT_EQ(store_->LoadVectors("m", 2, PassageId{}, 10).value().half_bits, (std::vector<uint16_t>{1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(store_->LoadDocument("a.md").value().headings.size(), 1u);
    Open(path());
  }
  Add("new", "new words");
  EXPECT_EQ(Find("words"), Strings{"new words"});
  ExpectSound();
}

TEST_F(TransferTest, MergeKeepsTheNewerOfTwo) {
  MakeFile(file_);
  for (const int64_t ours_ms : {500, 1500}) {
    std::filesystem::remove(path());
    Open(path());
    NewDocument shared = MakeDocument("shared.md", "our version");
    shared.modified_ms = ours_ms;
    Add(shared);
    Add("b.md", "banana");  // the same, without its vector
    Add("ours.md", "cherry");
    const Result<ImportResult> result = Import(file_, ImportMode::kMerge);
    ASSERT_TRUE(result.ok()) << result.status().detail();
    EXPECT_EQ(result.value().added, 1u);
    EXPECT_EQ(result.value().updated, ours_ms < 1000 ? 1u : 0u);
    EXPECT_EQ(result.value().unchanged, ours_ms < 1000 ? 1u : 2u);
    EXPECT_EQ(Paths(), (Strings{"a.md", "b.md", "ours.md", "shared.md"}));
    EXPECT_EQ(Find("version"), Strings{ours_ms < 1000 ? "their version" : "our version"});
    const VectorBatch vectors = store_->LoadVectors("m", 2, PassageId{}, 10).value();
    EXPECT_EQ(vectors.half_bits, (std::vector<uint16_t>{1, 2, 3, 4}));
    EXPECT_EQ(TextsOf(vectors.passages), (Strings{"apple pie", "second"}));
    EXPECT_EQ(Import(file_, ImportMode::kMerge).value().added, 0u) << "a second time changes nothing";
    ExpectSound();
  }
}

TEST_F(TransferTest, WhatIsDamagedOrForeignIsRefusedWhole) {
  MakeFile(file_);
  const std::string good = ReadFile(file_);
  const auto with_sql = [&](const std::string& sql) {
    WriteFile(path(), good);
    Sql(sql);
    return ReadFile(path());
  };
  const std::string newer = with_sql("PRAGMA user_version = 99");
  const std::vector<std::pair<const char*, std::string>> bad = {
      {"nothing", ""},
      {"noise", std::string(50000, 'x')},
      {"another database", [&] { std::filesystem::remove(path()); Sql("CREATE TABLE mine (a)"); return ReadFile(path()); }()},
      {"cut", good.substr(0, good.size() / 2)},
      {"cut within its first page", good.substr(0, 1000)},
      {"newer", newer},
      {"a changed text", with_sql("UPDATE texts SET text = replace(text, 'apple', 'maple')")},
      {"a changed vector", with_sql("UPDATE vectors SET vector = x'00000000' WHERE passage_id = 1")},
      {"a vector of nothing", with_sql("INSERT INTO vectors VALUES (1, 999, x'00000000', 0)")},
      {"a trigger", with_sql("CREATE TRIGGER t AFTER INSERT ON documents BEGIN DELETE FROM texts; END")},
      {"a table more", with_sql("CREATE TABLE extra (a)")},
      {"missing words", with_sql("INSERT INTO passages_fts(passages_fts) VALUES ('delete-all')")},
      {"passages of nobody", with_sql("UPDATE documents SET passage_count = 4000000000 WHERE path = 'a.md'")},
  };
  for (const auto& [what, bytes] : bad) {
    std::filesystem::remove(path());
    Open(path());
    Add("mine.md", "my words");
    const auto before = State();
    for (const ImportMode mode : {ImportMode::kReplace, ImportMode::kMerge}) {
      WriteFile(folder_ / "import.sqlite", bytes);
      const Result<ImportResult> result = Import(folder_ / "import.sqlite", mode);
      ASSERT_FALSE(result.ok()) << what;
      EXPECT_EQ(result.status().code(), bytes == newer ? StatusCode::kMismatch : StatusCode::kBadData)
          << what << ": " << result.status().detail();
      EXPECT_EQ(State(), before) << what;
    }
    EXPECT_EQ(Find("words"), Strings{"my words"});
    ExpectSound();
  }
}

// Bits flipped anywhere: the file is refused, or what is taken is what was there.
TEST_F(TransferTest, NoFlippedBitGetsIn) {
  MakeFile(file_);
  const std::string good = ReadFile(file_);
  Open(path());
  ASSERT_TRUE(Import(file_, ImportMode::kReplace).ok());
  const auto whole = State();
  const auto vectors = store_->LoadVectors("m", 2, PassageId{}, 10).value().half_bits;
  uint32_t random = 1;
  int refused = 0;
  for (int i = 0; i < 200; ++i) {
    random = random * 1664525u + 1013904223u;
    std::string bytes = good;
    bytes[(random >> 4) % bytes.size()] ^= static_cast<char>(1 << (random & 7));
    WriteFile(folder_ / "import.sqlite", bytes);
    Open();
    if (!Import(folder_ / "import.sqlite", ImportMode::kReplace).ok()) {
      ++refused;
      EXPECT_TRUE(Paths().empty());
      continue;
    }
    const auto taken = State();
    // Names and titles have no checksum.
    EXPECT_EQ(std::vector(taken.end() - 4, taken.end()), std::vector(whole.end() - 4, whole.end())) << i;
    EXPECT_EQ(store_->LoadVectors("m", 2, PassageId{}, 10).value().half_bits, vectors) << i;
  }
  EXPECT_GT(refused, 0);
}

TEST_F(TransferTest, SalvageTakesWhatIsSound) {
  Open(path());
  std::vector<NewDocument> many;
  for (int i = 0; i < 200; ++i) {
    std::string text;
    for (int k = 0; k < 40; ++k) text += "common words of number" + std::to_string(i) + " part" + std::to_string(k) + "\n\n";
    many.push_back(MakeDocument("d" + std::to_string(i), text));
  }
  for (const auto& stored : store_->AddDocuments(many, 5, {})) ASSERT_TRUE(stored.ok());
  store_.reset();
  const std::string whole = ReadFile(path());
  int salvaged = 0;
  for (const size_t percent : {50, 80, 95}) {
    WriteFile(path(), whole.substr(0, whole.size() * percent / 100));
    EXPECT_EQ(OpenCode(), StatusCode::kBadData);
    const std::string aside = SetAside(path()).value();
    EXPECT_TRUE(std::filesystem::exists(aside));
    EXPECT_FALSE(std::filesystem::exists(path()));
    Open(path());
    const Result<ImportResult> result = Import(aside, ImportMode::kSalvage);
    if (!result.ok()) continue;  // not even its list of documents can be read
    ++salvaged;
    EXPECT_EQ(Paths().size(), result.value().added);
    EXPECT_EQ(Find("common").size(), 40u * result.value().added);
    ExpectSound();
    std::filesystem::remove(path());
  }
  EXPECT_GT(salvaged, 0);
}

}  // namespace
}  // namespace lodestone
