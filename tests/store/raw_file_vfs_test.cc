// A database in files that are open from the start, as in a browser.
#include "store/raw_file_vfs.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "store/snapshot.h"
#include "tests/store/store_fixture.h"

namespace lodestone {
namespace {

class MemoryFiles final : public RawFiles {
 public:
  int Find(std::string_view name) override {
    return name == "raw.sqlite" ? 0 : name == "raw.sqlite-journal" ? 1 : -1;
  }
  int64_t Read(int file, void* to, int64_t size_bytes, int64_t offset) override {
    const std::string& bytes = contents[file];
    const int64_t size = std::clamp<int64_t>(static_cast<int64_t>(bytes.size()) - offset, 0, size_bytes);
    std::memcpy(to, bytes.data() + std::min<size_t>(static_cast<size_t>(offset), bytes.size()), static_cast<size_t>(size));
    return size;
  }
  int64_t Write(int file, const void* from, int64_t size_bytes, int64_t offset) override {
    if (static_cast<size_t>(offset + size_bytes) > limit) return -1;
    std::string& bytes = contents[file];
    bytes.resize(std::max(bytes.size(), static_cast<size_t>(offset + size_bytes)));
    std::memcpy(bytes.data() + offset, from, static_cast<size_t>(size_bytes));
    return size_bytes;
  }
  int64_t SizeBytes(int file) override { return static_cast<int64_t>(contents[file].size()); }
  int Truncate(int file, int64_t size_bytes) override {
    contents[file].resize(static_cast<size_t>(size_bytes));
    return 0;
  }
  int Flush(int) override {
    ++flushes;
    return 0;
  }

  std::string contents[2];
  size_t limit = SIZE_MAX;
  int flushes = 0;
};

std::string ReadWhole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class RawFileVfsTest : public StoreTest {
 protected:
  RawFileVfsTest() { EXPECT_TRUE(UseRawFiles(&files_).ok()); }
  ~RawFileVfsTest() override {
    store_.reset();
    static MemoryFiles none;
    EXPECT_TRUE(UseRawFiles(&none).ok());
  }
  // What SQLite's own file system makes of the bytes.
  std::string Check() {
    TemporaryFolder folder;
    std::ofstream(folder / "copy.sqlite", std::ios::binary) << files_.contents[0];
    std::ofstream(folder / "copy.sqlite-journal", std::ios::binary) << files_.contents[1];
    sqlite3* handle = nullptr;
    EXPECT_EQ(sqlite3_open((folder / "copy.sqlite").c_str(), &handle), SQLITE_OK);
    std::string answer;
    sqlite3_exec(handle, "PRAGMA integrity_check; SELECT path FROM documents WHERE visible ORDER BY path", [](void* text, int, char** values, char**) {
      *static_cast<std::string*>(text) += std::string(values[0]) + " ";
      return 0;
    }, &answer, nullptr);
    sqlite3_close(handle);
    return answer;
  }

  MemoryFiles files_;
};

TEST_F(RawFileVfsTest, KeepsALibraryOverItsEnd) {
  Open("/any/where/raw.sqlite");
  const StoredIds a = Add("a", "apple");
  Add("b", "banana");
  ASSERT_TRUE(store_->AddVectors("m", 1, std::vector{a.first_passage}, std::vector<uint16_t>{7}).ok());
  EXPECT_GT(files_.flushes, 0);
  EXPECT_EQ(files_.contents[1].size(), 0u) << "the journal is empty between transactions";
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(Find("apple"), Strings{"apple"});
    EXPECT_EQ(store_->LoadVectors("m", 1, PassageId{}, 10).value().half_bits, std::vector<uint16_t>{7});
    Open("/any/where/raw.sqlite");
  }
  ASSERT_TRUE(store_->RemoveDocuments(std::vector{a.document}).ok());
  EXPECT_TRUE(store_->Compact({}).value());
  EXPECT_EQ(files_.contents[0].find("apple"), std::string::npos);
  store_.reset();
  EXPECT_EQ(Check(), "ok b ");
}

TEST_F(RawFileVfsTest, ExportsToAndImportsFromFilesOfTheOrdinaryKind) {
  TemporaryFolder folder;
  Open("raw.sqlite");
  Add("a", "apple");
  ASSERT_TRUE(store_->Export(folder / "export.sqlite").ok());
  ASSERT_TRUE(store_->RemoveAll().ok());
  ASSERT_TRUE(store_->Import(folder / "export.sqlite", ImportMode::kReplace, 10, {}).ok());
  EXPECT_EQ(Find("apple"), Strings{"apple"});
  store_.reset();
  EXPECT_EQ(Check(), "ok a ");
}

TEST_F(RawFileVfsTest, ADamagedLibraryIsSetAsideByItsBytes) {
  const TemporaryFolder folder;
  const std::string path = folder / "raw.sqlite";
  // More than is copied at once, and not a multiple of it.
  files_.contents[0] = std::string(1 << 20, 'a') + "the rest";
  files_.contents[1] = "a journal";
  const Result<std::string> aside = SetAside(path);
  ASSERT_TRUE(aside.ok()) << aside.status().message();
  EXPECT_EQ(aside.value(), path + ".damaged-1");
  EXPECT_EQ(ReadWhole(aside.value()), std::string(1 << 20, 'a') + "the rest");
  EXPECT_EQ(ReadWhole(aside.value() + "-journal"), "a journal");
  EXPECT_EQ(files_.contents[0], "");
  EXPECT_EQ(files_.contents[1], "");

  files_.contents[0] = "another";
  ASSERT_TRUE(SetAside(path).ok());
  EXPECT_EQ(ReadWhole(path + ".damaged-2"), "another");
  EXPECT_FALSE(std::filesystem::exists(path + ".damaged-2-journal"));
  Open(path);
  Add("a", "apple");
  EXPECT_EQ(Find("apple"), Strings{"apple"});
}

TEST_F(RawFileVfsTest, WhatCannotBeSetAsideStaysWhereItIs) {
  const TemporaryFolder folder;
  for (const std::string& path : {std::string("raw.sqlite"), folder / "no such folder/raw.sqlite"}) {
    files_.contents[0] = "damaged";
    files_.contents[1] = "a journal";
    EXPECT_EQ(SetAside(path).status().code(), StatusCode::kUnavailable) << path;
    EXPECT_EQ(files_.contents[0], "damaged");
    EXPECT_EQ(files_.contents[1], "a journal");
  }
  EXPECT_FALSE(std::filesystem::exists("raw.sqlite.damaged-1"));
}

// Cut off at every write of an addition: what was committed before is there, and the addition is whole or not there.
TEST_F(RawFileVfsTest, ACrashAtAnyMomentLosesNothing) {
  Open("raw.sqlite");
  Add("a", "apple");
  store_.reset();
  const std::string database = files_.contents[0];

  // Stops at the given write, as a killed process does.
  class CutFiles final : public RawFiles {
   public:
    CutFiles(MemoryFiles* files, int writes) : files_(files), writes_left_(writes) {}
    int Find(std::string_view name) override { return files_->Find(name); }
    int64_t Read(int file, void* to, int64_t size_bytes, int64_t offset) override { return files_->Read(file, to, size_bytes, offset); }
    int64_t Write(int file, const void* from, int64_t size_bytes, int64_t offset) override {
      return --writes_left_ < 0 ? -1 : files_->Write(file, from, size_bytes, offset);
    }
    int64_t SizeBytes(int file) override { return files_->SizeBytes(file); }
    int Truncate(int file, int64_t size_bytes) override { return writes_left_ < 0 ? -1 : files_->Truncate(file, size_bytes); }
    int Flush(int file) override { return writes_left_ < 0 ? -1 : files_->Flush(file); }
    bool ended() const { return writes_left_ < 0; }

   private:
    MemoryFiles* files_;
    int writes_left_;
  };
  bool finished = false;
  int kept = 0;
  for (int writes = 0; !finished; writes += 3) {
    ASSERT_LT(writes, 2000);
    files_.contents[0] = database;
    files_.contents[1].clear();
    CutFiles cut(&files_, writes);
    ASSERT_TRUE(UseRawFiles(&cut).ok());
    Result<std::unique_ptr<Store>> store = Store::Open("raw.sqlite");
    bool added = false;
    if (store.ok()) {
      const NewDocument document = MakeDocument("b", "banana\n\nbread\n\nbutter");
      added = store.value()->AddDocuments({&document, 1}, 0, {})[0].ok();
    }
    finished = !cut.ended();
    // The process is gone: what it would still write must not be seen.
    const std::string left[] = {files_.contents[0], files_.contents[1]};
    store = Status(StatusCode::kCancelled, "");
    files_.contents[0] = left[0];
    files_.contents[1] = left[1];
    ASSERT_TRUE(UseRawFiles(&files_).ok());
    Open("raw.sqlite");
    EXPECT_EQ(Find("apple"), Strings{"apple"}) << writes;
    const bool is_there = Paths().size() == 2;
    EXPECT_TRUE(is_there || !added) << writes;
    EXPECT_EQ(Find("bread").size(), is_there ? 1u : 0u) << writes;
    kept += is_there;
    store_.reset();
    EXPECT_EQ(Check(), is_there ? "ok a b " : "ok a ") << writes;
  }
  EXPECT_GT(kept, 0);
}

}  // namespace
}  // namespace lodestone
