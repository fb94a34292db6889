#include "text/decode.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/text/test_text.h"
#include "text/utf8.h"

namespace lodestone {
namespace {

using std::string_literals::operator""s;

DecodedText Decoded(std::string_view bytes) {
  Result<DecodedText> result = DecodeText(bytes);
  EXPECT_TRUE(result.ok()) << result.status().message();
  return result.ok() ? std::move(result).value() : DecodedText();
}

TEST(Decode, Utf8StaysAsItIs) {
  const DecodedText text = Decoded("Café 東京 😀\n");
  EXPECT_EQ(text.utf8, "Café 東京 😀\n");
  EXPECT_EQ(text.encoding, "UTF-8");
  EXPECT_FALSE(text.lossy);
}

TEST(Decode, MarksAreDropped) {
  EXPECT_EQ(Decoded("\xEF\xBB\xBFhi").utf8, "hi");
  const DecodedText little = Decoded("\xFF\xFEh\0i\0\x3D\xD8\x00\xDE"s);
  EXPECT_EQ(little.utf8, "hi😀");
  EXPECT_EQ(little.encoding, "UTF-16LE");
  const DecodedText big = Decoded("\xFE\xFF\0h\0i\xD8\x3D\xDE\x00"s);
  EXPECT_EQ(big.utf8, "hi😀");
  EXPECT_EQ(big.encoding, "UTF-16BE");
}

TEST(Decode, HalfSurrogatesAndCutUnitsAreReplaced) {
  const DecodedText lone = Decoded("\xFF\xFE\x3D\xD8x\0\x00\xDEy\0z"s);
  EXPECT_EQ(lone.utf8, "\uFFFDx\uFFFDy\uFFFD");
  EXPECT_TRUE(lone.lossy);
}

TEST(Decode, Windows1252) {
  const DecodedText text = Decoded("na\xEFve \x80 5 \x93quoted\x94 \x81");
  EXPECT_EQ(text.utf8, "naïve € 5 “quoted” \uFFFD");
  EXPECT_EQ(text.encoding, "windows-1252");
  EXPECT_TRUE(text.lossy);
}

TEST(Decode, MostlyValidUtf8IsRepaired) {
  const DecodedText text = Decoded("é è ê \xFF ü \xE2\x82 end");
  EXPECT_EQ(text.utf8, "é è ê \uFFFD ü \uFFFD end");
  EXPECT_EQ(text.encoding, "UTF-8");
  EXPECT_TRUE(text.lossy);
}

TEST(Decode, LineEndsBecomeLineFeeds) {
  EXPECT_EQ(Decoded("a\r\nb\rc\nd\r\r\ne\r").utf8, "a\nb\nc\nd\n\ne\n");
}

TEST(Decode, BinaryIsRefused) {
  for (const std::string& bytes : {"text\0more"s, "\x7F\x45\x4C\x46\x02\x01\x01\0"s, "\xFF\xFE\0\0a\0"s,
                                   Repeat("\x01\x02\x03\x04", 50)}) {
    const Result<DecodedText> result = DecodeText(bytes);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.status().code(), StatusCode::kBadData);
  }
  // Colours of a log and one stray control character are text.
  EXPECT_TRUE(DecodeText("\x1B[31mred\x1B[0m \f page \x01 end").ok());
}

TEST(Decode, EveryTruncationOfBrokenTextIsValidUtf8) {
  const std::string bytes = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xED\xA0\x80\xC0\x80\xF5\x80\xFFz";
  for (size_t length = 0; length <= bytes.size(); ++length) {
    EXPECT_TRUE(IsValidUtf8(DecodeUnmarked(bytes.substr(0, length)).utf8)) << length;
  }
}

TEST(Decode, SafePrefixNeverCutsASequence) {
  const std::string text = "aé€😀z";
  for (size_t length = 0; length <= text.size(); ++length) {
    const std::string_view cut = std::string_view(text).substr(0, length);
    const std::string_view safe = cut.substr(0, Utf8SafePrefix(cut));
    EXPECT_TRUE(IsValidUtf8(safe)) << length;
    EXPECT_LT(cut.size() - safe.size(), 4u);
  }
}

TEST(Decode, Utf16InPiecesIsUtf16InOne) {
  const std::string bytes = "h\0\x3D\xD8\x00\xDE\xE9\0"s;
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    Utf16Decoder decoder(/*big_endian=*/false);
    std::string text;
    decoder.Feed(bytes.substr(0, cut), &text);
    decoder.Feed(bytes.substr(cut), &text);
    decoder.Finish(&text);
    EXPECT_EQ(text, "h😀é") << cut;
    EXPECT_FALSE(decoder.lossy());
  }
}

}  // namespace
}  // namespace lodestone
