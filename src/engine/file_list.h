#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "protocol/messages.h"

namespace lodestone {

// The state of every file of the library panel, in the order in which they came. Thread: coordinator.
class FileList {
 public:
  // Adds the file, or resets its entry.
  void Queue(const std::string& path, uint64_t size_bytes);
  void SetState(const std::string& path, protocol::FileState state, std::string reason = {});
  void AddPassages(const std::string& path, uint32_t count);
  void SetTitle(const std::string& path, std::string title);
  void SetWarning(const std::string& path, std::string warning);
  // A file that the store already holds.
  void AddStored(const std::string& path, const std::string& title, uint64_t size_bytes, uint32_t passages,
                 const std::string& warning);
  std::vector<std::string> Paths() const;
  bool Has(const std::string& path) const { return by_path_.contains(path); }
  void Remove(const std::string& path);
  void Clear();
  // Forgets the counts of the run that has ended.
  void BeginRun();

  protocol::ListLibraryReply List(uint32_t offset, uint32_t count, bool only_failed) const;
  uint32_t version() const { return version_; }
  uint32_t run_total() const { return run_total_; }
  uint32_t run_done() const { return run_done_; }
  uint32_t run_failed() const { return run_failed_; }

 private:
  protocol::LibraryEntry* Find(const std::string& path);

  std::vector<protocol::LibraryEntry> entries_;  // removed ones have an empty path
  std::unordered_map<std::string, size_t> by_path_;
  size_t removed_ = 0;
  uint32_t failed_ = 0;
  uint32_t version_ = 0;
  uint32_t run_total_ = 0;
  uint32_t run_done_ = 0;
  uint32_t run_failed_ = 0;
};

// The file that a document's path belongs to: the part before a record's '#'.
std::string FileOfDocument(const std::string& document_path);

}  // namespace lodestone
