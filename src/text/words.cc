#include "text/words.h"

#include <utf8proc.h>

#include <algorithm>
#include <iterator>

#include "text/utf8.h"

namespace lodestone {
namespace {

// Sorted. Words that a question may well be about ("us", "may", "like", "new", "use") are not among them.
constexpr std::string_view kStopWords[] = {
    "a", "about", "above", "after", "again", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be",
    "because", "been", "before", "being", "below", "between", "both", "but", "by", "can", "cannot", "could",
    "did", "do", "does", "doing", "down", "during", "each", "else", "ever", "every", "few", "for", "from",
    "further", "get", "had", "has", "have", "having", "he", "her", "here", "hers", "him", "his", "how", "i",
    "if", "in", "into", "is", "it", "its", "itself", "just", "let", "me", "more", "most", "much", "must", "my",
    "myself", "no", "nor", "not", "of", "off", "on", "once", "only", "or", "other", "our", "ours", "out",
    "over", "own", "please", "same", "shall", "she", "should", "so", "some", "such", "tell", "than", "that",
    "the", "their", "theirs", "them", "then", "there", "these", "they", "this", "those", "through", "to",
    "too", "under", "until", "up", "upon", "very", "was", "we", "were", "what", "when", "where", "whether",
    "which", "while", "who", "whom", "whose", "why", "will", "with", "would", "you", "your", "yours"};

// Contractions lose their apostrophe to the splitter: "don't" is "don" and "t".
constexpr std::string_view kContractionParts[] = {"couldn", "d",  "didn", "doesn", "don", "hasn", "haven", "isn", "ll",
                                                  "m",      "re", "s",    "shouldn", "t", "ve",   "wasn",  "weren",
                                                  "won",    "wouldn"};

// A letter, digit or private-use character: what unicode61 makes words of.
bool IsWordCharacter(char32_t c) {
  if (c < 0x80) return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
    case UTF8PROC_CATEGORY_CO:
      return true;
    default:
      return false;
  }
}

bool IsCombiningDiacritic(char32_t c) { return c >= 0x300 && c <= 0x36F; }

bool IsAsciiLetter(utf8proc_int32_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

char32_t FoldCharacter(char32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
  utf8proc_int32_t parts[8];
  int boundary = 0;
  const auto count =
      utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), parts, 8, UTF8PROC_DECOMPOSE, &boundary);
  if (count == 2 && IsAsciiLetter(parts[0])) return FoldCharacter(static_cast<char32_t>(parts[0]));
  return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c)));
}

}  // namespace

std::string FoldWord(std::string_view word) {
  std::string folded;
  folded.reserve(word.size());
  for (size_t i = 0; i < word.size();) {
    const CodePoint c = DecodeUtf8(word, i);
    i += c.length;
    if (!IsCombiningDiacritic(c.value)) AppendUtf8(FoldCharacter(c.value), &folded);
  }
  return folded;
}

std::vector<ByteRange> FindWords(std::string_view text) {
  std::vector<ByteRange> words;
  bool open = false;
  for (size_t i = 0; i < text.size();) {
    const CodePoint c = DecodeUtf8(text, i);
    const auto end = static_cast<uint32_t>(i + c.length);
    if (IsWordCharacter(c.value)) {
      if (!open) words.push_back({static_cast<uint32_t>(i), end});
      words.back().end = end;
      open = true;
    } else if (open && IsCombiningDiacritic(c.value)) {
      words.back().end = end;
    } else {
      open = false;
    }
    i += c.length;
  }
  return words;
}

bool IsStopWord(std::string_view folded) {
  return std::binary_search(std::begin(kStopWords), std::end(kStopWords), folded) ||
         std::binary_search(std::begin(kContractionParts), std::end(kContractionParts), folded);
}

}  // namespace lodestone
