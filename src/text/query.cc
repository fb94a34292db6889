#include "text/query.h"

#include <algorithm>
#include <optional>
#include <unordered_set>
#include <utility>

#include "text/date.h"
#include "text/utf8.h"
#include "text/words.h"

namespace lodestone {
namespace {

// The straight quote and the curly ones that phones type.
size_t OpeningQuoteLength(std::string_view text) {
  if (text.starts_with('"')) return 1;
  for (const std::string_view quote : {"“", "„", "”"}) {
    if (text.starts_with(quote)) return quote.size();
  }
  return 0;
}

struct Quoted {
  std::string_view words;
  size_t length = 0;  // with its quotes
};

// The quoted text that `text` begins with, if it is closed.
std::optional<Quoted> TakeQuoted(std::string_view text) {
  const size_t open = OpeningQuoteLength(text);
  if (open == 0) return std::nullopt;
  const bool straight = open == 1;
  size_t close = std::string_view::npos;
  size_t close_length = 1;
  if (straight) {
    close = text.find('"', open);
  } else {
    for (const std::string_view quote : {"”", "“"}) {
      const size_t at = text.find(quote, open);
      if (at < close) {
        close = at;
        close_length = quote.size();
      }
    }
  }
  if (close == std::string_view::npos) return std::nullopt;
  return Quoted{text.substr(open, close - open), close + close_length};
}

bool BeginsWord(std::string_view text) {
  const std::vector<ByteRange> words = FindWords(text.substr(0, Utf8FloorBoundary(text, std::min<size_t>(text.size(), 8))));
  return !words.empty() && words.front().start == 0;
}

std::string LowerWords(std::string_view text) {
  std::string joined;
  for (const ByteRange word : FindWords(text)) {
    if (!joined.empty()) joined += ' ';
    joined += FoldWord(text.substr(word.start, word.end - word.start));
  }
  return joined;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  ParsedQuery Run() {
    while (true) {
      while (!rest_.empty() && IsAsciiSpace(rest_.front())) rest_.remove_prefix(1);
      if (rest_.empty()) break;
      if (TakePhrase() || TakeExcluded() || TakeFilter()) continue;
      TakeWord();
    }
    FillTerms();
    return std::move(query_);
  }

 private:
  bool TakePhrase() {
    const std::optional<Quoted> quoted = TakeQuoted(rest_);
    if (!quoted) return false;
    const std::string_view words = TrimAsciiSpace(quoted->words);
    if (!LowerWords(words).empty()) {
      query_.phrases.emplace_back(words);
      Score(words);
    }
    rest_.remove_prefix(quoted->length);
    return true;
  }

  bool TakeExcluded() {
    if (!rest_.starts_with('-')) return false;
    const std::string_view after = rest_.substr(1);
    if (const std::optional<Quoted> quoted = TakeQuoted(after)) {
      const std::string words = LowerWords(quoted->words);
      if (words.empty()) return false;
      query_.excluded.push_back(words);
      rest_.remove_prefix(1 + quoted->length);
      return true;
    }
    if (!BeginsWord(after)) return false;
    const std::string_view word = NextPiece(after);
    query_.excluded.push_back(LowerWords(word));
    rest_.remove_prefix(1 + word.size());
    return true;
  }

  bool TakeFilter() {
    for (const std::string_view key : {"type:", "path:", "after:", "before:"}) {
      if (rest_.size() <= key.size() || AsciiLower(rest_.substr(0, key.size())) != key) continue;
      const std::string_view after = rest_.substr(key.size());
      std::string_view value = NextPiece(after);
      size_t length = value.size();
      if (const std::optional<Quoted> quoted = TakeQuoted(after)) {
        value = TrimAsciiSpace(quoted->words);
        length = quoted->length;
      }
      if (value.empty() || !ApplyFilter(key, value)) return false;
      rest_.remove_prefix(key.size() + length);
      return true;
    }
    return false;
  }

  bool ApplyFilter(std::string_view key, std::string_view value) {
    if (key == "path:") {
      query_.paths.emplace_back(value);
      return true;
    }
    if (key == "type:") {
      const std::string lower = AsciiLower(value);
      bool any = false;
      for (size_t at = 0; at <= lower.size();) {
        const size_t comma = std::min(lower.find(',', at), lower.size());
        std::string_view type = std::string_view(lower).substr(at, comma - at);
        if (type.starts_with('.')) type.remove_prefix(1);
        if (!type.empty()) {
          query_.types.emplace_back(type);
          any = true;
        }
        at = comma + 1;
      }
      return any;
    }
    const std::optional<int64_t> date = ParseIsoDate(value);
    if (!date) return false;
    if (key == "after:") {
      query_.after_ms = std::max(query_.after_ms, *date);
    } else {
      query_.before_ms = std::min(query_.before_ms, *date);
    }
    return true;
  }

  void TakeWord() {
    std::string_view word = NextPiece(rest_);
    rest_.remove_prefix(word.size());
    Score(word);
  }

  static std::string_view NextPiece(std::string_view text) {
    size_t end = 0;
    while (end < text.size() && !IsAsciiSpace(text[end])) ++end;
    return text.substr(0, end);
  }

  void Score(std::string_view words) {
    if (!query_.scored_text.empty()) query_.scored_text += ' ';
    query_.scored_text += words;
  }

  void FillTerms() {
    std::vector<std::string> all;
    for (const ByteRange range : FindWords(query_.scored_text)) {
      std::string word = FoldWord(std::string_view(query_.scored_text).substr(range.start, range.end - range.start));
      if (!word.empty()) all.push_back(std::move(word));
    }
    const bool only_stop_words = std::all_of(all.begin(), all.end(), [](const auto& word) { return IsStopWord(word); });
    std::unordered_set<std::string> seen;
    for (std::string& word : all) {
      if (!only_stop_words && IsStopWord(word)) continue;
      if (seen.insert(word).second) query_.terms.push_back(std::move(word));
    }
  }

  std::string_view rest_;
  ParsedQuery query_;
};

}  // namespace

Result<ParsedQuery> ParseQuery(std::string_view text) {
  if (text.size() > kMaxQueryBytes) {
    return Status(StatusCode::kTooLarge, "The query is too long: at most 16,384 bytes can be searched for at once.");
  }
  if (!IsValidUtf8(text)) return Status(StatusCode::kInvalidArgument, "The query is not valid UTF-8 text.");
  return Parser(text).Run();
}

}  // namespace lodestone
