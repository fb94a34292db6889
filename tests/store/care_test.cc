// Damage is found and taken out, and what was removed leaves no byte behind.
#include "tests/store/store_fixture.h"

namespace lodestone {
namespace {

class CareTest : public StoreFileTest {
 protected:
  // All documents, in pieces of as little time as there is.
  std::vector<std::string> VerifyAll() {
    std::vector<std::string> damaged;
    DocumentId after;
    for (bool done = false; !done;) {
      const Result<VerifyResult> result = store_->Verify(after, 0);
      EXPECT_TRUE(result.ok()) << result.status().detail();
      if (!result.ok()) break;
      for (const DamagedDocument& document : result.value().damaged) damaged.push_back(document.path);
      EXPECT_TRUE(result.value().done || result.value().last > after);
      after = result.value().last;
      done = result.value().done;
    }
    return damaged;
  }
};

TEST_F(CareTest, SoundDocumentsPass) {
  Open(path());
  EXPECT_TRUE(VerifyAll().empty());
  NewDocument headed = MakeDocument("headed", "# One\n\ntext\n\nÄpfel");
  headed.passages[1].heading_path = "One";
  Add(headed);
  Add("plain", "words");
  Add("empty", "");
  Add("plain", "changed words");
  EXPECT_TRUE(VerifyAll().empty());
  Open(path());
  EXPECT_TRUE(VerifyAll().empty());
  EXPECT_TRUE(store_->ListDamaged().value().empty());
}

TEST_F(CareTest, ADamagedDocumentIsTakenOutAndReadAgain) {
  const char* const kinds[] = {
      "UPDATE texts SET text = replace(text, 'apple', 'bpple') WHERE text LIKE '%apple%'",
      "UPDATE passages SET end_byte = end_byte - 1 WHERE id = 2",
      "UPDATE passages SET start_byte = 4000000000 WHERE id = 2",
      "UPDATE passages SET heading_path = 'x' WHERE id = 3",
      "DELETE FROM passages WHERE id = 3",
      "DELETE FROM texts WHERE text LIKE '%apple%'",
      "UPDATE documents SET checksum = checksum + 1 WHERE path = 'bad'",
      "UPDATE documents SET first_passage = 1 WHERE path = 'bad'",
      "UPDATE documents SET first_passage = 4000000000 WHERE path = 'bad'",
      "UPDATE documents SET passage_count = 4000000000 WHERE path = 'bad'",
      "UPDATE passages SET document_id = 77 WHERE id = 2",
  };
  for (const char* kind : kinds) {
    std::filesystem::remove(path());
    Open(path());
    Add("good", "banana");
    const StoredIds bad = Add("bad", "apple\n\napple pie");
    ASSERT_EQ(bad.first_passage, PassageId{2});
    ASSERT_TRUE(store_->AddVectors("m", 1, std::vector{bad.first_passage}, std::vector<uint16_t>{1}).ok());
    Add("last", "cherry");
    Sql(kind);
    Open(path());
    // Some kinds show as soon as the library is opened.
    for (const std::string& damaged : VerifyAll()) EXPECT_EQ(damaged, "bad") << kind;
    for (int round = 0; round < 2; ++round) {
      EXPECT_EQ(Paths(), (Strings{"good", "last"})) << kind;
      EXPECT_TRUE(Find("apple").empty()) << kind;
      EXPECT_EQ(Find("banana"), Strings{"banana"});
      EXPECT_EQ(store_->ListDamaged().value(), Strings{"bad"});
      ExpectSound();
      Open(path());
    }
    Add("bad", "apple\n\napple pie");
    EXPECT_TRUE(store_->ListDamaged().value().empty());
    EXPECT_EQ(Find("pie"), Strings{"apple pie"});
    EXPECT_TRUE(VerifyAll().empty());
    ExpectSound();
  }
}

TEST_F(CareTest, ADamagedVectorIsMadeAgain) {
  const char* const kinds[] = {
      "UPDATE vectors SET vector = x'0101' WHERE passage_id = 2",
      "UPDATE vectors SET vector = x'01' WHERE passage_id = 2",
      "UPDATE vectors SET checksum = checksum - 1 WHERE passage_id = 2",
      ("UPDATE vectors SET vector = (SELECT vector FROM vectors WHERE passage_id = 1), "
       "checksum = (SELECT checksum FROM vectors WHERE passage_id = 1) WHERE passage_id = 2"),
  };
  for (const char* kind : kinds) {
    std::filesystem::remove(path());
    Open(path());
    const StoredIds ids = Add("a", "one\n\ntwo\n\nthree");
    const std::vector<PassageId> passages = {PassageId{1}, PassageId{2}, PassageId{3}};
    ASSERT_EQ(ids.first_passage, passages[0]);
    ASSERT_TRUE(store_->AddVectors("m", 1, passages, std::vector<uint16_t>{7, 8, 9}).ok());
    Sql(kind);
    Open(path());
    EXPECT_EQ(store_->LoadVectors("m", 1, PassageId{}, 10).value().passages, (std::vector{passages[0], passages[2]})) << kind;
    const auto missing = store_->PassagesWithoutVector("m", PassageId{}, 10).value();
    ASSERT_EQ(missing.size(), 1u) << kind;
    EXPECT_EQ(missing[0].passage, passages[1]);
  }
}

TEST_F(CareTest, NothingIsLeftOfWhatWasRemoved) {
  Open(path());
  std::vector<NewDocument> batch;
  for (int i = 0; i < 60; ++i) {
    std::string text;
    for (int k = 0; k < 30; ++k) {
      text += "shared words " + std::string(i % 2 ? "keptword" : "secretword") + std::to_string(i * 100 + k) + " zanzibar\n\n";
    }
    batch.push_back(MakeDocument((i % 2 ? "kept/" : "secretpath/") + std::to_string(i), text));
  }
  std::vector<DocumentId> removed;
  const auto results = store_->AddDocuments(batch, 5, {});
  for (size_t i = 0; i < results.size(); ++i) {
    ASSERT_TRUE(results[i].ok()) << results[i].status().detail();
    if (i % 2 == 0) removed.push_back(results[i].value().document);
  }
  EXPECT_FALSE(store_->NeedsCompaction().value());
  const uint64_t before = store_->SizeBytes().value();
  ASSERT_TRUE(store_->RemoveDocuments(removed).ok());
  EXPECT_TRUE(store_->NeedsCompaction().value());
  Open(path());
  EXPECT_TRUE(store_->NeedsCompaction().value()) << "a restart does not forget it";
  EXPECT_NE(ReadFile(path()).find("secret"), std::string::npos) << "or there is nothing to show";

  // A query comes: it ends, and nothing is lost.
  int looks = 0;
  EXPECT_FALSE(store_->Compact([&] { return ++looks > 0; }).value());
  EXPECT_EQ(Find("shared").size(), 900u);
  EXPECT_TRUE(store_->NeedsCompaction().value());

  EXPECT_TRUE(store_->Compact({}).value());
  EXPECT_FALSE(store_->NeedsCompaction().value());
  EXPECT_LT(store_->SizeBytes().value(), before * 4 / 5);
  EXPECT_EQ(Find("shared").size(), 900u);
  EXPECT_EQ(Find("keptword101").size(), 1u);
  EXPECT_TRUE(Find("secretword0").empty());
  store_.reset();
  const std::string bytes = ReadFile(path());
  EXPECT_NE(bytes.find("keptword"), std::string::npos);
  EXPECT_EQ(bytes.find("secret"), std::string::npos);
  EXPECT_EQ(std::filesystem::exists(path() + "-journal") ? ReadFile(path() + "-journal").size() : 0, 0u);
  ExpectSound();
}

}  // namespace
}  // namespace lodestone
