// Export and import as a page asks for them, and a library that turns out to be damaged.
#include <string>

#include "tests/engine/library_fixture.h"

namespace lodestone {
namespace {

using protocol::SearchMode;

class EngineTransferTest : public LibraryTest {
 protected:
  // Beside the library itself.
  size_t FilesLeft() {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "")) {
      count += !entry.path().filename().string().starts_with("library.sqlite");
    }
    return count;
  }
};

TEST_F(EngineTransferTest, WhatIsExportedIsFoundAgainWithoutEmbedding) {
  Add({{"a.txt", "A lantern."}, {"b.txt", "The whale."}});
  const std::string bytes = Export();
  EXPECT_EQ(FilesLeft(), 0u);
  for (const bool replace : {true, false}) {
    Ask<protocol::RemoveReply>(protocol::Remove{{}, true});
    Add({{"c.txt", "The glacier."}});
    const uint64_t embedded = State().passages_embedded_now;
    const auto reply = Ask<protocol::ImportReply>(ImportOf(bytes, replace));
    EXPECT_EQ(reply.added, 2u);
    WaitIdle();
    EXPECT_EQ(State().documents, replace ? 2u : 3u);
    EXPECT_EQ(State().embedded_passages, State().passages);
    EXPECT_EQ(State().passages_embedded_now, embedded);
    EXPECT_EQ(Search("lantern", SearchMode::kSemantic).results.at(0).path, "a.txt");
    EXPECT_EQ(Find("whale"), std::vector<std::string>{"b.txt"});
    EXPECT_EQ(Find("glacier").empty(), replace);
    EXPECT_EQ(Ask<protocol::ListLibraryReply>(protocol::ListLibrary{0, 100, false}).total, replace ? 2u : 3u);
    EXPECT_EQ(FilesLeft(), 0u);
  }
  Restart();
  EXPECT_EQ(State().documents, 3u);
  EXPECT_EQ(State().passages_embedded_now, 0u);
}

TEST_F(EngineTransferTest, AnImportThatIsRefusedChangesNothing) {
  Add({{"a.txt", "A lantern."}});
  std::string bytes = Export();
  bytes[bytes.find("lantern")] ^= 1;
  for (const bool replace : {true, false}) {
    for (const std::string& bad : {bytes, std::string(), std::string(3000, 'x'), bytes.substr(0, 9000)}) {
      EXPECT_EQ(AskForError(ImportOf(bad, replace)).code, "kBadData");
      EXPECT_EQ(Find("lantern"), std::vector<std::string>{"a.txt"});
      EXPECT_EQ(FilesLeft(), 0u);
    }
  }
  auto gone = ImportOf(bytes, true);
  files_.Vanish(FileId{gone.file_id});
  EXPECT_EQ(AskForError(gone).code, "kNotFound");
}

TEST_F(EngineTransferTest, AnExportIsCancelledByItsRequest) {
  Add({{"a.txt", "A lantern."}});
  const RequestId request = Post(protocol::Export{});
  Cancel(request);
  EXPECT_EQ(ErrorOf(Wait(request)).code, "kCancelled");
  EXPECT_EQ(FilesLeft(), 0u);
  EXPECT_TRUE(State().tasks.empty());
  EXPECT_EQ(ResponseCount(request), 1u);
  EXPECT_FALSE(Export().empty()) << "the next one is made";
}

TEST_F(EngineTransferTest, AnExportIsCancelledAsATaskWhileItIsRead) {
  Add({{"a.txt", "A lantern."}});
  const auto made = Ask<protocol::ExportReply>(protocol::Export{});
  Ask<protocol::ReadExportReply>(protocol::ReadExport{made.export_id, 0, 1000});
  EXPECT_EQ(FilesLeft(), 1u);
  const RequestId read = Post(protocol::ReadExport{made.export_id, 1000, 1000});
  Ask<protocol::Ack>(protocol::ControlTask{State().tasks.at(0).task, protocol::TaskAction::kCancel});
  EXPECT_EQ(ErrorOf(Wait(read)).code, "kCancelled");
  EXPECT_EQ(AskForError(protocol::ReadExport{made.export_id, 2000, 1000}).code, "kCancelled");
  WaitIdle();
  EXPECT_EQ(FilesLeft(), 0u);
  EXPECT_TRUE(State().tasks.empty());
  Ask<protocol::Ack>(protocol::EndExport{made.export_id});
  EXPECT_EQ(AskForError(protocol::ReadExport{made.export_id, 0, 1000}).code, "kNotFound");
}

TEST_F(EngineTransferTest, AnExportWhoseReaderHasGoneEnds) {
  Add({{"a.txt", "A lantern."}});
  engine_->transfer().reader_patience_ms = 50;
  const auto made = Ask<protocol::ExportReply>(protocol::Export{});
  ASSERT_TRUE(loop_.RunUntil([&] { return State().tasks.empty(); }, 30000));
  EXPECT_EQ(FilesLeft(), 0u);
  EXPECT_EQ(AskForError(protocol::ReadExport{made.export_id, 0, 1000}).code, "kCancelled");
}

TEST_F(EngineTransferTest, AnImportThatIsCancelledOnItsWayInChangesNothing) {
  Add({{"a.txt", "A lantern."}});
  const std::string bytes = Export();
  Add({{"b.txt", "The whale."}});
  for (const bool replace : {true, false}) {
    const RequestId by_request = Post(ImportOf(bytes, replace));
    Cancel(by_request);
    EXPECT_EQ(ErrorOf(Wait(by_request)).code, "kCancelled");
    const RequestId by_task = Post(ImportOf(bytes, replace));
    Ask<protocol::Ack>(protocol::ControlTask{State().tasks.at(0).task, protocol::TaskAction::kCancel});
    EXPECT_EQ(ErrorOf(Wait(by_task)).code, "kCancelled");
    EXPECT_EQ(ResponseCount(by_request), 1u);
    EXPECT_TRUE(State().tasks.empty());
    EXPECT_EQ(FilesLeft(), 0u);
    EXPECT_EQ(Find("lantern"), std::vector<std::string>{"a.txt"});
    EXPECT_EQ(Find("whale"), std::vector<std::string>{"b.txt"});
  }
  Restart();
  EXPECT_EQ(State().documents, 2u);
}

TEST_F(EngineTransferTest, WhatAMergeTookInBeforeItWasCancelledStaysAndIsFound) {
  constexpr uint32_t kDocuments = 12;
  {
    std::unique_ptr<Store> other = std::move(Store::Open(folder_ / "other.sqlite")).value();
    std::string paragraph;
    for (int i = 0; i < 200; ++i) paragraph += "whale lantern glacier ";
    for (uint32_t i = 0; i < kDocuments; ++i) {
      std::string text;
      while (text.size() < (1u << 20)) text += paragraph + "\n\n";
      NewDocument document = MakeDocument("d" + std::to_string(i) + ".txt", text);
      document.content_hash = std::to_string(i);
      ASSERT_TRUE(other->AddDocuments(std::span(&document, 1), 10, {})[0].ok());
    }
    ASSERT_TRUE(other->Export(folder_ / "file.sqlite").ok());
  }
  std::ifstream file(folder_ / "file.sqlite", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const size_t files_before = FilesLeft();
  Ask<protocol::Ack>(protocol::SetPaused{true});  // no vectors: they are not what is looked at
  engine_->transfer().report_interval_ms = 0;  // however fast the machine, the cancel comes before the last one
  const RequestId import = Post(ImportOf(bytes, false));
  // The checks are behind it, at three quarters.
  ASSERT_TRUE(loop_.RunUntil([&] {
    const auto tasks = State().tasks;
    return tasks.empty() || tasks[0].done > tasks[0].total / 100 * 76;
  }, 120000));
  Cancel(import);
  const protocol::ErrorReply error = ErrorOf(Wait(import));
  EXPECT_EQ(error.code, "kCancelled");
  EXPECT_NE(error.message.find("stays"), std::string::npos);
  const uint32_t stayed = State().documents;
  EXPECT_GT(stayed, 0u);
  EXPECT_LT(stayed, kDocuments);
  EXPECT_EQ(Search("whale", SearchMode::kLexical, 100).results.size(), stayed);
  EXPECT_EQ(FilesLeft(), files_before);
  // The rest comes with the next try.
  EXPECT_EQ(Ask<protocol::ImportReply>(ImportOf(bytes, false)).added, kDocuments - stayed);
}

TEST_F(EngineTransferTest, FilesThatAreComingInStayOutOfAReplacedLibrary) {
  Add({{"a.txt", "A lantern."}});
  const std::string bytes = Export();
  inference_->hold_runs = true;
  protocol::AddFiles request;
  for (int i = 0; i < 100; ++i) request.files.push_back(Entry("f" + std::to_string(i) + ".txt", "whale " + std::to_string(i)));
  const RequestId add = Post(request);
  const RequestId import = Post(ImportOf(bytes, true));
  EXPECT_EQ(ErrorOf(Wait(add)).code, "kCancelled");
  EXPECT_EQ(Wait(import).type, protocol::MessageType::kImportReply);
  inference_->ReleaseRuns();
  WaitIdle();
  EXPECT_EQ(State().documents, 1u);
  EXPECT_TRUE(Find("whale").empty());
}

TEST_F(EngineTransferTest, ADamagedLibraryIsSetAsideAndWhatIsSoundOfItIsSaved) {
  std::vector<std::pair<std::string, std::string>> files;
  for (int i = 0; i < 100; ++i) {
    std::string text = "glacier " + std::to_string(i);
    for (int k = 0; k < 200; ++k) text += " bread";
    files.emplace_back("f" + std::to_string(i) + ".txt", text);
  }
  Add(std::move(files));
  WaitIdle();
  End();
  const auto size = std::filesystem::file_size(path());
  std::filesystem::resize_file(path(), size * 9 / 10);
  const std::string cut = ReadFile();
  Start();
  LoadModel();
  WaitIdle();
  ASSERT_EQ(Notices().size(), 1u);
  EXPECT_NE(Notices()[0].find("damaged"), std::string::npos);
  EXPECT_EQ(State().storage, "opfs");
  EXPECT_GT(State().documents, 0u);
  EXPECT_EQ(State().embedded_passages, State().passages);
  EXPECT_EQ(Search("glacier", SearchMode::kLexical, 1000).results.size(), State().documents);
  EXPECT_TRUE(Export(true) == cut);
  const auto added = Add({{"new.txt", "A lantern."}});
  EXPECT_EQ(added.added, 1u);
  // Erasing everything erases that too.
  EXPECT_TRUE(std::filesystem::exists(path() + ".damaged-1"));
  Ask<protocol::RemoveReply>(protocol::Remove{{}, true});
  EXPECT_FALSE(std::filesystem::exists(path() + ".damaged-1"));
  EXPECT_EQ(AskForError(protocol::Export{true}).code, "kNotFound");
}

TEST_F(EngineTransferTest, ALibraryThatIsNoLibraryIsSetAsideAsItIs) {
  End();
  std::ofstream(path(), std::ios::binary | std::ios::trunc) << std::string(50'000, 'x');
  Start();
  LoadModel();
  Add({{"a.txt", "A lantern."}});
  EXPECT_EQ(Export(true), std::string(50'000, 'x'));
  Restart();
  EXPECT_EQ(Find("lantern"), std::vector<std::string>{"a.txt"});
  EXPECT_TRUE(Notices().empty()) << Notices()[0];
}

TEST_F(EngineTransferTest, ANewerLibraryIsRefusedAndLeftAlone) {
  Add({{"a.txt", "A lantern."}});
  End();
  const int version = ReadFile().at(63);  // user_version is stored there, big-endian, and small
  Sql("PRAGMA user_version = 99");
  const std::string before = ReadFile();
  expect_open_ = StatusCode::kMismatch;
  Start();
  EXPECT_EQ(AskForError(protocol::Search{"lantern", SearchMode::kHybrid, 10, ""}).code, "kMismatch");
  EXPECT_EQ(AskForError(ModelRequest()).code, "kMismatch");
  EXPECT_EQ(State().model_state, protocol::ModelState::kFailed);
  EXPECT_NE(State().model_error.find("newer version"), std::string::npos);
  End();
  EXPECT_EQ(ReadFile(), before);
  expect_open_ = StatusCode::kOk;
  Restart("PRAGMA user_version = " + std::to_string(version));
}

}  // namespace
}  // namespace lodestone
