// Libraries of older versions.
#include "tests/store/store_fixture.h"

namespace lodestone {
namespace {

class MigrationTest : public StoreFileTest {
 protected:
  // What later versions added goes again.
  void MakeVersion1() {
    Sql("DROP TABLE graphs; DROP TABLE properties; DROP TABLE damaged; ALTER TABLE vectors DROP COLUMN checksum; PRAGMA user_version = 1");
  }
};

TEST_F(MigrationTest, Version1IsUpgradedWithAllThatIsInIt) {
  Open(path());
  Add("first", "other words");
  const StoredIds ids = Add("a", "one\n\ntwo\n\nthree");
  const PassageId second{ids.first_passage.value + 1};
  ASSERT_TRUE(store_->AddVectors("m", 2, std::vector{ids.first_passage, second}, std::vector<uint16_t>{1, 2, 3, 4}).ok());
  MakeVersion1();
  Open(path());
  EXPECT_EQ(Paths(), (Strings{"a", "first"}));
  EXPECT_EQ(Find("two"), Strings{"two"});
  // The checksums made on the way are those that a new vector would have got.
  const VectorBatch batch = store_->LoadVectors("m", 2, PassageId{}, 10).value();
  EXPECT_EQ(batch.passages, (std::vector{ids.first_passage, second}));
  EXPECT_EQ(batch.half_bits, (std::vector<uint16_t>{1, 2, 3, 4}));
  EXPECT_EQ(Sql("PRAGMA user_version"), "3");
  ExpectSound();
}

TEST_F(MigrationTest, AnUpgradeThatFailsHalfWayLeavesTheFileAsItWas) {
  Open(path());
  const StoredIds ids = Add("a", "one");
  ASSERT_TRUE(store_->AddVectors("m", 1, std::vector{ids.first_passage}, std::vector<uint16_t>{1}).ok());
  MakeVersion1();
  // The last statement of the step meets this.
  Sql("CREATE TABLE properties (other TEXT)");
  const std::string before = ReadFile(path());
  EXPECT_NE(OpenCode(), StatusCode::kOk);
  EXPECT_EQ(ReadFile(path()), before);
  EXPECT_EQ(Sql("SELECT count(*) FROM pragma_table_info('vectors') WHERE name = 'checksum'"), "0");
  Sql("DROP TABLE properties");
  Open(path());
  EXPECT_EQ(store_->LoadVectors("m", 1, PassageId{}, 10).value().passages.size(), 1u);
}

}  // namespace
}  // namespace lodestone
