#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace lodestone {

struct DecodedText {
  std::string utf8;      // valid UTF-8, '\n' line ends, no byte order mark, no NUL
  std::string encoding;  // see Document::encoding
  bool lossy = false;
};

// Bytes of a file to text: UTF-8, UTF-16 with a mark, else windows-1252; mostly valid multibyte
// sequences mean broken UTF-8, which is repaired with U+FFFD.
// Errors: kBadData for binary content (NUL bytes or control characters that no text has).
Result<DecodedText> DecodeText(std::string_view bytes);

enum class ByteOrderMark { kNone, kUtf8, kUtf16Le, kUtf16Be };
ByteOrderMark FindByteOrderMark(std::string_view bytes);

// As DecodeText for bytes without a mark, whatever control characters they hold; line ends stay.
DecodedText DecodeUnmarked(std::string_view bytes);

// CRLF and CR become LF.
void NormaliseLineEnds(std::string* text);

// UTF-16 that arrives in pieces, which may cut a unit or a surrogate pair; unpaired surrogates become U+FFFD.
class Utf16Decoder {
 public:
  explicit Utf16Decoder(bool big_endian) : big_endian_(big_endian) {}
  void Feed(std::string_view bytes, std::string* out);
  void Finish(std::string* out);
  bool lossy() const { return lossy_; }

 private:
  bool big_endian_;
  bool has_half_ = false;
  bool lossy_ = false;
  unsigned char half_ = 0;
  char16_t high_surrogate_ = 0;
};

// The longest prefix length of `bytes` that does not cut a UTF-8 sequence.
size_t Utf8SafePrefix(std::string_view bytes);

}  // namespace lodestone
