#include "tests/store/store_fixture.h"

namespace lodestone {
namespace {

class DocumentsTest : public StoreTest {
 protected:
  TemporaryFolder folder_;
};

TEST_F(DocumentsTest, WhatIsAddedIsThereAfterReopening) {
  Open(folder_ / "library.sqlite");
  NewDocument document = MakeDocument("notes/Übung.md", "# Eins\n\nÄpfel und Birnen 😀\n\nzwei");
  document.document.title = "Übung";
  document.document.format = Format::kMarkdown;
  document.document.headings = {{0, 1, "Eins"}, {0, 2, "same place"}, {8, 3, "Äpfel"}};
  document.document.date_ms = -5;
  document.document.lossy_encoding = true;
  document.document.encoding = "windows-1252";
  document.passages[1].heading_path = "Eins > Äpfel";
  document.size_bytes = 77;
  document.modified_ms = 1'700'000'000'123;
  document.content_hash = "0123";
  const StoredIds ids = Add(document);
  EXPECT_FALSE(ids.replaced);
  for (int round = 0; round < 2; ++round) {
    const std::vector<DocumentRecord> records = store_->ListDocuments().value();
    ASSERT_EQ(records.size(), 1u);
    EXPECT_EQ(records[0].id, ids.document);
    EXPECT_EQ(records[0].path, "notes/Übung.md");
    EXPECT_EQ(records[0].title, "Übung");
    EXPECT_EQ(records[0].type, "md");
    EXPECT_EQ(records[0].size_bytes, 77u);
    EXPECT_EQ(records[0].modified_ms, 1'700'000'000'123);
    EXPECT_EQ(records[0].content_hash, "0123");
    EXPECT_EQ(records[0].passage_count, 3u);
    EXPECT_TRUE(records[0].lossy_encoding);
    const auto passages = store_->ListPassages().value();
    ASSERT_EQ(passages.size(), 3u);
    EXPECT_EQ(passages[0].first, ids.first_passage);
    EXPECT_EQ(passages[2].second, ids.document);
    const Document loaded = store_->LoadDocument("notes/Übung.md").value();
    EXPECT_EQ(loaded.text, document.document.text);
    EXPECT_EQ(loaded.title, "Übung");
    EXPECT_EQ(loaded.format, Format::kMarkdown);
    EXPECT_EQ(loaded.date_ms, -5);
    EXPECT_EQ(loaded.encoding, "windows-1252");
    EXPECT_TRUE(loaded.lossy_encoding);
    ASSERT_EQ(loaded.headings.size(), 3u);
    EXPECT_EQ(loaded.headings[1].text, "same place");
    EXPECT_EQ(loaded.headings[2].offset, 8u);
    EXPECT_EQ(loaded.headings[2].level, 3);
    const PassageId second{ids.first_passage.value + 1};
    const std::vector<PassageText> texts = store_->LoadPassages(std::vector{second, PassageId{999}, ids.first_passage}).value();
    ASSERT_EQ(texts.size(), 2u);
    EXPECT_EQ(texts[0].passage, second);
    EXPECT_EQ(texts[0].text, "Äpfel und Birnen 😀");
    EXPECT_EQ(texts[0].heading_path, "Eins > Äpfel");
    EXPECT_EQ(texts[0].path, "notes/Übung.md");
    EXPECT_EQ(texts[0].title, "Übung");
    EXPECT_EQ(document.document.text.substr(texts[0].start, texts[0].end - texts[0].start), texts[0].text);
    EXPECT_EQ(texts[1].text, "# Eins");
    EXPECT_EQ(Find("birnen"), Strings{"Äpfel und Birnen 😀"});
    Open(folder_ / "library.sqlite");
  }
}

TEST_F(DocumentsTest, SamePathReplaces) {
  Open();
  const StoredIds first = Add("a.md", "old words\n\nmore old");
  const StoredIds other = Add("b.md", "old too");
  const StoredIds second = Add("a.md", "new words");
  ASSERT_TRUE(second.replaced);
  EXPECT_EQ(*second.replaced, first.document);
  EXPECT_EQ(second.replaced_passages,
            (std::vector{first.first_passage, PassageId{first.first_passage.value + 1}}));
  EXPECT_EQ(Paths(), (Strings{"a.md", "b.md"}));
  EXPECT_EQ(Find("old"), Strings{"old too"});
  EXPECT_EQ(Find("words"), Strings{"new words"});
  EXPECT_TRUE(store_->LoadPassages(std::vector{first.first_passage}).value().empty());
  EXPECT_GT(second.first_passage.value, other.first_passage.value) << "ids are not used again";
}

TEST_F(DocumentsTest, SamePathTwiceInOneBatchKeepsTheLast) {
  Open();
  const std::vector<NewDocument> batch = {MakeDocument("a", "first"), MakeDocument("b", "other"), MakeDocument("a", "second")};
  const auto results = store_->AddDocuments(batch, 1000, {});
  ASSERT_TRUE(results[0].ok() && results[1].ok() && results[2].ok());
  EXPECT_EQ(results[2].value().replaced, results[0].value().document);
  EXPECT_EQ(Paths(), (Strings{"a", "b"}));
  EXPECT_EQ(store_->LoadDocument("a").value().text, "second");
  EXPECT_TRUE(Find("first").empty());
}

TEST_F(DocumentsTest, ADocumentWithoutPassagesIsLegal) {
  Open(folder_ / "library.sqlite");
  Add("empty.txt", "");
  Add("a.txt", "word");
  Add("empty.txt", "");
  Open(folder_ / "library.sqlite");
  EXPECT_EQ(Paths(), (Strings{"a.txt", "empty.txt"}));
  EXPECT_EQ(store_->ListPassages().value().size(), 1u);
  EXPECT_EQ(Find("word"), Strings{"word"});
}

TEST_F(DocumentsTest, RemovedIsGoneForGood) {
  const std::string path = folder_ / "library.sqlite";
  Open(path);
  const StoredIds a = Add("a", "apple\n\nshared");
  const StoredIds b = Add("b", "banana\n\nshared");
  ASSERT_TRUE(store_->AddVectors("m", 2, std::vector{a.first_passage, b.first_passage}, std::vector<uint16_t>{1, 2, 3, 4}).ok());
  const auto gone = store_->RemoveDocuments(std::vector{a.document, a.document, DocumentId{77}}).value();
  EXPECT_EQ(gone, (std::vector{a.first_passage, PassageId{a.first_passage.value + 1}}));
  for (int round = 0; round < 2; ++round) {
    EXPECT_TRUE(Find("apple").empty());
    EXPECT_EQ(Find("shared"), Strings{"shared"});
    EXPECT_EQ(Paths(), Strings{"b"});
    EXPECT_EQ(store_->LoadDocument("a").status().code(), StatusCode::kNotFound);
    EXPECT_EQ(store_->LoadVectors("m", 2, PassageId{}, 10).value().passages, std::vector{b.first_passage});
    Open(path);
  }
  ASSERT_TRUE(store_->RemoveAll().ok());
  for (int round = 0; round < 2; ++round) {
    EXPECT_TRUE(Paths().empty());
    EXPECT_TRUE(Find("shared").empty());
    EXPECT_TRUE(store_->LoadVectors("m", 2, PassageId{}, 10).value().passages.empty());
    Open(path);
  }
  Add("c", "cherry");
  EXPECT_EQ(Find("cherry"), Strings{"cherry"});
}

TEST_F(DocumentsTest, RemoveAllLeavesNoTextInTheFile) {
  const std::string path = folder_ / "library.sqlite";
  Open(path);
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "zanzibar number" + std::to_string(i) + "\n\n";
  Add("a", text);
  const uint64_t before = store_->SizeBytes().value();
  ASSERT_TRUE(store_->RemoveAll().ok());
  EXPECT_LT(store_->SizeBytes().value(), before);
  store_.reset();
  FILE* file = fopen(path.c_str(), "rb");
  std::string bytes(std::filesystem::file_size(path), '\0');
  ASSERT_EQ(fread(bytes.data(), 1, bytes.size(), file), bytes.size());
  fclose(file);
  EXPECT_EQ(bytes.find("zanzibar"), std::string::npos);
}

TEST_F(DocumentsTest, VectorsByModel) {
  const std::string path = folder_ / "library.sqlite";
  Open(path);
  const StoredIds a = Add("a", "one\n\ntwo\n\nthree");
  const std::vector<PassageId> ids = {a.first_passage, PassageId{a.first_passage.value + 1}, PassageId{a.first_passage.value + 2}};
  EXPECT_EQ(store_->PassagesWithoutVector("m", PassageId{}, 10).value().size(), 3u);
  ASSERT_TRUE(store_->AddVectors("m", 2, std::vector{ids[2], PassageId{999}, ids[0]}, std::vector<uint16_t>{5, 6, 7, 8, 1, 2}).ok());
  ASSERT_TRUE(store_->AddVectors("other", 1, std::vector{ids[1]}, std::vector<uint16_t>{9}).ok());
  Open(path);
  VectorBatch batch = store_->LoadVectors("m", 2, PassageId{}, 10).value();
  EXPECT_EQ(batch.passages, (std::vector{ids[0], ids[2]}));
  EXPECT_EQ(batch.half_bits, (std::vector<uint16_t>{1, 2, 5, 6}));
  batch = store_->LoadVectors("m", 2, PassageId{}, 1).value();
  EXPECT_EQ(batch.passages, std::vector{ids[0]});
  batch = store_->LoadVectors("m", 2, ids[0], 10).value();
  EXPECT_EQ(batch.passages, std::vector{ids[2]});
  const auto missing = store_->PassagesWithoutVector("m", PassageId{}, 10).value();
  ASSERT_EQ(missing.size(), 1u);
  EXPECT_EQ(missing[0].text, "two");
  EXPECT_EQ(store_->PassagesWithoutVector("other", PassageId{}, 1).value().size(), 1u);
  EXPECT_EQ(store_->PassagesWithoutVector("other", ids[0], 10).value().size(), 1u);
  // Written again, the newer one counts.
  ASSERT_TRUE(store_->AddVectors("m", 2, std::vector{ids[0]}, std::vector<uint16_t>{3, 4}).ok());
  EXPECT_EQ(store_->LoadVectors("m", 2, PassageId{}, 1).value().half_bits, (std::vector<uint16_t>{3, 4}));
  // A model by the same name with another dimension is another model.
  EXPECT_TRUE(store_->LoadVectors("m", 3, PassageId{}, 10).value().passages.empty());
  ASSERT_TRUE(store_->DropVectorsUnless("m", 2).ok());
  EXPECT_EQ(store_->LoadVectors("m", 2, PassageId{}, 10).value().passages.size(), 2u);
  ASSERT_TRUE(store_->DropVectorsUnless("m", 3).ok());
  EXPECT_TRUE(store_->LoadVectors("m", 2, PassageId{}, 10).value().passages.empty());
  EXPECT_EQ(store_->PassagesWithoutVector("m", PassageId{}, 10).value().size(), 3u);
}

// With no time to spare every passage is a transaction of its own, and what runs between them sees the
// document that is replaced until the new one is whole.
TEST_F(DocumentsTest, ADocumentIsVisibleWholeOrNotAtAll) {
  Open(folder_ / "library.sqlite");
  std::string old_text, new_text;
  for (int i = 0; i < 12; ++i) {
    old_text += "common old" + std::to_string(i) + "\n\n";
    new_text += "common new" + std::to_string(i) + "\n\n";
  }
  Add("a", old_text);
  const std::vector<NewDocument> batch = {MakeDocument("a", new_text), MakeDocument("b", "common last")};
  std::set<std::vector<size_t>> seen;
  int calls = 0;
  const auto results = store_->AddDocuments(batch, 0, [&] {
    ++calls;
    size_t old_count = 0, new_count = 0, last_count = 0;
    for (const std::string& text : Find("common")) {
      (text.find("old") != text.npos ? old_count : text.find("new") != text.npos ? new_count : last_count) += 1;
    }
    EXPECT_EQ(store_->PassagesWithoutVector("m", PassageId{}, 1000).value().size(), old_count + new_count + last_count);
    EXPECT_EQ(store_->ListPassages().value().size(), old_count + new_count + last_count);
    seen.insert({old_count, new_count, last_count});
  });
  ASSERT_TRUE(results[0].ok() && results[1].ok());
  EXPECT_GT(calls, 12);
  EXPECT_EQ(seen, (std::set<std::vector<size_t>>{{12, 0, 0}, {0, 12, 0}, {0, 12, 1}}));

  calls = 0;
  const auto gone = store_->RemoveDocuments(std::vector{results[0].value().document}, 0, [&] {
    ++calls;
    EXPECT_EQ(Find("common"), Strings{"common last"});
  });
  EXPECT_EQ(gone.value().size(), 12u);
  EXPECT_GT(calls, 12);
}

TEST_F(DocumentsTest, ManyDocumentsInOrder) {
  Open();
  std::vector<NewDocument> batch;
  for (int i = 0; i < 300; ++i) batch.push_back(MakeDocument("d" + std::to_string(i), "body of number" + std::to_string(i)));
  const auto results = store_->AddDocuments(batch, 1, {});
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(results[i].ok());
    const auto text = store_->LoadPassages(std::vector{results[i].value().first_passage}).value();
    ASSERT_EQ(text.size(), 1u);
    EXPECT_EQ(text[0].path, "d" + std::to_string(i));
  }
}

}  // namespace
}  // namespace lodestone
