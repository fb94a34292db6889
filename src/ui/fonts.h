#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "imgui.h"
#include "ui/cluster.h"
#include "ui/text_layout.h"
#include "ui/theme.h"

namespace lodestone::ui {

// A drawn cluster. Lengths are device pixels; `left` and `top` lead from the pen on the baseline to
// the picture's upper left corner (top is positive upwards).
struct GlyphImage {
  int width = 0;
  int height = 0;
  float left = 0;
  float top = 0;
  float advance = 0;
  bool coloured = false;      // emoji keep their own colours
  std::vector<uint8_t> rgba;  // [height x width x 4], straight alpha
};

// Draws what the shipped font lacks, with the fonts of the system.
class GlyphPainter {
 public:
  virtual ~GlyphPainter() = default;
  // How far the pen moves, in device pixels; much cheaper than painting.
  virtual float Advance(std::string_view cluster, float em_device_px, bool semi_bold) = 0;
  // False where nothing can be drawn.
  virtual bool Paint(std::string_view cluster, float em_device_px, bool semi_bold,
                     GlyphImage* out) = 0;
};

// A colour for some bytes of a text.
struct InkSpan {
  uint32_t start = 0;
  uint32_t end = 0;
  Color color = 0;
};

// Memory for drawing a line, kept from one line to the next.
struct TextScratch {
  std::vector<PlacedGlyph> glyphs;
  std::vector<InkSpan> inks;
  std::vector<PlacedGlyph> line;  // Canvas::Text's own
};

// The two weights of the UI font over Dear ImGui's dynamic atlas, with GlyphPainter behind them for
// every glyph that they lack.
// Thread: one only. Owns: the fonts of the current ImGui context's atlas.
class Fonts {
 public:
  // REQUIRES: `painter` and `clusters` outlive the fonts.
  Fonts(GlyphPainter* painter, ClusterTable* clusters);
  ~Fonts();

  // Takes over a TrueType or OpenType file for one weight. Until then the painter draws that weight
  // (or Regular stands in for SemiBold). False if the bytes are not a font.
  bool SetFont(Weight weight, std::span<const uint8_t> file);

  // Once a frame, before anything is measured.
  void BeginFrame(float density);

  // Changes whenever widths do, so that layouts made before are stale.
  uint32_t generation() const { return generation_; }
  float density() const { return density_; }

  TextMeasure& Measure(const TextStyle& style);
  ImFontBaked* Baked(const TextStyle& style);
  ClusterTable& clusters() { return *clusters_; }
  TextScratch& scratch() { return scratch_; }

 private:
  class StyleMeasure;
  friend bool PaintedBakedInit(ImFontAtlas*, ImFontConfig*, ImFontBaked*, void*);
  friend bool PaintedLoadGlyph(ImFontAtlas*, ImFontConfig*, ImFontBaked*, void*, ImWchar,
                               ImFontGlyph*, float*);

  ImFont* AddPaintedFont(Weight weight);
  void AddPaintedFallback(Weight weight);

  GlyphPainter* painter_;
  ClusterTable* clusters_;
  ImFont* fonts_[2] = {nullptr, nullptr};
  std::unordered_map<uint32_t, std::unique_ptr<StyleMeasure>> measures_;
  TextScratch scratch_;
  float density_ = 1;
  uint32_t generation_ = 1;
  uint32_t frame_ = 0;
};

}  // namespace lodestone::ui
