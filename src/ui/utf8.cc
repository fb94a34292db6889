#include "ui/utf8.h"

namespace lodestone::ui {
namespace {

bool IsTail(unsigned char byte) { return (byte & 0xC0) == 0x80; }

}  // namespace

CodePoint DecodeAt(std::string_view text, size_t position) {
  const auto byte_at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte_at(position);
  if (lead < 0x80) return {lead, 1};
  uint32_t size = 0;
  char32_t value = 0;
  char32_t smallest = 0;
  if ((lead & 0xE0) == 0xC0) {
    size = 2, value = lead & 0x1F, smallest = 0x80;
  } else if ((lead & 0xF0) == 0xE0) {
    size = 3, value = lead & 0x0F, smallest = 0x800;
  } else if ((lead & 0xF8) == 0xF0) {
    size = 4, value = lead & 0x07, smallest = 0x10000;
  } else {
    return {kReplacement, 1};
  }
  if (position + size > text.size()) return {kReplacement, 1};
  for (uint32_t i = 1; i < size; ++i) {
    const unsigned char byte = byte_at(position + i);
    if (!IsTail(byte)) return {kReplacement, 1};
    value = (value << 6) | (byte & 0x3F);
  }
  if (value < smallest || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
    return {kReplacement, 1};
  }
  return {value, size};
}

size_t FloorToCodePoint(std::string_view text, size_t position) {
  if (position >= text.size()) return text.size();
  size_t start = position;
  while (start > 0 && position - start < 3 && IsTail(static_cast<unsigned char>(text[start]))) {
    --start;
  }
  return start;
}

void AppendUtf8(char32_t value, std::string* out) {
  const auto put = [&](char32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (value < 0x80) {
    put(value);
  } else if (value < 0x800) {
    put(0xC0 | (value >> 6));
    put(0x80 | (value & 0x3F));
  } else if (value < 0x10000) {
    put(0xE0 | (value >> 12));
    put(0x80 | ((value >> 6) & 0x3F));
    put(0x80 | (value & 0x3F));
  } else {
    put(0xF0 | (value >> 18));
    put(0x80 | ((value >> 12) & 0x3F));
    put(0x80 | ((value >> 6) & 0x3F));
    put(0x80 | (value & 0x3F));
  }
}

}  // namespace lodestone::ui
