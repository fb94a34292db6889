// Stored vectors come into memory while their model is opened, and are right whatever happens to the library meanwhile.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/engine/library_fixture.h"

namespace lodestone {
namespace {

using protocol::SearchMode;
using Paths = std::vector<std::string>;

class StoredVectorsTest : public LibraryTest {
 protected:
  StoredVectorsTest() {
    Add({{"a.txt", "A lantern."}, {"b.txt", "A whale."}, {"c.txt", "A compass."}});
    WaitIdle();
  }
  // Starts anew and stops where the stored vectors are there and the model is not.
  void StartWithoutModel() {
    End();
    Start();
    inference_->hold_loads = true;
    const std::shared_ptr<const int> loads = CountRuns("LoadNext");
    opening_ = Post(ModelRequest());
    ASSERT_TRUE(loop_.RunUntil([&] { return inference_->holds_load() && *loads > 0; }, 30000));
    ASSERT_EQ(State().embedded_passages, 0u);
  }
  void ModelOpens() {
    inference_->ReleaseLoad();
    EXPECT_EQ(Wait(opening_).type, protocol::MessageType::kSetModelReply);
    WaitIdle();
  }
  // Adding ends when all has its vector, which needs the model.
  RequestId AddStored(const std::string& path, const std::string& text) {
    const uint32_t documents = State().documents;
    protocol::AddFiles request;
    request.files = {Entry(path, text)};
    const RequestId id = Post(request);
    EXPECT_TRUE(loop_.RunUntil([&] { return State().documents == documents + 1; }, 30000));
    return id;
  }

  RequestId opening_;
};

TEST_F(StoredVectorsTest, AreThereWhenTheModelIs) {
  StartWithoutModel();
  ModelOpens();
  EXPECT_EQ(State().embedded_passages, 3u);
  EXPECT_EQ(State().passages_embedded_now, 0u);
  EXPECT_EQ(Find("lantern", SearchMode::kSemantic)[0], "a.txt");
}

TEST_F(StoredVectorsTest, OfDocumentsThatWereRemovedMeanwhileAreNot) {
  StartWithoutModel();
  Ask<protocol::RemoveReply>(protocol::Remove{{"a.txt"}, false});
  ModelOpens();
  EXPECT_EQ(State().embedded_passages, 2u);
  EXPECT_EQ(Find("lantern", SearchMode::kSemantic), (Paths{"b.txt", "c.txt"}));
}

TEST_F(StoredVectorsTest, OfCopiesThatWereAddedMeanwhileComeAfterThem) {
  StartWithoutModel();
  const RequestId added = AddStored("copy.txt", "A lantern.");
  ModelOpens();
  EXPECT_EQ(Wait(added).type, protocol::MessageType::kAddFilesReply);
  EXPECT_EQ(State().embedded_passages, 4u);
  EXPECT_EQ(State().passages_embedded_now, 0u);
  EXPECT_EQ(Search("lantern", SearchMode::kSemantic).results[1].path, "copy.txt");
}

TEST_F(StoredVectorsTest, OfALibraryThatWasReplacedMeanwhileAreForgotten) {
  const std::string former = Export();
  Ask<protocol::RemoveReply>(protocol::Remove{{}, true});
  Add({{"d.txt", "A river."}, {"e.txt", "A glacier."}, {"f.txt", "A garden."}});
  Restart();
  StartWithoutModel();
  EXPECT_EQ(Ask<protocol::ImportReply>(ImportOf(former, /*replace=*/true)).added, 3u);  // under the numbers that these had
  ModelOpens();
  EXPECT_EQ(State().embedded_passages, 3u);
  const auto found = Search("lantern", SearchMode::kSemantic).results;
  Restart();
  const auto stored = Search("lantern", SearchMode::kSemantic).results;
  ASSERT_EQ(found.size(), stored.size());
  EXPECT_EQ(found[0].path, "a.txt");
  EXPECT_EQ(found[0].score, stored[0].score);
}

TEST_F(StoredVectorsTest, OutliveAManifestThatIsWrongOrSaysNothingOfTheirDimension) {
  const std::string right = R"("dimension":256)";
  protocol::SetModel request = ModelRequest();
  const size_t at = request.manifest_json.find(right);
  ASSERT_NE(at, std::string::npos);
  request.manifest_json.replace(at, right.size(), R"("dimension":128)");
  End();
  Start();
  EXPECT_EQ(AskForError(request).code, "kBadData");
  request = ModelRequest();
  request.manifest_json.replace(at, right.size() + 1, "");
  End();
  Start();
  EXPECT_EQ(Ask<protocol::SetModelReply>(request).dimension, 256u);
  WaitIdle();
  EXPECT_EQ(State().embedded_passages, 3u);
  EXPECT_EQ(State().passages_embedded_now, 0u);
}

}  // namespace
}  // namespace lodestone
