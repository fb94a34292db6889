// Documents of equal content are listed each and embedded once.
#include "tests/store/store_fixture.h"

namespace lodestone {
namespace {

class TwinsTest : public StoreFileTest {
 protected:
  std::vector<PassageId> Passages(const StoredIds& ids, uint32_t count) {
    std::vector<PassageId> passages;
    for (uint32_t i = 0; i < count; ++i) passages.push_back(PassageId{ids.first_passage.value + i});
    return passages;
  }
  std::vector<PassageId> Missing(const std::string& model) {
    std::vector<PassageId> missing;
    const auto texts = store_->PassagesWithoutVector(model, PassageId{}, 100);
    for (const PassageText& text : texts.value()) missing.push_back(text.passage);
    return missing;
  }
  VectorBatch Vectors(const std::string& model) { return store_->LoadVectors(model, 1, PassageId{}, 100).value(); }
};

TEST_F(TwinsTest, ALaterTwinTakesTheVectorsThatAreThere) {
  Open(path());
  const auto a = Passages(Add("a", "one\n\ntwo"), 2);
  ASSERT_TRUE(store_->AddVectors("m", 1, a, std::vector<uint16_t>{5, 6}).ok());
  ASSERT_TRUE(store_->AddVectors("half", 1, std::vector{a[1]}, std::vector<uint16_t>{7}).ok());
  const StoredIds ids = Add("copy of a", "one\n\ntwo");
  const auto b = Passages(ids, 2);
  EXPECT_TRUE(ids.vectors_copied);
  EXPECT_EQ(Paths(), (Strings{"a", "copy of a"}));
  EXPECT_TRUE(Missing("m").empty());
  EXPECT_EQ(Vectors("m").passages, (std::vector{a[0], a[1], b[0], b[1]}));
  EXPECT_EQ(Vectors("m").half_bits, (std::vector<uint16_t>{5, 6, 5, 6}));
  EXPECT_EQ(Missing("half"), std::vector{a[0]});
  const auto copied = store_->AddVectors("half", 1, std::vector{a[0]}, std::vector<uint16_t>{8}).value();
  ASSERT_EQ(copied.size(), 1u);
  EXPECT_EQ(copied[0].passage, b[0]);
  EXPECT_EQ(copied[0].source, 0u);
  EXPECT_EQ(Vectors("half").half_bits, (std::vector<uint16_t>{8, 7, 8, 7}));
  EXPECT_FALSE(Add("other", "three").vectors_copied);
  // The first goes: the second keeps its own.
  ASSERT_TRUE(store_->RemoveDocuments(std::vector{DocumentId{1}}).ok());
  Open(path());
  EXPECT_EQ(Vectors("m").passages, b);
}

TEST_F(TwinsTest, TwinsThatComeTogetherAreEmbeddedOnce) {
  Open(path());
  const std::vector<NewDocument> batch = {MakeDocument("a", "one\n\ntwo"), MakeDocument("b", "one\n\ntwo"), MakeDocument("c", "one\n\nxyz")};
  const auto results = store_->AddDocuments(batch, 0, {});
  const auto a = Passages(results[0].value(), 2), b = Passages(results[1].value(), 2), c = Passages(results[2].value(), 2);
  EXPECT_FALSE(results[1].value().vectors_copied);
  EXPECT_EQ(Missing("m"), (std::vector{a[0], a[1], c[0], c[1]}));
  // Made for the one, removed, and the other still lacks it.
  ASSERT_TRUE(store_->RemoveDocuments(std::vector{results[0].value().document}).ok());
  EXPECT_TRUE(store_->AddVectors("m", 1, a, std::vector<uint16_t>{1, 2}).value().empty());
  EXPECT_EQ(Missing("m"), (std::vector{b[0], b[1], c[0], c[1]}));
}

TEST_F(TwinsTest, ATwinWhoseVectorIsDamagedGetsItBack) {
  Open(path());
  const auto a = Passages(Add("a", "one"), 1);
  const auto b = Passages(Add("b", "one"), 1);
  ASSERT_TRUE(store_->AddVectors("m", 1, a, std::vector<uint16_t>{4}).ok());
  Sql("UPDATE vectors SET vector = x'0000' WHERE passage_id = " + std::to_string(b[0].value));
  Open(path());
  EXPECT_EQ(Vectors("m").passages, a);
  EXPECT_EQ(Missing("m"), b);
}

TEST_F(TwinsTest, OtherPassagesAreNoTwins) {
  Open();
  const auto a = Passages(Add("a", "one\n\ntwo"), 2);
  ASSERT_TRUE(store_->AddVectors("m", 1, a, std::vector<uint16_t>{5, 6}).ok());
  // The same bytes, cut elsewhere.
  NewDocument whole = MakeDocument("b", "one\n\ntwo");
  whole.passages.resize(1);
  whole.passages[0].end = 8;
  EXPECT_FALSE(Add(whole).vectors_copied);
  NewDocument other_hash = MakeDocument("c", "one\n\ntwo");
  other_hash.content_hash = "other";
  EXPECT_FALSE(Add(other_hash).vectors_copied);
}

}  // namespace
}  // namespace lodestone
