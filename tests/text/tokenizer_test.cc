#include "text/tokenizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/text/test_text.h"
#include "text/json.h"

namespace lodestone {
namespace {

constexpr char kGolden[] = "tests/text/golden/";

std::unique_ptr<Tokenizer> Load(const std::string& path) {
  Result<std::unique_ptr<Tokenizer>> tokenizer = Tokenizer::FromJson(ReadTestFile(path));
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.status().detail();
  return tokenizer.ok() ? std::move(tokenizer).value() : nullptr;
}

struct GoldenCase {
  std::string text;
  std::vector<int32_t> ids;
};

std::vector<GoldenCase> ReadGolden(const std::string& path) {
  std::vector<GoldenCase> cases;
  const std::string lines = ReadTestFile(path);
  for (size_t at = 0; at < lines.size();) {
    const size_t end = std::min(lines.find('\n', at), lines.size());
    const JsonDoc doc(yyjson_read(lines.data() + at, end - at, 0));
    at = end + 1;
    yyjson_val* root = yyjson_doc_get_root(doc.get());
    GoldenCase golden;
    golden.text = JsonString(yyjson_obj_get(root, "text"));
    yyjson_arr_iter ids = yyjson_arr_iter_with(yyjson_obj_get(root, "ids"));
    while (yyjson_val* id = yyjson_arr_iter_next(&ids)) golden.ids.push_back(yyjson_get_int(id));
    cases.push_back(std::move(golden));
  }
  return cases;
}

void ExpectEqualsReference(const std::string& variant) {
  const std::unique_ptr<Tokenizer> tokenizer = Load(kGolden + variant + ".tokenizer.json");
  ASSERT_NE(tokenizer, nullptr);
  const std::vector<GoldenCase> cases = ReadGolden(kGolden + variant + ".ids.jsonl");
  ASSERT_GT(cases.size(), 200u);
  for (const GoldenCase& golden : cases) {
    std::vector<int32_t> ids;
    tokenizer->Encode(golden.text, SIZE_MAX, &ids);
    EXPECT_EQ(ids, golden.ids) << golden.text;
    EXPECT_EQ(tokenizer->CountTokens(golden.text), golden.ids.size()) << golden.text;
  }
}

TEST(Tokenizer, UncasedEqualsTheReference) { ExpectEqualsReference("uncased"); }
TEST(Tokenizer, CasedEqualsTheReference) { ExpectEqualsReference("cased"); }
TEST(Tokenizer, KeptAccentsEqualTheReference) { ExpectEqualsReference("accents"); }
TEST(Tokenizer, WithoutCleaningEqualsTheReference) { ExpectEqualsReference("raw"); }

TEST(Tokenizer, OffsetsAreWordStartsInOrder) {
  for (const GoldenCase& golden : ReadGolden(std::string(kGolden) + "uncased.ids.jsonl")) {
    std::vector<int32_t> ids;
    std::vector<uint32_t> offsets;
    SmallTokenizer().EncodeWithOffsets(golden.text, &ids, &offsets);
    EXPECT_EQ(ids, golden.ids);
    ASSERT_EQ(offsets.size(), ids.size());
    EXPECT_TRUE(std::is_sorted(offsets.begin(), offsets.end())) << golden.text;
    for (const uint32_t offset : offsets) {
      ASSERT_LT(offset, golden.text.size());
      EXPECT_NE(golden.text[offset] & 0xC0, 0x80) << golden.text;
    }
  }
  std::vector<int32_t> ids;
  std::vector<uint32_t> offsets;
  SmallTokenizer().EncodeWithOffsets("the  searching, café", &ids, &offsets);
  EXPECT_EQ(offsets, (std::vector<uint32_t>{0, 5, 5, 14, 16}));
}

TEST(Tokenizer, StopsAtTheLimit) {
  std::vector<int32_t> all;
  SmallTokenizer().Encode("unread pages: searching [SEP] the library", SIZE_MAX, &all);
  for (size_t limit = 0; limit <= all.size() + 1; ++limit) {
    std::vector<int32_t> ids = {7};
    SmallTokenizer().Encode("unread pages: searching [SEP] the library", limit, &ids);
    std::vector<int32_t> expected = {7};
    expected.insert(expected.end(), all.begin(), all.begin() + static_cast<std::ptrdiff_t>(std::min(limit, all.size())));
    EXPECT_EQ(ids, expected);
  }
}

TEST(Tokenizer, SpecialTokensComeFromThePostProcessor) {
  EXPECT_EQ(SmallTokenizer().prefix_ids(), (std::vector<int32_t>{2}));
  EXPECT_EQ(SmallTokenizer().suffix_ids(), (std::vector<int32_t>{3}));
  EXPECT_EQ(SmallTokenizer().padding_id(), 0);
  EXPECT_EQ(SmallTokenizer().unknown_id(), 1);
  EXPECT_GT(SmallTokenizer().vocabulary_size(), 300);
}

TEST(Tokenizer, InvalidUtf8IsDroppedNotFollowed) {
  EXPECT_EQ(SmallTokenizer().CountTokens("the \xFF\xC3 library\xE2\x82"), 2u);
}

TEST(Tokenizer, EveryTruncationIsRefused) {
  std::string json = ReadTestFile("tests/text/golden/uncased.tokenizer.json");
  json.resize(json.find_last_of('}') + 1);
  for (size_t length = 0; length < json.size(); length += 1 + length / 64) {
    const auto result = Tokenizer::FromJson(json.substr(0, length));
    ASSERT_FALSE(result.ok()) << length;
    EXPECT_EQ(result.status().code(), StatusCode::kBadData);
  }
}

TEST(Tokenizer, OtherKindsAreRefused) {
  for (const std::string& json : {
           std::string("[]"), std::string("{}"), std::string(R"({"model":{"type":"BPE","vocab":{}}})"),
           std::string(R"({"pre_tokenizer":{"type":"ByteLevel"},"model":{"type":"WordPiece","vocab":{"[UNK]":0}}})"),
           std::string(R"({"pre_tokenizer":{"type":"BertPreTokenizer"},"model":{"type":"WordPiece","vocab":{"a":0}}})"),
           std::string(
               R"({"pre_tokenizer":{"type":"BertPreTokenizer"},"model":{"type":"WordPiece","vocab":{"[UNK]":-4}}})")}) {
    EXPECT_FALSE(Tokenizer::FromJson(json).ok()) << json;
  }
}

// A check against a published vocabulary where the machine has one; nothing of it is in the tree.
TEST(Tokenizer, PublishedVocabulary) {
  const char* const path = std::getenv("LODESTONE_BERT_TOKENIZER");
  if (path == nullptr) GTEST_SKIP() << "LODESTONE_BERT_TOKENIZER names no tokenizer.json";
  const std::unique_ptr<Tokenizer> tokenizer = Load(path);
  ASSERT_NE(tokenizer, nullptr);
  std::vector<int32_t> ids;
  tokenizer->Encode("Hello, naïve WordPieces!", SIZE_MAX, &ids);
  EXPECT_EQ(ids, (std::vector<int32_t>{7592, 1010, 15743, 2773, 11198, 2015, 999}));
  EXPECT_EQ(tokenizer->prefix_ids(), (std::vector<int32_t>{101}));
  EXPECT_EQ(tokenizer->suffix_ids(), (std::vector<int32_t>{102}));
}

}  // namespace
}  // namespace lodestone
