#include "text/decode.h"

#include <cstring>

#include "text/utf8.h"

namespace lodestone {
namespace {

// What bytes 0x80 to 0x9F mean in windows-1252; the rest is as in Latin-1. Zero: not assigned.
constexpr char32_t kWindows1252[32] = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

Status BinaryContent() {
  return Status(StatusCode::kBadData, "This is not a text file: its content is binary.");
}

// Control characters that text files are known to hold: tab, line ends, form feed, vertical tab, backspace
// (overstruck man pages), escape (coloured logs), the old end-of-file mark.
bool IsTextControl(unsigned char c) {
  return (c >= 0x08 && c <= 0x0D) || c == 0x1A || c == 0x1B;
}

bool LooksBinary(std::string_view utf8) {
  if (std::memchr(utf8.data(), 0, utf8.size()) != nullptr) return true;
  size_t odd_controls = 0;
  for (const char c : utf8) {
    const auto byte = static_cast<unsigned char>(c);
    odd_controls += byte < 0x20 && !IsTextControl(byte);
  }
  return odd_controls > 2 && odd_controls > utf8.size() / 200;
}

std::string DecodeWindows1252(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() + bytes.size() / 8);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out.push_back(c);
    } else if (byte < 0xA0) {
      const char32_t mapped = kWindows1252[byte - 0x80];
      AppendUtf8(mapped == 0 ? kReplacementCharacter : mapped, &out);
    } else {
      AppendUtf8(byte, &out);
    }
  }
  return out;
}

}  // namespace

void Utf16Decoder::Feed(std::string_view bytes, std::string* out) {
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (!has_half_) {
      half_ = byte;
      has_half_ = true;
      continue;
    }
    has_half_ = false;
    const auto unit = static_cast<char16_t>(big_endian_ ? half_ << 8 | byte : byte << 8 | half_);
    if (high_surrogate_ != 0) {
      const char16_t high = high_surrogate_;
      high_surrogate_ = 0;
      if (unit >= 0xDC00 && unit <= 0xDFFF) {
        AppendUtf8(0x10000 + ((static_cast<char32_t>(high) - 0xD800) << 10) + (unit - 0xDC00), out);
        continue;
      }
      lossy_ = true;
      AppendUtf8(kReplacementCharacter, out);
    }
    if (unit >= 0xD800 && unit <= 0xDBFF) {
      high_surrogate_ = unit;
    } else if (unit >= 0xDC00 && unit <= 0xDFFF) {
      lossy_ = true;
      AppendUtf8(kReplacementCharacter, out);
    } else {
      AppendUtf8(unit, out);
    }
  }
}

void Utf16Decoder::Finish(std::string* out) {
  if (!has_half_ && high_surrogate_ == 0) return;
  lossy_ = true;
  AppendUtf8(kReplacementCharacter, out);
  has_half_ = false;
  high_surrogate_ = 0;
}

DecodedText DecodeUnmarked(std::string_view bytes) {
  DecodedText result;
  result.encoding = "UTF-8";
  if (IsValidUtf8(bytes)) {
    result.utf8.assign(bytes);
    return result;
  }
  result.lossy = true;
  size_t valid_sequences = 0;
  size_t invalid_sequences = 0;
  for (size_t i = SkipAscii(bytes, 0); i < bytes.size(); i = SkipAscii(bytes, i)) {
    const CodePoint c = DecodeUtf8(bytes, i);
    ++(c.valid ? valid_sequences : invalid_sequences);
    i += c.length;
  }
  if (valid_sequences <= invalid_sequences) {
    result.encoding = "windows-1252";
    result.utf8 = DecodeWindows1252(bytes);
    return result;
  }
  result.utf8.reserve(bytes.size() + 2 * invalid_sequences);
  for (size_t i = 0; i < bytes.size();) {
    const size_t ascii_end = SkipAscii(bytes, i);
    result.utf8.append(bytes.substr(i, ascii_end - i));
    i = ascii_end;
    if (i >= bytes.size()) break;
    const CodePoint c = DecodeUtf8(bytes, i);
    AppendUtf8(c.value, &result.utf8);
    i += c.length;
  }
  return result;
}

Result<DecodedText> DecodeText(std::string_view bytes) {
  DecodedText result;
  const ByteOrderMark mark = FindByteOrderMark(bytes);
  if (mark == ByteOrderMark::kUtf16Le || mark == ByteOrderMark::kUtf16Be) {
    Utf16Decoder decoder(mark == ByteOrderMark::kUtf16Be);
    result.encoding = mark == ByteOrderMark::kUtf16Be ? "UTF-16BE" : "UTF-16LE";
    result.utf8.reserve(bytes.size() / 2 + bytes.size() / 8);
    decoder.Feed(bytes.substr(2), &result.utf8);
    decoder.Finish(&result.utf8);
    result.lossy = decoder.lossy();
    if (LooksBinary(result.utf8)) return BinaryContent();
  } else {
    if (mark == ByteOrderMark::kUtf8) bytes.remove_prefix(3);
    if (LooksBinary(bytes)) return BinaryContent();
    result = DecodeUnmarked(bytes);
  }
  NormaliseLineEnds(&result.utf8);
  return result;
}

ByteOrderMark FindByteOrderMark(std::string_view bytes) {
  if (bytes.starts_with("\xEF\xBB\xBF")) return ByteOrderMark::kUtf8;
  if (bytes.starts_with("\xFF\xFE")) return ByteOrderMark::kUtf16Le;
  if (bytes.starts_with("\xFE\xFF")) return ByteOrderMark::kUtf16Be;
  return ByteOrderMark::kNone;
}

void NormaliseLineEnds(std::string* text) {
  const void* first = std::memchr(text->data(), '\r', text->size());
  if (first == nullptr) return;
  size_t out = static_cast<size_t>(static_cast<const char*>(first) - text->data());
  for (size_t in = out; in < text->size(); ++in) {
    const char c = (*text)[in];
    if (c != '\r') {
      (*text)[out++] = c;
    } else {
      (*text)[out++] = '\n';
      if (in + 1 < text->size() && (*text)[in + 1] == '\n') ++in;
    }
  }
  text->resize(out);
}

size_t Utf8SafePrefix(std::string_view bytes) {
  // A lead byte whose sequence runs past the end is at most three bytes before it.
  for (size_t back = 1; back <= 3 && back <= bytes.size(); ++back) {
    const auto byte = static_cast<unsigned char>(bytes[bytes.size() - back]);
    if (byte < 0x80) return bytes.size();
    if (byte < 0xC0) continue;
    const size_t needed = byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
    return needed > back ? bytes.size() - back : bytes.size();
  }
  return bytes.size();
}

}  // namespace lodestone
