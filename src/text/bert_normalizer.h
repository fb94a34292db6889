#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lodestone {

struct BertNormalizerOptions {
  bool clean_text = true;
  bool handle_chinese_chars = true;
  bool strip_accents = true;
  bool lowercase = true;
};

// What BERT's normaliser and pre-tokeniser together make of one code point.
enum class CharacterClass : uint8_t {
  kWord,         // part of a word, as it is
  kDropped,      // vanishes: the characters beside it join
  kSpace,        // ends a word
  kPunctuation,  // a word of its own, as it is
  kIdeograph,    // a word of its own, after mapping
  kMapped,       // becomes other code points, which may be of any class above
};

// One code point after normalising; a code point becomes at most four.
struct NormalizedCharacter {
  char32_t code_point = 0;
  CharacterClass cls = CharacterClass::kWord;  // kWord, kSpace or kPunctuation
};

// Thread: any at once (immutable).
// Source: the `tokenizers` library's BertNormalizer and BertPreTokenizer, whose categories are those of Unicode 8
// and whose case mapping is current.
class BertNormalizer {
 public:
  explicit BertNormalizer(const BertNormalizerOptions& options);

  CharacterClass Classify(char32_t c) const {
    return c < basic_plane_.size() ? basic_plane_[c] : ClassifySlowly(c);
  }
  // What a kIdeograph or kMapped code point becomes. Returns the count written to `out`.
  int Map(char32_t c, NormalizedCharacter out[8]) const;

  const BertNormalizerOptions& options() const { return options_; }

 private:
  CharacterClass ClassifySlowly(char32_t c) const;

  BertNormalizerOptions options_;
  std::vector<CharacterClass> basic_plane_;
};

}  // namespace lodestone
