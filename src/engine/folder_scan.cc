#include "engine/folder_scan.h"

#include <algorithm>
#include <utility>

namespace lodestone {
namespace {

// Walks that were given up are never finished.
constexpr size_t kMaxScans = 64;

bool IsUnder(const std::string& path, const std::string& folder) {
  return path == folder || (path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/');
}

}  // namespace

void FolderScans::Saw(uint32_t scan, const std::string& path) {
  scans_[scan].paths.insert(path);
  if (scans_.size() > kMaxScans) scans_.erase(scans_.begin());
}

void FolderScans::Added(uint32_t scan, const std::string& content_hash) {
  const auto found = scans_.find(scan);
  if (found != scans_.end()) found->second.added_hashes.insert(content_hash);
}

FolderScans::Gone FolderScans::Finish(uint32_t scan, const std::string& root, const std::vector<std::string>& unlisted,
                                      const Library& library, const FileList& files) {
  Gone gone;
  const Scan seen = std::exchange(scans_[scan], {});
  scans_.erase(scan);
  const auto is_gone = [&](const std::string& file) {
    return IsUnder(file, root) && file != root && !seen.paths.contains(file) &&
           std::none_of(unlisted.begin(), unlisted.end(), [&](const std::string& folder) { return IsUnder(file, folder); });
  };
  for (const auto& [id, record] : library.documents()) {
    if (!is_gone(FileOfDocument(record.path))) continue;
    gone.documents.push_back(id);
    if (seen.added_hashes.contains(record.content_hash)) ++gone.renamed;
  }
  for (const std::string& file : files.Paths()) {
    if (is_gone(file)) gone.files.push_back(file);
  }
  std::sort(gone.documents.begin(), gone.documents.end());
  return gone;
}

}  // namespace lodestone
