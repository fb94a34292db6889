#pragma once

#include "ui/frame.h"
#include "ui/scroll.h"

namespace lodestone::ui {

// The drawer that lists what has been added, with its state and what can be done with it.
// Thread: one only.
class LibraryPanel {
 public:
  void Draw(Frame& frame, const Rect& rect);
  void PageBy(int pages) { scroll_.GlideTo(scroll_.goal() + pages * scroll_.viewport() * 0.9); }

 private:
  float DrawHeader(Frame& frame, const Rect& rect);
  float DrawActions(Frame& frame, const Rect& rect);
  void DrawRows(Frame& frame, const Rect& rect);
  void DrawRow(Frame& frame, uint32_t index, const protocol::LibraryEntry& entry, const Rect& rect);
  void DrawFooter(Frame& frame, const Rect& rect);

  ScrollState scroll_;
  uint32_t needed_first_ = UINT32_MAX;
  uint32_t needed_last_ = UINT32_MAX;
};

// "312 of 5,000 files, about 2 min left"; what the status line says too.
std::string ProgressText(const UiState& state);
float ProgressPart(const UiState& state);

}  // namespace lodestone::ui
