#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lodestone::ui {

inline constexpr char32_t kReplacement = 0xFFFD;

struct CodePoint {
  char32_t value = 0;
  uint32_t size_bytes = 0;
};

// The code point at `position`; a malformed byte reads as U+FFFD of one byte.
// REQUIRES: position < text.size().
CodePoint DecodeAt(std::string_view text, size_t position);

// The nearest start of a code point at or before `position`.
size_t FloorToCodePoint(std::string_view text, size_t position);

void AppendUtf8(char32_t value, std::string* out);

}  // namespace lodestone::ui
