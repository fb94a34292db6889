#include "text/utf8.h"

#include <cstring>

namespace lodestone {

CodePoint DecodeUtf8(std::string_view text, size_t position) {
  if (position >= text.size()) return {};
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data()) + position;
  const size_t left = text.size() - position;
  const unsigned char lead = bytes[0];
  if (lead < 0x80) return {lead, 1, true};

  unsigned char low = 0x80;  // the range of the second byte, which rules out overlong forms and surrogates
  unsigned char high = 0xBF;
  uint32_t length = 0;
  char32_t value = 0;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
    value = lead & 0x1F;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    value = lead & 0x0F;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    value = lead & 0x07;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    return {kReplacementCharacter, 1, false};
  }
  for (uint32_t i = 1; i < length; ++i) {
    if (i >= left || bytes[i] < low || bytes[i] > high) return {kReplacementCharacter, i, false};
    value = (value << 6) | (bytes[i] & 0x3F);
    low = 0x80;
    high = 0xBF;
  }
  return {value, length, true};
}

void AppendUtf8(char32_t c, std::string* out) {
  if (c < 0x80) {
    out->push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    out->push_back(static_cast<char>(0xC0 | (c >> 6)));
    out->push_back(static_cast<char>(0x80 | (c & 0x3F)));
  } else if (c < 0x10000) {
    if (c >= 0xD800 && c <= 0xDFFF) c = kReplacementCharacter;
    out->push_back(static_cast<char>(0xE0 | (c >> 12)));
    out->push_back(static_cast<char>(0x80 | ((c >> 6) & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (c & 0x3F)));
  } else if (c < 0x110000) {
    out->push_back(static_cast<char>(0xF0 | (c >> 18)));
    out->push_back(static_cast<char>(0x80 | ((c >> 12) & 0x3F)));
    out->push_back(static_cast<char>(0x80 | ((c >> 6) & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (c & 0x3F)));
  } else {
    AppendUtf8(kReplacementCharacter, out);
  }
}

size_t SkipAscii(std::string_view text, size_t position) {
  while (position + 8 <= text.size()) {
    uint64_t word;
    std::memcpy(&word, text.data() + position, 8);
    if (word & 0x8080808080808080ull) break;
    position += 8;
  }
  while (position < text.size() && static_cast<unsigned char>(text[position]) < 0x80) ++position;
  return position;
}

bool IsValidUtf8(std::string_view text) {
  size_t position = 0;
  while (true) {
    position = SkipAscii(text, position);
    if (position >= text.size()) return true;
    const CodePoint c = DecodeUtf8(text, position);
    if (!c.valid) return false;
    position += c.length;
  }
}

size_t Utf8FloorBoundary(std::string_view text, size_t position) {
  if (position >= text.size()) return text.size();
  while (position > 0 && IsUtf8Continuation(text[position])) --position;
  return position;
}

std::string_view CutAtWord(std::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  const size_t hard = Utf8FloorBoundary(text, max_bytes);
  for (size_t i = hard; i > max_bytes / 2; --i) {
    if (IsAsciiSpace(text[i])) return TrimAsciiSpace(text.substr(0, i));
  }
  return text.substr(0, hard);
}

std::string_view TrimAsciiSpace(std::string_view text) {
  while (!text.empty() && IsAsciiSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsAsciiSpace(text.back())) text.remove_suffix(1);
  return text;
}

std::string AsciiLower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

}  // namespace lodestone
