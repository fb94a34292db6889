#pragma once

#include <vector>

#include "ui/frame.h"
#include "ui/library_panel.h"
#include "ui/preview.h"
#include "ui/result_list.h"

namespace lodestone::ui {

// The keys that the page hands over; others stay with the browser.
enum class Key : uint8_t {
  kUp,
  kDown,
  kEnter,
  kEscape,
  kPageUp,
  kPageDown,
  kHome,
  kEnd,
  kSlash,
  kFocus,
  kLibrary,
  kCopy
};

// The whole page: where each panel goes, and what keys do.
// Thread: one only.
class AppView {
 public:
  // REQUIRES: between ImGui::NewFrame and ImGui::Render.
  void Draw(Frame& frame);
  // What the key does, as actions; false leaves it to the browser.
  bool OnKey(Key key, bool in_field, const UiState& state, std::vector<Action>* actions);

 private:
  void DrawMain(Frame& frame, const Rect& rect);
  void DrawSearchError(Frame& frame, const Rect& rect);

  ResultList results_;
  PreviewPane preview_;
  LibraryPanel library_;
};

}  // namespace lodestone::ui
