#pragma once

#include <cstdint>
#include <vector>

#include "base/ids.h"
#include "engine/context.h"
#include "index/posting_index.h"

namespace lodestone {

// Keeps the library's words in memory: loads those of what is at rest, and tidies up behind additions and removals.
// Thread: coordinator.
class WordKeeper {
 public:
  explicit WordKeeper(EngineContext* context) : context_(context) {}

  // The library is another one: the words of what it has now are due.
  void Restart();
  // Loads what is due; what was stored since brought its words along.
  void LoadDue() {
    if (under_way_ == 0) LoadNext();
  }
  // Words were added, or passages removed.
  void Tidy();

 private:
  struct Row {
    PassageId passage;
    DocumentId document;
  };
  void LoadNext();
  std::vector<Row> NextRows();
  void Load(std::vector<Row> rows);

  EngineContext* context_;
  uint64_t generation_ = 0;
  uint32_t next_ = 0;   // passages before this one are loaded or on their way
  uint32_t limit_ = 0;  // what is stored from here on brings its words along
  size_t under_way_ = 0;
  bool merging_ = false;
};

}  // namespace lodestone
