#include "engine/file_list.h"

#include <algorithm>
#include <utility>

#include "text/extract.h"

namespace lodestone {
namespace {

using protocol::FileState;

bool Ended(FileState state) {
  return state == FileState::kReady || state == FileState::kFailed || state == FileState::kCancelled;
}

}  // namespace

protocol::LibraryEntry* FileList::Find(const std::string& path) {
  const auto found = by_path_.find(path);
  return found == by_path_.end() ? nullptr : &entries_[found->second];
}

void FileList::BeginRun() { run_total_ = run_done_ = run_failed_ = 0; }

void FileList::Queue(const std::string& path, uint64_t size_bytes) {
  protocol::LibraryEntry* entry = Find(path);
  if (!entry) {
    by_path_[path] = entries_.size();
    entries_.emplace_back();
    entry = &entries_.back();
    entry->path = path;
  } else if (entry->state == FileState::kFailed) {
    --failed_;
  }
  entry->state = FileState::kQueued;
  entry->reason.clear();
  entry->warning.clear();
  entry->size_bytes = size_bytes;
  entry->passages = 0;
  ++run_total_;
  ++version_;
}

void FileList::SetState(const std::string& path, FileState state, std::string reason) {
  protocol::LibraryEntry* entry = Find(path);
  if (!entry) return;
  if (!Ended(entry->state) && Ended(state)) {
    ++run_done_;
    if (state == FileState::kFailed) ++run_failed_;
  }
  if (entry->state == FileState::kFailed) --failed_;
  if (state == FileState::kFailed) ++failed_;
  entry->state = state;
  entry->reason = std::move(reason);
  ++version_;
}

void FileList::AddPassages(const std::string& path, uint32_t count) {
  if (protocol::LibraryEntry* entry = Find(path)) entry->passages += count;
}

void FileList::SetTitle(const std::string& path, std::string title) {
  if (protocol::LibraryEntry* entry = Find(path)) entry->title = std::move(title);
}

void FileList::SetWarning(const std::string& path, std::string warning) {
  if (protocol::LibraryEntry* entry = Find(path)) entry->warning = std::move(warning);
}

void FileList::AddStored(const std::string& path, const std::string& title, uint64_t size_bytes,
                         uint32_t passages, const std::string& warning) {
  if (protocol::LibraryEntry* entry = Find(path)) {  // a further record of the same file
    entry->passages += passages;
    entry->size_bytes += size_bytes;
    return;
  }
  by_path_[path] = entries_.size();
  protocol::LibraryEntry entry;
  entry.path = path;
  entry.title = title;
  entry.state = FileState::kReady;
  entry.size_bytes = size_bytes;
  entry.passages = passages;
  entry.warning = warning;
  entries_.push_back(std::move(entry));
  ++version_;
}

void FileList::Remove(const std::string& path) {
  const auto found = by_path_.find(path);
  if (found == by_path_.end()) return;
  protocol::LibraryEntry& entry = entries_[found->second];
  if (entry.state == FileState::kFailed) --failed_;
  if (!Ended(entry.state)) ++run_done_;
  entry = {};
  by_path_.erase(found);
  ++removed_;
  ++version_;
  if (removed_ < 64 || removed_ * 2 < entries_.size()) return;
  std::erase_if(entries_, [](const protocol::LibraryEntry& e) { return e.path.empty(); });
  removed_ = 0;
  for (size_t i = 0; i < entries_.size(); ++i) by_path_[entries_[i].path] = i;
}

std::vector<std::string> FileList::Paths() const {
  std::vector<std::string> paths;
  for (const protocol::LibraryEntry& entry : entries_) {
    if (!entry.path.empty()) paths.push_back(entry.path);
  }
  return paths;
}

void FileList::Clear() {
  const uint32_t version = version_ + 1;
  *this = {};
  version_ = version;
}

protocol::ListLibraryReply FileList::List(uint32_t offset, uint32_t count, bool only_failed) const {
  protocol::ListLibraryReply reply;
  reply.total = static_cast<uint32_t>(entries_.size() - removed_);
  reply.failed_total = failed_;
  reply.offset = offset;
  count = std::min<uint32_t>(count, 1000);
  uint32_t position = 0;
  // Without gaps the wanted page starts right at its offset.
  size_t i = 0;
  if (!only_failed && removed_ == 0) {
    i = std::min<size_t>(offset, entries_.size());
    position = static_cast<uint32_t>(i);
  }
  for (; i < entries_.size() && reply.entries.size() < count; ++i) {
    const protocol::LibraryEntry& entry = entries_[i];
    if (entry.path.empty() || (only_failed && entry.state != FileState::kFailed)) continue;
    if (position++ >= offset) reply.entries.push_back(entry);
  }
  return reply;
}

std::string FileOfDocument(const std::string& document_path) {
  // Only a record's path goes on after a '#', and only behind a name that holds records.
  for (size_t at = document_path.find('#'); at != std::string::npos; at = document_path.find('#', at + 1)) {
    const std::string file = document_path.substr(0, at);
    const Format format = DetectFormat(file);
    if (format == Format::kJsonLines || format == Format::kCsv) return file;
  }
  return document_path;
}

}  // namespace lodestone
