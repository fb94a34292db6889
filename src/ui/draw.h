#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "imgui.h"
#include "ui/fonts.h"
#include "ui/mirror.h"
#include "ui/text_layout.h"
#include "ui/theme.h"

namespace lodestone::ui {

struct Rect {
  float x = 0;
  float y = 0;
  float width = 0;
  float height = 0;
  float right() const { return x + width; }
  float bottom() const { return y + height; }
  ImVec2 min() const { return {x, y}; }
  ImVec2 max() const { return {x + width, y + height}; }
  Rect Inset(float by) const { return {x + by, y + by, width - 2 * by, height - 2 * by}; }
  Box box() const { return {x, y, width, height}; }
  bool Contains(ImVec2 point) const {
    return point.x >= x && point.x < right() && point.y >= y && point.y < bottom();
  }
};

enum class Icon : uint8_t {
  kSearch,
  kClose,
  kLibrary,
  kFolder,
  kFile,
  kText,
  kPause,
  kPlay,
  kStop,
  kTrash,
  kCheck,
  kWarning,
  kInfo,
  kUp,
  kDown,
  kBack,
  kLock,
  kLodestone,
  kRefresh,
};

// An opaque rectangle in CSS pixels, as the data of a draw list's callback.
struct Ground {
  Rect rect;
  Color color = 0;
};

// Draws text, icons and surfaces into a draw list.
// Thread: one only.
class Canvas {
 public:
  // `clear_ground` paints a Ground within its command's clip rectangle, cheaper than triangles; null where nobody does.
  Canvas(ImDrawList* list, Fonts* fonts, const Theme* theme, ImDrawCallback clear_ground = nullptr)
      : list_(list), fonts_(fonts), theme_(theme), clear_ground_(clear_ground) {}

  // The same for another list.
  Canvas On(ImDrawList* list) const { return {list, fonts_, theme_, clear_ground_}; }
  ImDrawList* list() { return list_; }
  Fonts& fonts() { return *fonts_; }
  const Theme& theme() const { return *theme_; }

  void Fill(const Rect& rect, Color color, float radius = 0);
  void Outline(const Rect& rect, Color color, float radius = 0, float thickness = 1);
  // A soft shadow under a raised surface.
  void Shadow(const Rect& rect, float radius, float spread);
  void HorizontalLine(float x0, float x1, float y, Color color);
  void VerticalLine(float x, float y0, float y1, Color color);

  // One line, cut with an ellipsis at `max_width` if that is positive; returns its width.
  // `y` is the top of the line box.
  float Text(const TextStyle& style, float x, float y, Color color, std::string_view text,
             float max_width = 0, bool keep_end = false);
  // One line in the middle of `rect`.
  void TextCentred(const TextStyle& style, const Rect& rect, Color color, std::string_view text);
  // Wrapped text; returns its height.
  float Paragraph(const TextStyle& style, float x, float y, float width, Color color,
                  std::string_view text, bool centred = false);
  float ParagraphHeight(const TextStyle& style, float width, std::string_view text);
  float WidthOf(const TextStyle& style, std::string_view text);
  // A placed line; `inks` are in order and do not overlap.
  void Glyphs(const TextStyle& style, float x, float y, Color color,
              std::span<const PlacedGlyph> glyphs, std::span<const InkSpan> inks = {});

  void DrawIcon(Icon icon, float x, float y, float size, Color color);

 private:
  float SnapY(float y) const;

  ImDrawList* list_;
  Fonts* fonts_;
  const Theme* theme_;
  ImDrawCallback clear_ground_;
};

}  // namespace lodestone::ui
