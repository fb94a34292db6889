#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/ids.h"
#include "engine/file_list.h"
#include "engine/library.h"

namespace lodestone {

// What a walk through a folder has come by, so that at its end it is known what is gone from the folder.
// Thread: coordinator.
class FolderScans {
 public:
  struct Gone {
    std::vector<DocumentId> documents;
    std::vector<std::string> files;
    uint32_t renamed = 0;  // of the documents: their content came under another path
  };

  void Saw(uint32_t scan, const std::string& path);
  void Added(uint32_t scan, const std::string& content_hash);
  // What the library has of `root` and the walk did not meet, and forgets the walk. What lies under one of
  // `unlisted`, folders that could not be read, is not gone.
  Gone Finish(uint32_t scan, const std::string& root, const std::vector<std::string>& unlisted, const Library& library,
              const FileList& files);

 private:
  struct Scan {
    std::unordered_set<std::string> paths;
    std::unordered_set<std::string> added_hashes;
  };
  std::map<uint32_t, Scan> scans_;  // oldest first
};

}  // namespace lodestone
