#include "ui/widgets.h"

#include <algorithm>
#include <cmath>

#include "imgui_internal.h"

namespace lodestone::ui {
namespace {

ImRect Bounds(const Rect& rect) { return ImRect(rect.min(), rect.max()); }

struct ButtonColors {
  Color fill;
  Color outline;  // 0: none
  Color text;
};

ButtonColors ColorsOf(const Theme& theme, ButtonLook look, const Hit& hit, bool enabled) {
  const float press = hit.held ? 0.12f : hit.hovered ? 0.06f : 0;
  ButtonColors colors{};
  switch (look) {
    case ButtonLook::kPrimary:
      colors = {Mixed(theme.accent, theme.text, press), 0, theme.on_accent};
      break;
    case ButtonLook::kSecondary:
      colors = {Mixed(theme.surface, theme.text, press * 0.6f), theme.border_strong, theme.text};
      break;
    case ButtonLook::kQuiet:
      colors = {hit.hovered || hit.held ? theme.hover : Faded(theme.hover, 0), 0,
                hit.hovered ? theme.text : theme.muted};
      break;
    case ButtonLook::kDanger:
      colors = {Mixed(theme.danger_soft, theme.danger, press), theme.danger, theme.danger};
      break;
  }
  if (!enabled) {
    colors.fill = Faded(colors.fill, 0.5f);
    colors.text = Faded(colors.text, 0.45f);
    colors.outline = Faded(colors.outline, 0.5f);
  }
  return colors;
}

}  // namespace

Layer::Layer(Frame& frame, const char* name, const Rect& rect)
    : frame_(frame), outer_(frame.canvas) {
  ImGui::SetNextWindowPos(rect.min());
  ImGui::SetNextWindowSize({rect.width, rect.height});
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(0, 0));
  ImGui::PushStyleVar(ImGuiStyleVar_WindowBorderSize, 0.0f);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowMinSize, ImVec2(1, 1));
  ImGui::Begin(name, nullptr,
               ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove |
                   ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoBackground |
                   ImGuiWindowFlags_NoNav | ImGuiWindowFlags_NoScrollWithMouse |
                   ImGuiWindowFlags_NoFocusOnAppearing);
  ImGui::PopStyleVar(3);
  ImGui::BringWindowToDisplayFront(ImGui::GetCurrentWindow());
  frame.canvas = frame.canvas.On(ImGui::GetWindowDrawList());
}

Layer::~Layer() {
  ImGui::End();
  frame_.canvas = outer_;
}

Hit Interact(Frame& frame, WidgetId id, const Rect& rect, bool enabled) {
  Hit hit;
  hit.focused = frame.input.focused == id;
  if (!enabled) return hit;
  if (frame.input.activated == id) {
    frame.input.activated = 0;
    hit.clicked = true;
  }
  const ImRect bounds = Bounds(rect);
  if (!ImGui::ItemAdd(bounds, id)) return hit;
  const bool pressed = ImGui::ButtonBehavior(bounds, id, &hit.hovered, &hit.held);
  hit.clicked = hit.clicked || pressed;
  if (hit.hovered) frame.cursor = Cursor::kPointer;
  return hit;
}

void FocusRing(Frame& frame, const Rect& rect, float radius) {
  frame.canvas.Outline(rect.Inset(-2), frame.theme().accent, radius + 2, 2);
}

float ButtonWidth(Frame& frame, std::string_view label, bool has_icon) {
  return std::ceil(frame.canvas.WidthOf(kControlStrong, label)) + 2 * kSpace4 +
         (has_icon ? 18 + kSpace2 - 2 : 0);
}

bool Button(Frame& frame, WidgetId id, const Rect& rect, std::string_view label,
            const ButtonOptions& options) {
  const Hit hit = Interact(frame, id, rect, options.enabled);
  const ButtonColors colors = ColorsOf(frame.theme(), options.look, hit, options.enabled);
  Canvas& canvas = frame.canvas;
  canvas.Fill(rect, colors.fill, kRadiusSmall + 2);
  if (colors.outline != 0) canvas.Outline(rect, colors.outline, kRadiusSmall + 2);
  const float text_width = canvas.WidthOf(kControlStrong, label);
  const float icon_width = options.icon.has_value() ? 18 + kSpace2 - 2 : 0;
  float x = rect.x + std::floor((rect.width - text_width - icon_width) / 2);
  if (options.icon.has_value()) {
    canvas.DrawIcon(*options.icon, x, rect.y + (rect.height - 18) / 2, 18, colors.text);
    x += icon_width;
  }
  canvas.Text(kControlStrong, x,
              rect.y + std::floor((rect.height - kControlStrong.line_height) / 2), colors.text,
              label);
  if (hit.focused) FocusRing(frame, rect, kRadiusSmall + 2);
  frame.mirror.Add({.id = id,
                    .role = Role::kButton,
                    .name = options.name.empty() ? std::string(label) : options.name,
                    .box = rect.box(),
                    .disabled = !options.enabled,
                    .focusable = options.enabled,
                    .expanded = options.expanded});
  return hit.clicked;
}

bool IconButton(Frame& frame, WidgetId id, const Rect& rect, Icon icon, std::string_view name,
                bool enabled, int8_t expanded) {
  const Hit hit = Interact(frame, id, rect, enabled);
  const Theme& theme = frame.theme();
  if (hit.hovered || hit.held || expanded == 1) {
    frame.canvas.Fill(rect, hit.held ? theme.border : theme.hover, kRadiusSmall + 2);
  }
  const Color color = enabled ? (hit.hovered || expanded == 1 ? theme.text : theme.muted)
                              : Faded(theme.muted, 0.35f);
  const float size = std::min(20.0f, rect.height - 8);
  frame.canvas.DrawIcon(icon, rect.x + (rect.width - size) / 2, rect.y + (rect.height - size) / 2,
                        size, color);
  if (hit.focused) FocusRing(frame, rect, kRadiusSmall + 2);
  frame.mirror.Add({.id = id,
                    .role = Role::kButton,
                    .name = std::string(name),
                    .box = rect.box(),
                    .disabled = !enabled,
                    .focusable = enabled,
                    .expanded = expanded});
  return hit.clicked;
}

float SegmentedWidth(Frame& frame, std::span<const std::string_view> labels) {
  float width = 6;
  for (const std::string_view label : labels)
    width += std::ceil(frame.canvas.WidthOf(kControlStrong, label)) + 26;
  return width;
}

int Segmented(Frame& frame, WidgetId id, const Rect& rect, std::string_view name,
              std::span<const std::string_view> labels, int selected) {
  const Theme& theme = frame.theme();
  Canvas& canvas = frame.canvas;
  canvas.Fill(rect, theme.dark ? theme.surface : theme.hover, kRadius);
  if (theme.dark) canvas.Outline(rect, theme.border, kRadius);
  frame.mirror.Open(
      {.id = id, .role = Role::kRadioGroup, .name = std::string(name), .box = rect.box()});
  const float spare = rect.width - SegmentedWidth(frame, labels);
  int pressed = -1;
  float x = rect.x + 3;
  for (int i = 0; i < static_cast<int>(labels.size()); ++i) {
    const float width = std::ceil(canvas.WidthOf(kControlStrong, labels[i])) + 26 +
                        spare / static_cast<float>(labels.size());
    const Rect part = {x, rect.y + 3, width, rect.height - 6};
    x += width;
    const WidgetId part_id = IdOf(labels[i], id);
    const Hit hit = Interact(frame, part_id, part);
    if (hit.clicked) pressed = i;
    const bool on = i == selected;
    if (on) {
      if (!theme.dark) canvas.Shadow(part, kRadius - 3, 2);
      canvas.Fill(part, theme.dark ? theme.hover : theme.surface, kRadius - 3);
    }
    canvas.TextCentred(on ? kControlStrong : kControl, part,
                       on            ? theme.text
                       : hit.hovered ? theme.text
                                     : theme.muted,
                       labels[i]);
    if (hit.focused) FocusRing(frame, part, kRadius - 3);
    frame.mirror.Add({.id = part_id,
                      .role = Role::kRadio,
                      .name = std::string(labels[i]),
                      .box = part.box(),
                      .focusable = true,
                      .checked = static_cast<int8_t>(on)});
  }
  frame.mirror.Close();
  return pressed;
}

bool Switch(Frame& frame, WidgetId id, const Rect& rect, std::string_view label, bool on) {
  const Theme& theme = frame.theme();
  const Hit hit = Interact(frame, id, rect);
  const Rect track = {rect.x, rect.y + (rect.height - 20) / 2, 34, 20};
  frame.canvas.Fill(track, on ? theme.accent : theme.border_strong, 10);
  const float knob = on ? track.right() - 10 : track.x + 10;
  frame.canvas.list()->AddCircleFilled({knob, track.y + 10}, 7.5f,
                                       on ? theme.on_accent : theme.surface);
  frame.canvas.Text(kControl, track.right() + kSpace2 + 2,
                    rect.y + (rect.height - kControl.line_height) / 2,
                    hit.hovered ? theme.text : theme.muted, label, rect.width - 34 - kSpace3);
  if (hit.focused) FocusRing(frame, track, 10);
  frame.mirror.Add({.id = id,
                    .role = Role::kSwitch,
                    .name = std::string(label),
                    .box = rect.box(),
                    .focusable = true,
                    .checked = static_cast<int8_t>(on)});
  return hit.clicked;
}

void ProgressBar(Frame& frame, WidgetId id, const Rect& rect, std::string_view name, float part) {
  part = std::clamp(part, 0.0f, 1.0f);
  const Theme& theme = frame.theme();
  frame.canvas.Fill(rect, theme.border, rect.height / 2);
  const float filled = std::max(rect.height, std::round(rect.width * part));
  if (part > 0)
    frame.canvas.Fill({rect.x, rect.y, filled, rect.height}, theme.accent, rect.height / 2);
  frame.mirror.Add({.id = id,
                    .role = Role::kProgress,
                    .name = std::string(name),
                    .box = rect.box(),
                    .value = part});
}

ScrollArea::ScrollArea(Frame& frame, WidgetId id, const Rect& rect, double content_height,
                       ScrollState* state)
    : frame_(frame), id_(id), rect_(rect), state_(state) {
  state->SetExtent(content_height, rect.height);
  const bool over = ImGui::IsWindowHovered(ImGuiHoveredFlags_AllowWhenBlockedByActiveItem) &&
                    rect.Contains(ImGui::GetIO().MousePos);
  Input& input = frame.input;
  if (over && input.wheel != 0) {
    state->Wheel(input.wheel, input.wheel_precise);
    input.wheel = 0;
  }
  if (over && input.fling != 0) {
    state->Fling(input.fling);
    input.fling = 0;
  }
  if (input.reveal == id) {
    state->JumpTo(state->position() + input.reveal_by);
    input.reveal = 0;
  }
  if (state->Tick(frame.elapsed_ms, frame.reduced_motion)) frame.moving = true;
  ImGui::PushClipRect(rect.min(), rect.max(), true);
}

ScrollArea::~ScrollArea() {
  if (state_->moving()) frame_.moving = true;
  Bar();
  ImGui::PopClipRect();
}

void ScrollArea::Bar() {
  if (state_->limit() <= 0 || rect_.height <= 0) return;
  constexpr float kTrack = 12;
  constexpr float kShortest = 36;
  const Rect track = {rect_.right() - kTrack, rect_.y + 2, kTrack, rect_.height - 4};
  const auto part = static_cast<float>(state_->viewport() / state_->content());
  const float length = std::max(kShortest, track.height * part);
  const float room = track.height - length;
  const WidgetId id = IdOf("bar", id_);
  // The bar is for the pointer; keys and assistive technology scroll by other means.
  const ImRect bounds = Bounds(track);
  bool hovered = false;
  bool held = false;
  if (ImGui::ItemAdd(bounds, id))
    ImGui::ButtonBehavior(bounds, id, &hovered, &held, ImGuiButtonFlags_PressedOnClick);
  const float pointer = ImGui::GetIO().MousePos.y;
  if (held && room > 0) {
    if (ImGui::IsMouseClicked(ImGuiMouseButton_Left)) {
      const float offset =
          pointer - track.y - room * static_cast<float>(state_->position() / state_->limit());
      // Beside the thumb, it comes to the pointer.
      state_->grip = offset >= 0 && offset <= length ? offset : length / 2;
    }
    const float at = (pointer - track.y - state_->grip) / room;
    state_->JumpTo(state_->limit() * static_cast<double>(std::clamp(at, 0.0f, 1.0f)));
  }
  const float top = track.y + room * static_cast<float>(state_->position() / state_->limit());
  const float thickness = hovered || held ? 8 : 6;
  const Theme& theme = frame_.theme();
  frame_.canvas.Fill({track.right() - thickness - 2, top, thickness, length},
                     hovered || held ? theme.faint : theme.border_strong, thickness / 2);
}

void MirrorText(Frame& frame, WidgetId id, const Rect& rect, std::string text, Role role) {
  frame.mirror.Add({.id = id, .role = role, .text = std::move(text), .box = rect.box()});
}

}  // namespace lodestone::ui
