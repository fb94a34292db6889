#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lodestone {

inline constexpr char32_t kReplacementCharacter = 0xFFFD;

struct CodePoint {
  char32_t value = 0;
  uint32_t length = 0;  // bytes it took; 0 at the end of the text
  bool valid = true;    // false: `value` is U+FFFD for `length` bytes that are no UTF-8
};

// The code point at `position`. Ill-formed bytes are taken by maximal subparts.
// Source: The Unicode Standard, table 3-7 and section 3.9.
CodePoint DecodeUtf8(std::string_view text, size_t position);

void AppendUtf8(char32_t code_point, std::string* out);

bool IsValidUtf8(std::string_view text);

// Where the leading run of ASCII bytes from `position` on ends.
size_t SkipAscii(std::string_view text, size_t position);

inline bool IsUtf8Continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// `position` or the nearest place before it that does not cut a code point.
// REQUIRES: valid UTF-8.
size_t Utf8FloorBoundary(std::string_view text, size_t position);

// A prefix of at most `max_bytes`, cut between words where one ends in its second half.
std::string_view CutAtWord(std::string_view text, size_t max_bytes);

inline bool IsAsciiSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
std::string_view TrimAsciiSpace(std::string_view text);

// ASCII letters only; other bytes stay.
std::string AsciiLower(std::string_view text);

}  // namespace lodestone
