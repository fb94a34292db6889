#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "store/store.h"

namespace lodestone {

// A document whose passages are the blank-line separated parts of `text`.
inline NewDocument MakeDocument(const std::string& path, const std::string& text) {
  NewDocument document;
  document.document.path = path;
  document.document.title = path;
  document.document.text = text;
  document.size_bytes = text.size();
  document.content_hash = "hash of " + text.substr(0, 20);
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find("\n\n", start), text.size());
    Passage passage;
    passage.start = static_cast<uint32_t>(start);
    passage.end = static_cast<uint32_t>(end);
    document.passages.push_back(passage);
    start = end + 2;
  }
  return document;
}

inline ParsedQuery Terms(std::vector<std::string> terms) {
  ParsedQuery query;
  query.terms = std::move(terms);
  return query;
}

// A folder of its own, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "lodestone_store_XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

// A store with helpers that fail the test where the store fails.
class StoreTest : public testing::Test {
 protected:
  void Open(const std::string& path = ":memory:") {
    store_.reset();  // the file is locked by its connection
    Result<std::unique_ptr<Store>> store = Store::Open(path);
    ASSERT_TRUE(store.ok()) << store.status().message() << " " << store.status().detail();
    store_ = std::move(store).value();
  }
  StoredIds Add(const NewDocument& document) {
    auto results = store_->AddDocuments({&document, 1}, 10, {});
    EXPECT_EQ(results.size(), 1u);
    EXPECT_TRUE(results[0].ok()) << results[0].status().detail();
    return results[0].ok() ? results[0].value() : StoredIds{};
  }
  StoredIds Add(const std::string& path, const std::string& text) { return Add(MakeDocument(path, text)); }

  // The texts of the passages that hold a term, sorted.
  std::vector<std::string> Find(const ParsedQuery& query) {
    Result<FilterResult> filter = store_->Filter(query);
    EXPECT_TRUE(filter.ok()) << filter.status().detail();
    Result<LexicalResult> found = store_->SearchLexical(query, filter.value());
    EXPECT_TRUE(found.ok()) << found.status().detail();
    std::vector<PassageId> passages;
    for (const LexicalHit& hit : found.value().hits) passages.push_back(hit.passage);
    return TextsOf(passages);
  }
  std::vector<std::string> Find(const std::string& term) { return Find(Terms({term})); }
  std::vector<std::string> TextsOf(const std::vector<PassageId>& passages) {
    Result<std::vector<PassageText>> loaded = store_->LoadPassages(passages);
    EXPECT_TRUE(loaded.ok()) << loaded.status().detail();
    std::vector<std::string> texts;
    for (const PassageText& text : loaded.value()) texts.push_back(text.text);
    std::sort(texts.begin(), texts.end());
    return texts;
  }
  std::vector<std::string> Paths() {
    const std::vector<DocumentRecord> records = store_->ListDocuments().value();
    std::vector<std::string> paths;
    for (const DocumentRecord& record : records) paths.push_back(record.path);
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  std::unique_ptr<Store> store_;
};

// A store in a file that tests may handle behind its back.
class StoreFileTest : public StoreTest {
 protected:
  std::string path() { return folder_ / "library.sqlite"; }

  static std::string ReadFile(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static void WriteFile(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }
  StatusCode OpenCode() {
    store_.reset();
    return Store::Open(path()).status().code();
  }
  // Runs SQL behind the store's back.
  std::string Sql(const std::string& sql) {
    store_.reset();
    sqlite3* handle = nullptr;
    EXPECT_EQ(sqlite3_open(path().c_str(), &handle), SQLITE_OK);
    std::string answer;
    char* error = nullptr;
    sqlite3_exec(handle, sql.c_str(), [](void* text, int, char** values, char**) {
      *static_cast<std::string*>(text) += values[0] ? values[0] : "NULL";
      return 0;
    }, &answer, &error);
    EXPECT_STREQ(error, nullptr) << sql;
    sqlite3_free(error);
    sqlite3_close(handle);
    return answer;
  }
  void ExpectSound() {
    EXPECT_EQ(Sql("PRAGMA integrity_check"), "ok");
    Sql("INSERT INTO passages_fts(passages_fts, rank) VALUES('integrity-check', 1)");
    EXPECT_EQ(Sql("SELECT count(*) FROM passages WHERE document_id NOT IN (SELECT id FROM documents)"), "0");
    EXPECT_EQ(Sql("SELECT count(*) FROM vectors WHERE passage_id NOT IN (SELECT id FROM passages)"), "0");
  }

  TemporaryFolder folder_;
};

using Strings = std::vector<std::string>;

}  // namespace lodestone
