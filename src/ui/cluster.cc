#include "ui/cluster.h"

#include "ui/utf8.h"

namespace lodestone::ui {
namespace {

constexpr char32_t kFirstPrivate = 0xE000;
constexpr char32_t kLastPrivate = 0xF8FF;
constexpr char32_t kZeroWidthJoiner = 0x200D;
// Thai has no spaces between words: pieces stay short enough to break lines between them.
constexpr size_t kMaxClusterBytes = 60;

bool In(char32_t value, char32_t first, char32_t last) { return value >= first && value <= last; }

bool IsExtender(char32_t value) {
  return In(value, 0x0300, 0x036F) || In(value, 0x1AB0, 0x1AFF) || In(value, 0x1DC0, 0x1DFF) ||
         In(value, 0x20D0, 0x20FF) || In(value, 0xFE00, 0xFE0F) || In(value, 0xFE20, 0xFE2F) ||
         In(value, 0x1F3FB, 0x1F3FF) || In(value, 0xE0020, 0xE007F) || value == 0x3099 ||
         value == 0x309A;
}

bool IsRegional(char32_t value) { return In(value, 0x1F1E6, 0x1F1FF); }

// Scripts whose letters change with their neighbours.
bool IsJoining(char32_t value) {
  return In(value, 0x0590, 0x08FF) || In(value, 0x0900, 0x109F) || In(value, 0x1100, 0x11FF) ||
         In(value, 0x1780, 0x18AF) || In(value, 0x1A20, 0x1AAF) || In(value, 0x1B00, 0x1C4F) ||
         In(value, 0xA8E0, 0xA8FF) || In(value, 0xFB1D, 0xFDFF) || In(value, 0xFE70, 0xFEFE);
}

bool IsJoiningControl(char32_t value) { return value == kZeroWidthJoiner || value == 0x200C; }

}  // namespace

bool IsIdeographic(char32_t value) {
  return In(value, 0x2E80, 0x9FFF) || In(value, 0xAC00, 0xD7A3) || In(value, 0xF900, 0xFAFF) ||
         In(value, 0xFF00, 0xFFEF) || In(value, 0x20000, 0x3FFFF);
}

bool IsRightToLeft(char32_t value) {
  return In(value, 0x0590, 0x08FF) || In(value, 0xFB1D, 0xFDFF) || In(value, 0xFE70, 0xFEFE);
}

Cluster ClusterTable::Next(std::string_view text, size_t position) {
  const CodePoint first = DecodeAt(text, position);
  size_t end = position + first.size_bytes;
  // Nearly everything: a plain letter that no mark can follow.
  if (first.value < 0x80 && (end == text.size() || static_cast<unsigned char>(text[end]) < 0x80)) {
    return {first.value, first.size_bytes, false};
  }
  if (In(first.value, kFirstPrivate, kLastPrivate)) return {kReplacement, first.size_bytes, false};

  uint32_t parts = 1;
  const auto take_while = [&](auto accepts) {
    while (end < text.size() && end - position < kMaxClusterBytes) {
      const CodePoint next = DecodeAt(text, end);
      if (!accepts(next.value)) return;
      end += next.size_bytes;
      ++parts;
    }
  };
  if (IsJoining(first.value)) {
    take_while([](char32_t v) { return IsJoining(v) || IsExtender(v) || IsJoiningControl(v); });
  } else if (IsRegional(first.value)) {
    const bool pair = end < text.size() && IsRegional(DecodeAt(text, end).value);
    if (pair) end += 4, ++parts;
  } else if (first.value > 0x20) {
    take_while(IsExtender);
    while (end < text.size() && DecodeAt(text, end).value == kZeroWidthJoiner) {
      const size_t after = end + 3;
      if (after >= text.size() || DecodeAt(text, after).value < 0x2000) break;
      end = after + DecodeAt(text, after).size_bytes;
      ++parts;
      take_while(IsExtender);
    }
  }
  const auto size = static_cast<uint32_t>(end - position);
  const bool rtl = IsRightToLeft(first.value);
  if (parts == 1) return {first.value, size, rtl};
  return {Intern(text.substr(position, size)), size, rtl};
}

std::string_view ClusterTable::TextOf(char32_t glyph) const {
  if (glyph < kFirstPrivate || glyph >= kFirstPrivate + texts_.size()) return {};
  return *texts_[glyph - kFirstPrivate];
}

char32_t ClusterTable::Intern(std::string_view cluster) {
  const auto [entry, added] = glyphs_.try_emplace(std::string(cluster), kReplacement);
  // Once the private area is full, further clusters show their first code point alone.
  if (added) {
    if (kFirstPrivate + texts_.size() > kLastPrivate) {
      glyphs_.erase(entry);
      return DecodeAt(cluster, 0).value;
    }
    entry->second = kFirstPrivate + static_cast<char32_t>(texts_.size());
    texts_.push_back(&entry->first);
  }
  return entry->second;
}

}  // namespace lodestone::ui
