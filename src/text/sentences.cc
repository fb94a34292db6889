#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

#include "text/chunk.h"
#include "text/utf8.h"

namespace lodestone {
namespace {

// Lower case, without the final dot, sorted.
constexpr std::string_view kAbbreviations[] = {
    "a.d", "a.m", "al", "approx", "apr", "art", "assn", "assoc", "aug", "ave", "b.c", "bros", "ca", "capt",
    "cf", "ch", "co", "col", "corp", "cpt", "dec", "dept", "dr", "e.g", "ed", "eds", "eq", "eqs", "est", "feb",
    "fig", "figs", "gen", "gov", "hon", "i.e", "inc", "jan", "jr", "jul", "jun", "lt", "ltd", "maj", "mar",
    "messrs", "mr", "mrs", "ms", "mt", "nos", "nov", "oct", "p.m", "ph.d", "pp", "prof", "pvt", "ref", "refs",
    "rep", "rev", "sec", "sen", "sept", "sgt", "sr", "st", "tab", "u.k", "u.n", "u.s", "univ", "viz", "vol",
    "vols", "vs"};

// Lines of prose that was wrapped by hand are about this long.
constexpr size_t kMinWrappedLine = 40;
constexpr size_t kMaxWrappedLine = 120;

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsLetter(char c) { return IsLower(c) || IsUpper(c); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsMultibyte(char c) { return static_cast<unsigned char>(c) >= 0x80; }

// Length of a closing quote or bracket at `i`, else 0.
size_t ClosingLength(std::string_view text, size_t i) {
  if (i >= text.size()) return 0;
  if (text[i] == '"' || text[i] == '\'' || text[i] == ')' || text[i] == ']') return 1;
  for (const std::string_view closing : {"”", "’", "»", "」", "』", "）", "】"}) {
    if (text.substr(i).starts_with(closing)) return closing.size();
  }
  return 0;
}

// Length of a full stop of Chinese, Japanese or Hindi at `i`, else 0: it ends a sentence whatever follows.
size_t WideStopLength(std::string_view text, size_t i) {
  const auto lead = i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  if (lead != 0xE3 && lead != 0xEF && lead != 0xE0) return 0;
  for (const std::string_view stop : {"。", "！", "？", "｡", "।"}) {
    if (text.substr(i).starts_with(stop)) return stop.size();
  }
  return 0;
}

// True when the dot at `dot` belongs to the word before it.
bool IsAbbreviation(std::string_view text, size_t sentence_start, size_t dot) {
  size_t begin = dot;
  while (begin > sentence_start && (IsLetter(text[begin - 1]) || text[begin - 1] == '.')) --begin;
  const std::string_view word = text.substr(begin, dot - begin);
  if (word.empty()) {
    // The number of a list item: "1. First".
    size_t number = dot;
    while (number > sentence_start && IsDigit(text[number - 1])) --number;
    return number == sentence_start && number < dot && dot - number <= 3;
  }
  if (word.size() > 8) return false;
  if (begin > sentence_start && (IsMultibyte(text[begin - 1]) || IsDigit(text[begin - 1]))) return false;
  // An initial, "J. R. Smith"; but "vitamin C." and "and I." end sentences more often than they begin names.
  if (word.size() == 1 && IsUpper(word[0]) && word != "I") {
    return begin == sentence_start || text[begin - 1] == '.' ||
           (begin >= 2 && IsAsciiSpace(text[begin - 1]) &&
            (text[begin - 2] == '.' || IsLower(text[begin - 2]) || text[begin - 2] == ',') &&
            dot + 2 < text.size() && text[dot + 1] == ' ' && IsUpper(text[dot + 2]));
  }
  const std::string lower = AsciiLower(word);
  if (lower == "no") return dot + 2 < text.size() && IsDigit(text[dot + 2]);
  return std::binary_search(std::begin(kAbbreviations), std::end(kAbbreviations), lower);
}

bool BeginsListItem(std::string_view line) {
  if (line.starts_with("- ") || line.starts_with("* ") || line.starts_with("+ ") || line.starts_with("•")) return true;
  size_t digits = 0;
  while (digits < line.size() && digits < 4 && IsDigit(line[digits])) ++digits;
  return digits > 0 && digits < line.size() && (line[digits] == '.' || line[digits] == ')');
}

// True when the line end at `newline` parts two statements rather than wrapping one.
bool LineEndBreaks(std::string_view text, size_t newline) {
  const size_t previous = text.rfind('\n', newline == 0 ? 0 : newline - 1);
  const size_t line_start = newline == 0 || previous == std::string_view::npos || previous >= newline ? 0 : previous + 1;
  const std::string_view line = TrimAsciiSpace(text.substr(line_start, newline - line_start));
  const size_t next_end = std::min(text.find('\n', newline + 1), text.size());
  const std::string_view raw_next = text.substr(newline + 1, std::min<size_t>(next_end - newline - 1, 64));
  const std::string_view next = TrimAsciiSpace(raw_next);
  if (line.empty() || next.empty()) return true;
  if (raw_next.front() == '\t' || raw_next.starts_with("  ") || BeginsListItem(next)) return true;
  if (line.size() < kMinWrappedLine || line.size() > kMaxWrappedLine) return true;
  const char last = line.back();
  const bool goes_on = IsLetter(last) || IsDigit(last) || last == ',' || last == '-' || IsMultibyte(last) ||
                       last == ')' || last == '\'' || last == '"';
  if (!goes_on) return true;
  if (IsLower(next.front())) return false;
  // "Key: value" lines are no wrapped prose.
  return !(IsUpper(next.front()) || next.front() == '(' || next.front() == '"') ||
         next.substr(0, 40).find(": ") != std::string_view::npos;
}

// Shorter than this, what does not end as a sentence does is a heading or a cell of a table.
constexpr size_t kTellingBytes = 40;

bool EndsAsSentence(std::string_view text) {
  for (bool closed = true; closed;) {
    closed = false;
    for (const std::string_view mark : {")", "\"", "'", "”", "’", "»", "」", "』"}) {
      if (!text.ends_with(mark)) continue;
      text.remove_suffix(mark.size());
      closed = true;
    }
  }
  if (text.empty()) return false;
  const char last = text.back();
  // Every wide stop takes three bytes.
  return last == '.' || last == '!' || last == '?' || (text.size() >= 3 && WideStopLength(text, text.size() - 3) == 3);
}

}  // namespace

std::vector<ByteRange> TellingSentences(std::string_view text) {
  std::vector<ByteRange> all = SplitSentences(text);
  std::vector<ByteRange> telling;
  for (const ByteRange range : all) {
    const std::string_view sentence = text.substr(range.start, range.end - range.start);
    if (sentence.size() >= kTellingBytes || EndsAsSentence(sentence)) telling.push_back(range);
  }
  return telling.empty() ? all : telling;
}

std::vector<ByteRange> SplitSentences(std::string_view text) {
  std::vector<ByteRange> sentences;
  size_t start = 0;
  const auto end_at = [&](size_t end) {
    size_t first = start;
    while (first < end && IsAsciiSpace(text[first])) ++first;
    size_t last = end;
    while (last > first && IsAsciiSpace(text[last - 1])) --last;
    if (last > first) sentences.push_back({static_cast<uint32_t>(first), static_cast<uint32_t>(last)});
    start = end;
  };
  while (start < text.size() && IsAsciiSpace(text[start])) ++start;

  size_t i = start;
  while (i < text.size()) {
    const char c = text[i];
    if (c == '\n') {
      if (LineEndBreaks(text, i)) {
        end_at(i);
        while (i < text.size() && IsAsciiSpace(text[i])) ++i;
        start = i;
      } else {
        ++i;
      }
      continue;
    }
    if (IsMultibyte(c)) {
      size_t length = WideStopLength(text, i);
      if (length == 0) {
        ++i;
        continue;
      }
      i += length;
      while ((length = std::max(WideStopLength(text, i), ClosingLength(text, i))) > 0) i += length;
      end_at(i);
      continue;
    }
    if (c != '.' && c != '!' && c != '?') {
      ++i;
      continue;
    }
    const size_t stop = i;
    while (i < text.size() && (text[i] == '.' || text[i] == '!' || text[i] == '?')) ++i;
    const bool single_dot = c == '.' && i == stop + 1;
    for (size_t length; (length = ClosingLength(text, i)) > 0;) i += length;
    if (i >= text.size()) break;
    if (!IsAsciiSpace(text[i])) continue;
    size_t next = i;
    while (next < text.size() && IsAsciiSpace(text[next]) && text[next] != '\n') ++next;
    if (next < text.size() && IsLower(text[next])) continue;
    if (single_dot && IsAbbreviation(text, start, stop)) continue;
    end_at(i);
    while (start < text.size() && IsAsciiSpace(text[start]) && text[start] != '\n') ++start;
    i = start;
  }
  end_at(text.size());
  return sentences;
}

}  // namespace lodestone
