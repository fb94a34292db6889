#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ui/frame.h"

namespace lodestone::ui {

struct Hit {
  bool hovered = false;
  bool held = false;
  bool clicked = false;
  bool focused = false;
};

// Pointer and keyboard on a rectangle of the current layer.
Hit Interact(Frame& frame, WidgetId id, const Rect& rect, bool enabled = true);
// The ring around what the keyboard is on.
void FocusRing(Frame& frame, const Rect& rect, float radius);

enum class ButtonLook : uint8_t { kPrimary, kSecondary, kQuiet, kDanger };

struct ButtonOptions {
  ButtonLook look = ButtonLook::kSecondary;
  std::optional<Icon> icon = {};
  bool enabled = true;
  int8_t expanded = -1;
  std::string name = {};  // for the mirror, where it differs from the label
};

inline constexpr float kButtonHeight = 36;
float ButtonWidth(Frame& frame, std::string_view label, bool has_icon);
// Draws, mirrors and answers whether it was pressed.
bool Button(Frame& frame, WidgetId id, const Rect& rect, std::string_view label,
            const ButtonOptions& options = {});
bool IconButton(Frame& frame, WidgetId id, const Rect& rect, Icon icon, std::string_view name,
                bool enabled = true, int8_t expanded = -1);
// A row of choices; the index of the one that was pressed, or -1.
int Segmented(Frame& frame, WidgetId id, const Rect& rect, std::string_view name,
              std::span<const std::string_view> labels, int selected);
float SegmentedWidth(Frame& frame, std::span<const std::string_view> labels);
bool Switch(Frame& frame, WidgetId id, const Rect& rect, std::string_view label, bool on);
// `part` from 0 to 1.
void ProgressBar(Frame& frame, WidgetId id, const Rect& rect, std::string_view name, float part);

// A scrolled area: wheel, fling, scroll bar and clipping. What is drawn until End is shifted by
// `state.position()` by the caller.
class ScrollArea {
 public:
  ScrollArea(Frame& frame, WidgetId id, const Rect& rect, double content_height,
             ScrollState* state);
  ~ScrollArea();
  ScrollArea(const ScrollArea&) = delete;
  ScrollArea& operator=(const ScrollArea&) = delete;

 private:
  void Bar();

  Frame& frame_;
  WidgetId id_;
  Rect rect_;
  ScrollState* state_;
};

// Mirrors a piece of plain text.
void MirrorText(Frame& frame, WidgetId id, const Rect& rect, std::string text,
                Role role = Role::kParagraph);

}  // namespace lodestone::ui
