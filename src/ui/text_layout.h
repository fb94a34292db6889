#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ui/cluster.h"

namespace lodestone::ui {

// How wide glyphs are in one font at one size.
// Thread: one only.
class TextMeasure {
 public:
  virtual ~TextMeasure() = default;
  virtual float Advance(char32_t glyph) = 0;
  ClusterTable& clusters() { return *clusters_; }

 protected:
  explicit TextMeasure(ClusterTable* clusters) : clusters_(clusters) {}

 private:
  ClusterTable* clusters_;
};

// One line of wrapped text: bytes [start, end) of it, without the space it was broken at.
struct TextLine {
  uint32_t start = 0;
  uint32_t end = 0;
  float width = 0;
};

struct LayoutOptions {
  float width = 0;
  // Line ends and runs of space read as one space.
  bool collapse_space = false;
  uint32_t max_lines = UINT32_MAX;
};

// Wraps bytes [start, end) of `text` at spaces, after some punctuation and between ideographs;
// a word that is too long alone is cut. Always at least one line; offsets are into `text`.
std::vector<TextLine> LayOutText(std::string_view text, uint32_t start, uint32_t end,
                                 TextMeasure& measure, const LayoutOptions& options);

// Where one glyph of a line stands.
struct PlacedGlyph {
  char32_t glyph = 0;
  uint32_t start = 0;  // the bytes it stands for
  uint32_t end = 0;
  float x = 0;  // from the left end of the line
  float advance = 0;
};

// The glyphs of a line from left to right; runs of right-to-left words are in visual order.
void PlaceLine(std::string_view text, const TextLine& line, TextMeasure& measure,
               bool collapse_space, std::vector<PlacedGlyph>* out);

// The horizontal extents, in a placed line, of the bytes [start, end).
struct Extent {
  float left = 0;
  float right = 0;
};
std::vector<Extent> ExtentsOf(const std::vector<PlacedGlyph>& glyphs, uint32_t start, uint32_t end);

// The byte offset nearest to `x`.
uint32_t ByteAt(const std::vector<PlacedGlyph>& glyphs, const TextLine& line, float x);

float MeasureText(std::string_view text, TextMeasure& measure);

// `text` as it is if it fits, else cut at the end with an ellipsis; `keep_end` cuts in the middle,
// so that the last part of a path stays readable.
std::string Elide(std::string_view text, TextMeasure& measure, float width, bool keep_end = false);

}  // namespace lodestone::ui
