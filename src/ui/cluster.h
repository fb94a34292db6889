#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace lodestone::ui {

// What is drawn as one glyph: a code point, or several that only make sense together.
struct Cluster {
  char32_t glyph = 0;       // a code point, or one of the table's private ones
  uint32_t size_bytes = 0;  // of the text it stands for, at least 1
  bool right_to_left = false;
};

// Takes text apart into clusters: letters with combining marks, emoji sequences, flags, and whole
// words of the scripts whose letters join or reorder (Arabic, Hebrew, Indic, Thai...), each of
// which gets a code point of the Basic Multilingual Plane's private area, so that a font loader can
// ask the system to draw it in one piece.
// Thread: one only.
class ClusterTable {
 public:
  // REQUIRES: position < text.size(), at the start of a code point.
  Cluster Next(std::string_view text, size_t position);
  // The text behind a private glyph; empty for a plain code point.
  std::string_view TextOf(char32_t glyph) const;

 private:
  char32_t Intern(std::string_view cluster);

  std::unordered_map<std::string, char32_t> glyphs_;
  std::vector<const std::string*> texts_;  // by glyph - kFirstPrivate, into glyphs_
};

// Whether a line may be broken before or after it, as between Han characters.
bool IsIdeographic(char32_t value);
bool IsRightToLeft(char32_t value);

}  // namespace lodestone::ui
