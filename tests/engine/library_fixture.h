#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "tests/engine/engine_fixture.h"
#include "tests/store/store_fixture.h"

namespace lodestone {

// A whole engine with its library in a file that tests may handle between its runs.
class LibraryTest : public EngineTest {
 protected:
  LibraryTest() {
    place_ = {path(), "opfs", folder_ / ""};
    End();
    Start();
    LoadModel();
  }
  std::string path() const { return folder_ / "library.sqlite"; }
  // With what `sql` does to the file in between.
  void Restart(const std::string& sql = "") {
    End();
    Sql(sql);
    Start();
    LoadModel();
    WaitIdle();
  }
  void Sql(const std::string& sql) {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(path().c_str(), &handle), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(handle);
    sqlite3_close(handle);
  }
  std::string ReadFile() const {
    std::ifstream file(path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::vector<std::string> Find(const std::string& text, protocol::SearchMode mode = protocol::SearchMode::kLexical) {
    std::vector<std::string> paths;
    for (const auto& hit : Search(text, mode).results) paths.push_back(hit.path);
    std::sort(paths.begin(), paths.end());
    return paths;
  }
  std::string Export(bool damaged = false) {
    const auto reply = Ask<protocol::ExportReply>(protocol::Export{damaged});
    std::string bytes;
    while (bytes.size() < reply.size_bytes) {
      const auto piece = Ask<protocol::ReadExportReply>(protocol::ReadExport{reply.export_id, bytes.size(), 100'000});
      if (piece.bytes.empty()) break;
      bytes += piece.bytes;
    }
    EXPECT_EQ(bytes.size(), reply.size_bytes);
    Ask<protocol::Ack>(protocol::EndExport{reply.export_id});
    return bytes;
  }
  protocol::Import ImportOf(const std::string& bytes, bool replace) {
    return {files_.Put(bytes).value, bytes.size(), replace};
  }
  std::vector<std::string> Notices() const {
    std::vector<std::string> texts;
    for (const Sent& sent : sent_) {
      if (sent.type == protocol::MessageType::kNotice) texts.push_back(protocol::Decode<protocol::Notice>(sent.bytes).value().text);
    }
    return texts;
  }

  TemporaryFolder folder_;
};

}  // namespace lodestone
