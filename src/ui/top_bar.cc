#include <algorithm>
#include <array>
#include <cmath>

#include "ui/chrome.h"
#include "ui/format.h"
#include "ui/widgets.h"

namespace lodestone::ui {
namespace {

constexpr std::array<std::string_view, 3> kModes = {"Hybrid", "Meaning", "Words"};
constexpr float kFieldHeight = 48;

void DrawField(Frame& frame, const Rect& field) {
  Canvas& canvas = frame.canvas;
  const Theme& theme = frame.theme();
  const SearchState& search = frame.state.search;
  if (frame.field_focused) {
    canvas.Fill(field.Inset(-3), Faded(theme.accent, 0.22f), kRadius + 5);
  } else {
    canvas.Shadow(field, kRadius + 2, 3);
  }
  canvas.Fill(field, theme.surface, kRadius + 2);
  canvas.Outline(field, frame.field_focused ? theme.accent : theme.border_strong, kRadius + 2,
                 frame.field_focused ? 1.5f : 1.0f);
  canvas.DrawIcon(Icon::kSearch, field.x + 14, field.y + 14, 20,
                  frame.field_focused ? theme.accent : theme.muted);
  const bool filled = !search.text.empty();
  const float clear = filled ? 40 : 12;
  frame.field = {field.x + 44, field.y + 1, field.width - 44 - clear, field.height - 2};
  frame.mirror.Add({.id = IdOf("search"), .role = Role::kSearchBox, .box = frame.field.box()});
  if (filled && IconButton(frame, IdOf("clear"), {field.right() - 40, field.y + 8, 32, 32},
                           Icon::kClose, "Clear search")) {
    frame.Do(ActionKind::kClearQuery);
  }
}

void DrawModes(Frame& frame, const Rect& rect) {
  const int pressed = Segmented(frame, IdOf("modes"), rect, "Search mode", kModes,
                                static_cast<int>(frame.state.search.mode));
  if (pressed >= 0) frame.Do(ActionKind::kSetMode, pressed);
}

void DrawLibraryButton(Frame& frame, const Rect& rect, bool compact) {
  const LibraryState& library = frame.state.library;
  const auto expanded = static_cast<int8_t>(library.open);
  const WidgetId id = IdOf("library_button");
  const bool pressed =
      compact ? IconButton(frame, id, rect, Icon::kLibrary, "Library", true, expanded)
              : Button(frame, id, rect, "Library",
                       {.look = ButtonLook::kQuiet, .icon = Icon::kLibrary, .expanded = expanded});
  if (pressed) frame.Do(ActionKind::kToggleLibrary);
  // A dot while files are coming in, red once one has failed.
  const auto& engine = frame.state.engine;
  if (engine.has_value() && (frame.state.indexing() || engine->files_failed > 0)) {
    const Color ink = engine->files_failed > 0 ? frame.theme().danger : frame.theme().accent;
    frame.canvas.list()->AddCircleFilled({rect.x + (compact ? rect.width - 8 : 31), rect.y + 9}, 4,
                                         ink);
  }
}

}  // namespace

float TopBarHeight(const Frame& frame) { return frame.narrow ? 116 : 80; }

void DrawTopBar(Frame& frame, const Rect& rect) {
  Canvas& canvas = frame.canvas;
  const Theme& theme = frame.theme();
  canvas.HorizontalLine(rect.x, rect.right(), rect.bottom() - 1, theme.border);
  if (frame.narrow) {
    DrawField(frame, {rect.x + kSpace3, rect.y + 10, rect.width - 2 * kSpace3, kFieldHeight});
    const float y = rect.y + 68;
    const float library = 40;
    DrawModes(frame, {rect.x + kSpace3, y, rect.width - 2 * kSpace3 - library - kSpace2, 38});
    DrawLibraryButton(frame, {rect.right() - kSpace3 - library, y, library, 38}, true);
    return;
  }
  const float middle = rect.y + rect.height / 2;
  float x = rect.x + kSpace5;
  canvas.DrawIcon(Icon::kLodestone, x, middle - 14, 28, theme.accent);
  x += 28 + kSpace2 + 2;
  const bool roomy = rect.width >= 1000;
  if (roomy)
    x += canvas.Text(kTitle, x, middle - 12, theme.text, "Lodestone") + kSpace5;
  else
    x += kSpace2;
  const float library = ButtonWidth(frame, "Library", true);
  const float modes = SegmentedWidth(frame, kModes);
  float right = rect.right() - kSpace4 - library;
  const Rect library_place = {right, middle - 19, library, 38};
  right -= kSpace3 + modes;
  const Rect modes_place = {right, middle - 20, modes, 40};
  right -= kSpace4;
  DrawField(frame, {x, middle - kFieldHeight / 2, std::min(right - x, 820.0f), kFieldHeight});
  DrawModes(frame, modes_place);
  DrawLibraryButton(frame, library_place, false);
}

}  // namespace lodestone::ui
