// A disk that has no room left, at every point of storing a document: each write that would need more fails.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "tests/store/store_fixture.h"

namespace lodestone {
namespace {

int64_t room = INT64_MAX;  // bytes by which files may grow

bool TakeRoom(int file, int64_t end) {
  struct stat now {};
  fstat(file, &now);
  const int64_t growth = std::max<int64_t>(end - now.st_size, 0);
  if (growth > room) {
    errno = ENOSPC;
    return false;
  }
  room -= growth;
  return true;
}

ssize_t Write(int file, const void* bytes, size_t size) {
  return TakeRoom(file, lseek(file, 0, SEEK_CUR) + static_cast<int64_t>(size)) ? write(file, bytes, size) : -1;
}
ssize_t WriteAt(int file, const void* bytes, size_t size, off_t offset) {
  return TakeRoom(file, offset + static_cast<int64_t>(size)) ? pwrite(file, bytes, size, offset) : -1;
}
// What a file gives back there is room again, as with a quota.
int CutFile(int file, off_t size) {
  struct stat now {};
  fstat(file, &now);
  if (room != INT64_MAX) room += std::max<int64_t>(now.st_size - size, 0);
  return ftruncate(file, size);
}

class FullDiskTest : public StoreFileTest {
 protected:
  FullDiskTest() {
    sqlite3_initialize();
    Replace("write", reinterpret_cast<sqlite3_syscall_ptr>(Write));
    Replace("pwrite", reinterpret_cast<sqlite3_syscall_ptr>(WriteAt));
    Replace("pwrite64", reinterpret_cast<sqlite3_syscall_ptr>(WriteAt));
    Replace("ftruncate", reinterpret_cast<sqlite3_syscall_ptr>(CutFile));
  }
  ~FullDiskTest() override {
    room = INT64_MAX;
    store_.reset();
    for (const char* name : {"write", "pwrite", "pwrite64", "ftruncate"}) Replace(name, nullptr);
  }

 private:
  static void Replace(const char* name, sqlite3_syscall_ptr call) {
    sqlite3_vfs* vfs = sqlite3_vfs_find("unix");
    if (call == nullptr || vfs->xGetSystemCall(vfs, name) != nullptr) vfs->xSetSystemCall(vfs, name, call);
  }
};

std::string Filler(int seed) {
  std::string text;
  for (int i = 0; i < 60; ++i) {
    text += "number" + std::to_string(seed) + " passage" + std::to_string(i) + " word" + std::to_string((seed * 31 + i * 7) % 997) + "\n\n";
  }
  return text;
}

TEST_F(FullDiskTest, WhereverTheRoomEndsWhatWasStoredStaysAndIsRead) {
  int refused_rounds = 0;
  for (int64_t budget = 0; budget < 400'000; budget += 17'777) {
    SCOPED_TRACE(budget);
    room = INT64_MAX;
    store_.reset();
    std::filesystem::remove(path());
    Open(path());
    for (int i = 0; i < 8; ++i) Add("first" + std::to_string(i), "first words\n\n" + Filler(i));

    room = budget;
    std::vector<NewDocument> batch;
    // Some take the place of stored ones.
    for (int i = 0; i < 12; ++i) batch.push_back(MakeDocument((i % 3 ? "more" : "first") + std::to_string(i), Filler(100 + i)));
    const auto results = store_->AddDocuments(batch, 2, {});
    int stored = 0;
    for (size_t i = 0; i < results.size(); ++i) {
      if (!results[i].ok()) {
        ASSERT_EQ(results[i].status().code(), StatusCode::kStorageFull) << results[i].status().message() << results[i].status().detail();
      }
      stored += results[i].ok();
      // As the old document or the new one, and whole.
      const std::string& path = batch[i].document.path;
      const Result<Document> read = store_->LoadDocument(path);
      if (results[i].ok()) {
        ASSERT_TRUE(read.ok()) << path << read.status().detail();
        ASSERT_EQ(read.value().text, batch[i].document.text);
      } else if (read.ok()) {
        ASSERT_EQ(read.value().text, "first words\n\n" + Filler(static_cast<int>(i)));
      } else {
        ASSERT_EQ(read.status().code(), StatusCode::kNotFound) << path << read.status().detail();
      }
    }
    if (stored < 12) ++refused_rounds;
    ASSERT_EQ(Find("number1").size(), 60u);
    ASSERT_TRUE(store_->ListDocuments().ok());

    room = INT64_MAX;
    for (const auto& result : store_->AddDocuments(batch, 2, {})) ASSERT_TRUE(result.ok()) << result.status().detail();
    ASSERT_EQ(Find("number101").size(), 60u);
    ExpectSound();
  }
  EXPECT_GT(refused_rounds, 5);
}

}  // namespace
}  // namespace lodestone
