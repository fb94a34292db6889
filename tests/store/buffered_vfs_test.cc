#include "store/buffered_vfs.h"

#include <random>

#include "tests/store/store_fixture.h"

namespace lodestone {
namespace {

class BufferedVfsTest : public ::testing::Test {
 protected:
  BufferedVfsTest() {
    EXPECT_TRUE(UseBufferedFiles().ok());
    vfs_ = sqlite3_vfs_find("lodestone-buffered");
    memory_.resize(static_cast<size_t>(vfs_->szOsFile));
    file_ = reinterpret_cast<sqlite3_file*>(memory_.data());
    path_ = folder_ / "file";
    int flags = 0;
    EXPECT_EQ(vfs_->xOpen(vfs_, path_.c_str(), file_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MAIN_DB, &flags),
              SQLITE_OK);
  }
  ~BufferedVfsTest() override {
    if (file_->pMethods) file_->pMethods->xClose(file_);
  }

  int Write(const std::string& bytes, int64_t offset) {
    return file_->pMethods->xWrite(file_, bytes.data(), static_cast<int>(bytes.size()), offset);
  }
  // What is there, zeros past the end as SQLite wants them; `*whole` tells whether all was there.
  std::string Read(int size, int64_t offset, bool* whole) {
    std::string bytes(static_cast<size_t>(size), 'x');
    const int result = file_->pMethods->xRead(file_, bytes.data(), size, offset);
    EXPECT_TRUE(result == SQLITE_OK || result == SQLITE_IOERR_SHORT_READ) << result;
    *whole = result == SQLITE_OK;
    return bytes;
  }
  int64_t Size() {
    sqlite3_int64 size = -1;
    EXPECT_EQ(file_->pMethods->xFileSize(file_, &size), SQLITE_OK);
    return size;
  }
  std::string OnDisk() {
    std::ifstream stream(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  TemporaryFolder folder_;
  std::string path_;
  sqlite3_vfs* vfs_;
  std::vector<char> memory_;
  sqlite3_file* file_;
};

TEST_F(BufferedVfsTest, NothingIsHeldBackPastASync) {
  EXPECT_EQ(Write("one ", 0), SQLITE_OK);
  EXPECT_EQ(Write("two ", 4), SQLITE_OK);
  EXPECT_EQ(OnDisk(), "");  // neighbours go together
  EXPECT_EQ(file_->pMethods->xSync(file_, SQLITE_SYNC_NORMAL), SQLITE_OK);
  EXPECT_EQ(OnDisk(), "one two ");
  EXPECT_EQ(Write("three", 8), SQLITE_OK);
  EXPECT_EQ(file_->pMethods->xClose(file_), SQLITE_OK);
  file_->pMethods = nullptr;
  EXPECT_EQ(OnDisk(), "one two three");
}

TEST_F(BufferedVfsTest, ReadsAndSizesSeeWhatWasWritten) {
  std::mt19937 random(7);
  const auto below = [&](int limit) { return static_cast<int>(random() % static_cast<unsigned>(limit)); };
  std::string model;
  int64_t next_read = 0;
  int64_t next_write = 0;
  for (int step = 0; step < 20000; ++step) {
    const int64_t size = static_cast<int64_t>(model.size());
    switch (below(8)) {
      case 0:
      case 1:
      case 2: {
        const int64_t offset = below(3) ? next_write : below(600000);
        const std::string bytes(static_cast<size_t>(1 + below(9000)), static_cast<char>('a' + below(26)));
        if (offset > size + 300000) break;
        ASSERT_EQ(Write(bytes, offset), SQLITE_OK);
        model.resize(std::max(model.size(), static_cast<size_t>(offset) + bytes.size()));
        std::copy(bytes.begin(), bytes.end(), model.begin() + offset);
        next_write = (offset + static_cast<int64_t>(bytes.size())) % 900000;
        break;
      }
      case 3:
      case 4:
      case 5: {
        const int64_t offset = below(3) ? next_read : below(600000);
        const int count = 1 + below(9000);
        bool whole = false;
        const std::string got = Read(count, offset, &whole);
        std::string wanted = offset < size ? model.substr(static_cast<size_t>(offset), static_cast<size_t>(count)) : "";
        ASSERT_EQ(whole, wanted.size() == static_cast<size_t>(count)) << step;
        wanted.resize(static_cast<size_t>(count));
        ASSERT_EQ(got, wanted) << step;
        next_read = whole ? offset + count : 0;
        break;
      }
      case 6:
        ASSERT_EQ(Size(), size) << step;
        break;
      case 7: {
        if (below(40)) break;
        const int64_t to = below(static_cast<int>(size) + 1);
        ASSERT_EQ(file_->pMethods->xTruncate(file_, to), SQLITE_OK);
        model.resize(static_cast<size_t>(to));
        break;
      }
    }
  }
  ASSERT_EQ(file_->pMethods->xSync(file_, SQLITE_SYNC_NORMAL), SQLITE_OK);
  EXPECT_EQ(OnDisk(), model);
}

TEST_F(BufferedVfsTest, AWriteThatFailsIsToldOfAtTheLatestBySync) {
  // A device that is always full.
  std::vector<char> memory(static_cast<size_t>(vfs_->szOsFile));
  auto* full = reinterpret_cast<sqlite3_file*>(memory.data());
  int flags = 0;
  ASSERT_EQ(vfs_->xOpen(vfs_, "/dev/full", full, SQLITE_OPEN_READWRITE | SQLITE_OPEN_MAIN_DB, &flags), SQLITE_OK);
  const std::string page(8192, 'p');
  int result = full->pMethods->xWrite(full, page.data(), static_cast<int>(page.size()), 0);
  if (result == SQLITE_OK) result = full->pMethods->xSync(full, SQLITE_SYNC_NORMAL);
  EXPECT_NE(result, SQLITE_OK);
  full->pMethods->xClose(full);
}

}  // namespace
}  // namespace lodestone
