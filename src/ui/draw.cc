#include "ui/draw.h"

#include <array>
#include <cmath>

#include "imgui_internal.h"

namespace lodestone::ui {
namespace {

// Below this, a clear of its own costs more than the blending that it saves.
constexpr float kMinGroundPx = 100 * 100;

}  // namespace

float Canvas::SnapY(float y) const { return std::round(y * fonts_->density()) / fonts_->density(); }

void Canvas::Fill(const Rect& rect, Color color, float radius) {
  const Rect middle = {rect.x, rect.y + radius, rect.width, rect.height - 2 * radius};
  const bool opaque = color >> 24 == 0xFF;
  if (clear_ground_ == nullptr || !opaque || middle.height <= 0 || middle.width * middle.height < kMinGroundPx) {
    list_->AddRectFilled(rect.min(), rect.max(), color, radius);
    return;
  }
  Ground ground{middle, color};
  list_->AddCallback(clear_ground_, &ground, sizeof(ground));
  if (radius <= 0) return;
  list_->AddRectFilled(rect.min(), {rect.right(), middle.y}, color, radius, ImDrawFlags_RoundCornersTop);
  list_->AddRectFilled({rect.x, middle.bottom()}, rect.max(), color, radius, ImDrawFlags_RoundCornersBottom);
}

void Canvas::Outline(const Rect& rect, Color color, float radius, float thickness) {
  list_->AddRect(rect.min(), rect.max(), color, radius, 0, thickness);
}

void Canvas::Shadow(const Rect& rect, float radius, float spread) {
  // Layers add up to a falling curve; more of them for a wider one, so that no step shows.
  const int layers = spread < 6 ? 3 : 8;
  const auto draw = [&] {
    for (int i = layers; i >= 1; --i) {
      const float grow = spread * static_cast<float>(i) / static_cast<float>(layers);
      const Rect layer = {rect.x - grow, rect.y - grow + spread * 0.3f, rect.width + 2 * grow,
                          rect.height + 2 * grow};
      list_->AddRectFilled(layer.min(), layer.max(), Faded(theme_->shadow, 0.8f / static_cast<float>(layers)),
                           radius + grow);
    }
  };
  const Rect covered = {rect.x, rect.y + radius, rect.width, rect.height - 2 * radius};
  if (covered.width * covered.height < kMinGroundPx) return draw();
  // What the surface will cover is left out: the layers of a large one would be most of a frame's pixels.
  const float reach = spread * 1.3f;
  const Rect all = {rect.x - reach, rect.y - reach, rect.width + 2 * reach, rect.height + 2 * reach};
  for (const Rect& band : std::array<Rect, 4>{{{all.x, all.y, all.width, covered.y - all.y},
                                               {all.x, covered.bottom(), all.width, all.bottom() - covered.bottom()},
                                               {all.x, covered.y, covered.x - all.x, covered.height},
                                               {covered.right(), covered.y, all.right() - covered.right(), covered.height}}}) {
    list_->PushClipRect(band.min(), band.max(), true);
    draw();
    list_->PopClipRect();
  }
}

void Canvas::HorizontalLine(float x0, float x1, float y, Color color) {
  Fill({x0, SnapY(y), x1 - x0, 1}, color);
}

void Canvas::VerticalLine(float x, float y0, float y1, Color color) {
  Fill({SnapY(x), y0, 1, y1 - y0}, color);
}

float Canvas::WidthOf(const TextStyle& style, std::string_view text) {
  return MeasureText(text, fonts_->Measure(style));
}

void Canvas::Glyphs(const TextStyle& style, float x, float y, Color color,
                    std::span<const PlacedGlyph> glyphs, std::span<const InkSpan> inks) {
  ImFontBaked* baked = fonts_->Baked(style);
  // Loading a glyph may replace the atlas texture, so all are loaded before space is reserved.
  int visible = 0;
  for (const PlacedGlyph& glyph : glyphs) {
    const ImFontGlyph* shape = baked->FindGlyph(static_cast<ImWchar>(glyph.glyph));
    if (shape != nullptr && shape->Visible && glyph.advance > 0) ++visible;
  }
  if (visible == 0) return;
  const float top = y + std::floor((style.line_height - (baked->Ascent - baked->Descent)) / 2);
  list_->PrimReserve(visible * 6, visible * 4);
  size_t ink = 0;
  for (const PlacedGlyph& glyph : glyphs) {
    const ImFontGlyph* shape = baked->FindGlyph(static_cast<ImWchar>(glyph.glyph));
    if (shape == nullptr || !shape->Visible || glyph.advance <= 0) continue;
    Color tint = color;
    // Visual order differs from byte order in right-to-left runs, so the search may go back.
    while (ink > 0 && glyph.start < inks[ink - 1].end) --ink;
    while (ink < inks.size() && inks[ink].end <= glyph.start) ++ink;
    if (ink < inks.size() && inks[ink].start <= glyph.start) tint = inks[ink].color;
    if (shape->Colored) tint |= 0x00FFFFFF;
    const float left = x + glyph.x + shape->X0;
    const float upper = SnapY(top + shape->Y0);
    list_->PrimRectUV({left, upper}, {left + shape->X1 - shape->X0, upper + shape->Y1 - shape->Y0},
                      {shape->U0, shape->V0}, {shape->U1, shape->V1}, tint);
  }
}

float Canvas::Text(const TextStyle& style, float x, float y, Color color, std::string_view text,
                   float max_width, bool keep_end) {
  TextMeasure& measure = fonts_->Measure(style);
  std::string cut;
  if (max_width > 0) {
    cut = Elide(text, measure, max_width, keep_end);
    text = cut;
  }
  std::vector<PlacedGlyph>& glyphs = fonts_->scratch().line;
  PlaceLine(text, {0, static_cast<uint32_t>(text.size()), 0}, measure, true, &glyphs);
  Glyphs(style, x, y, color, glyphs);
  return glyphs.empty() ? 0 : glyphs.back().x + glyphs.back().advance;
}

void Canvas::TextCentred(const TextStyle& style, const Rect& rect, Color color,
                         std::string_view text) {
  const float width = WidthOf(style, text);
  Text(style, rect.x + (rect.width - width) / 2, rect.y + (rect.height - style.line_height) / 2,
       color, text);
}

float Canvas::Paragraph(const TextStyle& style, float x, float y, float width, Color color,
                        std::string_view text, bool centred) {
  TextMeasure& measure = fonts_->Measure(style);
  std::vector<PlacedGlyph> glyphs;
  const auto lines =
      LayOutText(text, 0, static_cast<uint32_t>(text.size()), measure, {.width = width});
  float top = y;
  for (const TextLine& line : lines) {
    PlaceLine(text, line, measure, false, &glyphs);
    Glyphs(style, centred ? x + (width - line.width) / 2 : x, top, color, glyphs);
    top += style.line_height;
  }
  return top - y;
}

float Canvas::ParagraphHeight(const TextStyle& style, float width, std::string_view text) {
  const auto lines = LayOutText(text, 0, static_cast<uint32_t>(text.size()), fonts_->Measure(style),
                                {.width = width});
  return static_cast<float>(lines.size()) * style.line_height;
}

}  // namespace lodestone::ui
