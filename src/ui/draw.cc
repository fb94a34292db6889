#include "ui/draw.h"

#include <cmath>

#include "imgui_internal.h"

namespace lodestone::ui {

float Canvas::SnapY(float y) const { return std::round(y * fonts_->density()) / fonts_->density(); }

void Canvas::Fill(const Rect& rect, Color color, float radius) {
  list_->AddRectFilled(rect.min(), rect.max(), color, radius);
}

void Canvas::Outline(const Rect& rect, Color color, float radius, float thickness) {
  list_->AddRect(rect.min(), rect.max(), color, radius, 0, thickness);
}

void Canvas::Shadow(const Rect& rect, float radius, float spread) {
  // Layers add up to a falling curve; more of them for a wider one, so that no step shows.
  const int layers = spread < 6 ? 3 : 8;
  for (int i = layers; i >= 1; --i) {
    const float grow = spread * static_cast<float>(i) / static_cast<float>(layers);
    const Rect layer = {rect.x - grow, rect.y - grow + spread * 0.3f, rect.width + 2 * grow,
                        rect.height + 2 * grow};
    Fill(layer, Faded(theme_->shadow, 0.8f / static_cast<float>(layers)), radius + grow);
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
