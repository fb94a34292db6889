#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "imgui.h"
#include "ui/action.h"
#include "ui/draw.h"
#include "ui/fonts.h"
#include "ui/mirror.h"
#include "ui/scroll.h"
#include "ui/state.h"
#include "ui/theme.h"

namespace lodestone::ui {

// What came in since the last frame, beside what ImGui itself is told.
struct Input {
  float wheel = 0;  // CSS pixels down
  bool wheel_precise = false;
  float fling = 0;         // CSS pixels per second, when a finger let go
  WidgetId activated = 0;  // by keyboard or by assistive technology
  WidgetId focused = 0;    // the mirror element that has the keyboard's focus
  WidgetId reveal = 0;     // an element whose box was asked to be scrolled into view...
  float reveal_by = 0;     // ...by this much
};

enum class Cursor : uint8_t { kDefault, kPointer, kText };

// One frame being drawn: what panels read, and where they say what people did.
struct Frame {
  Canvas canvas;
  const UiState& state;
  Mirror& mirror;
  Input& input;
  std::vector<Action>& actions;
  float width = 0;
  float height = 0;
  double elapsed_ms = 0;
  bool reduced_motion = false;
  bool narrow = false;
  bool field_focused = false;
  bool moving = false;  // something asks for another frame
  Cursor cursor = Cursor::kDefault;
  Rect field = {};  // where the page's text field belongs; empty: nowhere

  const Theme& theme() const { return canvas.theme(); }
  void Do(ActionKind kind, int32_t number = 0, int32_t other = 0, std::string text = {}) {
    actions.push_back({kind, number, other, std::move(text)});
  }
};

// An ImGui window without any look of its own; layers opened later lie above.
class Layer {
 public:
  Layer(Frame& frame, const char* name, const Rect& rect);
  ~Layer();
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;

 private:
  Frame& frame_;
  Canvas outer_;
};

}  // namespace lodestone::ui
