#include "text/chunk.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "text/sections.h"
#include "text/utf8.h"

namespace lodestone {
namespace {

// Texts without spaces or of one endless word have few tokens: each of these many bytes weighs as a token.
constexpr uint32_t kBytesPerWeight = 16;
// Paragraphs are tokenised in slices of this size, so that a single line of any length costs no more.
constexpr size_t kSliceBytes = 16 << 10;
// A section is cut by windows of this many passages, so that memory does not grow with it.
constexpr uint32_t kWindowPassages = 16;
constexpr uint32_t kCheckpointTokens = 4096;
// Sentences this short are not cut off from their neighbours; longer units are cut between words.
constexpr uint32_t kMinUnitWeight = 12;
constexpr uint32_t kMaxUnitWeight = 64;
constexpr uint32_t kIntroductionsPerPassage = 6;

enum class Boundary : uint8_t { kParagraph, kSentence, kWord, kInsideWord };

// What a cut before a unit costs, against a passage half as long as it should be at 0.25.
double CutCost(Boundary boundary) {
  switch (boundary) {
    case Boundary::kParagraph: return 0.0;
    case Boundary::kSentence: return 0.35;
    case Boundary::kWord: return 1.0;
    case Boundary::kInsideWord: return 1.5;
  }
  return 1.5;
}

// The smallest piece that a cut may leave.
struct Unit {
  uint32_t start = 0;
  uint32_t end = 0;  // without the space after it
  uint32_t tokens = 0;
  uint32_t weight = 0;
  Boundary before = Boundary::kParagraph;  // what stands between it and the unit before
};

uint32_t WeightOf(size_t tokens, size_t bytes) {
  return std::max<uint32_t>(
      1, std::max(static_cast<uint32_t>(tokens), static_cast<uint32_t>((bytes + kBytesPerWeight - 1) / kBytesPerWeight)));
}

class Chunker {
 public:
  Chunker(const Document& document, const Tokenizer& tokenizer, const ChunkOptions& options,
          const std::function<bool()>& checkpoint)
      : text_(document.text), tokenizer_(tokenizer), checkpoint_(checkpoint) {
    max_ = std::max<uint32_t>(options.max_tokens, 8);
    target_ = std::clamp<uint32_t>(options.target_tokens, 4, max_);
    overlap_ = std::min(options.overlap_tokens, max_ / 4);
    unit_max_ = std::min(kMaxUnitWeight, std::max<uint32_t>(target_ / 2, 2));
  }

  std::vector<Passage> Run(const Document& document) {
    const std::vector<Section> sections = FindSections(document);
    if (TakeWhole(sections)) return std::move(passages_);
    for (const Section& section : sections) {
      TakeSection(section);
      if (stopped_) return {};
    }
    FlushGroup();
    return std::move(passages_);
  }

 private:
  // Neighbouring short sections that become one passage.
  struct Group {
    uint32_t start = 0;
    uint32_t end = 0;
    uint32_t tokens = 0;
    uint32_t weight = 0;  // 0: none
    size_t section_count = 0;
    size_t first_depth = 0;
    std::vector<std::string_view> path;  // what the sections' paths have in common
  };

  // A document that is short enough stays in one piece.
  bool TakeWhole(const std::vector<Section>& sections) {
    const std::string_view trimmed = TrimAsciiSpace(text_);
    if (trimmed.empty()) return true;
    if (trimmed.size() > size_t{max_} * kBytesPerWeight) return false;
    const size_t tokens = tokenizer_.CountTokens(trimmed);
    if (tokens > max_) return false;
    std::vector<std::string_view> path = sections.front().path;
    for (const Section& section : sections) path.resize(CommonPrefix(path, section.path));
    const auto start = static_cast<uint32_t>(trimmed.data() - text_.data());
    passages_.push_back({start, start + static_cast<uint32_t>(trimmed.size()), static_cast<uint32_t>(tokens),
                         JoinPath(path)});
    return true;
  }

  void TakeSection(const Section& section) {
    window_.clear();
    window_weight_ = 0;
    section_path_ = JoinPath(section.path);
    section_cut_ = false;
    TakeIntroduction(section);
    uint32_t at = section.start;
    while (at < section.end && !stopped_) {
      const uint32_t paragraph_end = ParagraphEnd(at, section.end);
      TakeParagraph(at, paragraph_end);
      at = paragraph_end;
    }
    if (stopped_ || window_.empty()) return;
    if (section_cut_ || window_weight_ > max_) {
      FlushGroup();
      CutWindow(/*last=*/true);
      return;
    }
    uint32_t tokens = 0;
    for (const Unit& unit : window_) tokens += unit.tokens;
    JoinGroup(section, window_.front().start, window_.back().end, tokens, window_weight_);
  }

  // A line or two above the first heading below it is no passage by itself: it goes with that section.
  void TakeIntroduction(const Section& section) {
    const bool tiny = group_.section_count == 1 && group_.weight * kIntroductionsPerPassage <= target_;
    if (!tiny || CommonPrefix(group_.path, section.path) != group_.path.size()) return;
    window_.push_back({group_.start, group_.end, group_.tokens, group_.weight, Boundary::kParagraph});
    window_weight_ = group_.weight;
    group_ = {};
  }

  // Just past the blank line that ends the paragraph at `at`.
  uint32_t ParagraphEnd(uint32_t at, uint32_t end) const {
    while (at < end && IsAsciiSpace(text_[at])) ++at;
    while (at < end) {
      const size_t newline = std::min<size_t>(text_.find('\n', at), end);
      if (newline == end) return end;
      size_t next = newline + 1;
      while (next < end && (text_[next] == ' ' || text_[next] == '\t')) ++next;
      if (next >= end || text_[next] == '\n') return static_cast<uint32_t>(std::min<size_t>(next, end));
      at = static_cast<uint32_t>(next);
    }
    return end;
  }

  void TakeParagraph(uint32_t start, uint32_t end) {
    while (start < end && IsAsciiSpace(text_[start])) ++start;
    while (end > start && IsAsciiSpace(text_[end - 1])) --end;
    Boundary before = Boundary::kParagraph;
    while (start < end && !stopped_) {
      Boundary after = Boundary::kParagraph;
      const uint32_t slice_end = SliceEnd(start, end, &after);
      TakeSlice(start, slice_end, before);
      start = slice_end;
      before = after;
    }
  }

  // Where a slice of a very long paragraph may end.
  uint32_t SliceEnd(uint32_t start, uint32_t end, Boundary* boundary) const {
    if (end - start <= kSliceBytes) return end;
    const size_t hard = Utf8FloorBoundary(text_, start + kSliceBytes);
    const size_t floor = start + kSliceBytes / 2;
    size_t space = 0;
    for (size_t i = hard; i > floor; --i) {
      if (text_[i] == '\n') {
        *boundary = Boundary::kSentence;
        return static_cast<uint32_t>(i);
      }
      if (space == 0 && IsAsciiSpace(text_[i])) space = i;
    }
    *boundary = space == 0 ? Boundary::kInsideWord : Boundary::kWord;
    return static_cast<uint32_t>(space == 0 ? hard : space);
  }

  void TakeSlice(uint32_t start, uint32_t end, Boundary before) {
    const std::string_view slice = text_.substr(start, end - start);
    ids_.clear();
    offsets_.clear();
    tokenizer_.EncodeWithOffsets(slice, &ids_, &offsets_);
    Count(static_cast<uint32_t>(ids_.size()) + static_cast<uint32_t>(slice.size() / 64));
    // Space at either end of the slice belongs to no unit.
    const std::vector<ByteRange> sentences = SplitSentences(slice);
    size_t token = 0;
    for (size_t i = 0; i < sentences.size(); ++i) {
      const size_t first_token = token;
      while (token < offsets_.size() && offsets_[token] < sentences[i].end) ++token;
      const Boundary boundary = i == 0 ? before : Boundary::kSentence;
      TakeSentence(start, sentences[i], first_token, token, boundary);
    }
  }

  // Cuts a sentence that is too long for one unit between words, as evenly as they allow.
  void TakeSentence(uint32_t base, ByteRange range, size_t first_token, size_t end_token, Boundary before) {
    const uint32_t weight = WeightOf(end_token - first_token, range.end - range.start);
    if (weight <= unit_max_) {
      AddUnit(base + range.start, base + range.end, end_token - first_token, before);
      return;
    }
    const uint32_t pieces = (weight + unit_max_ - 1) / unit_max_;
    uint32_t at = range.start;
    size_t token = first_token;
    while (at < range.end) {
      // The end of the piece by tokens, or by bytes where words have no end.
      const size_t want_tokens = std::max<size_t>((end_token - first_token) / pieces, 1);
      size_t next_token = std::min(token + want_tokens, end_token);
      while (next_token < end_token && next_token > token && offsets_[next_token] == offsets_[next_token - 1]) {
        ++next_token;  // never between the pieces of one word
      }
      next_token = PreferSpace(base, next_token, end_token);
      uint32_t piece_end = next_token < end_token ? offsets_[next_token] : range.end;
      Boundary boundary = before;
      bool inside_word = false;
      if (piece_end - at > unit_max_ * kBytesPerWeight) {
        piece_end = static_cast<uint32_t>(at + HardCut(text_.substr(base + at, piece_end - at), &inside_word));
        next_token = token;
        while (next_token < end_token && offsets_[next_token] < piece_end) ++next_token;
      }
      uint32_t trimmed = piece_end;
      while (trimmed > at && IsAsciiSpace(text_[base + trimmed - 1])) --trimmed;
      size_t tokens = next_token - token;
      if (inside_word || boundary == Boundary::kInsideWord) {
        tokens = tokenizer_.CountTokens(text_.substr(base + at, trimmed - at));
      }
      if (trimmed > at) AddUnit(base + at, base + trimmed, tokens, boundary);
      at = piece_end;
      while (at < range.end && IsAsciiSpace(text_[base + at])) ++at;
      token = next_token;
      before = inside_word ? Boundary::kInsideWord : Boundary::kWord;
    }
  }

  // A token near `token` that stands after a space, so that "don't" and "3.5" stay whole.
  size_t PreferSpace(uint32_t base, size_t token, size_t end_token) const {
    constexpr size_t kReach = 8;
    for (size_t i = token; i < std::min(token + kReach, end_token); ++i) {
      if (offsets_[i] > 0 && offsets_[i] != offsets_[i - 1] && IsAsciiSpace(text_[base + offsets_[i] - 1])) return i;
    }
    return token;
  }

  // The end of a piece of at most a unit's bytes: after the last space, else between code points.
  size_t HardCut(std::string_view piece, bool* inside_word) const {
    const size_t limit = std::min<size_t>(size_t{unit_max_} * kBytesPerWeight, piece.size());
    const size_t space = piece.substr(0, limit).find_last_of(" \t\n");
    if (space != std::string_view::npos && space > limit / 2) return space + 1;
    *inside_word = true;
    const size_t cut = Utf8FloorBoundary(piece, limit);
    return cut == 0 ? piece.size() : cut;
  }

  void AddUnit(uint32_t start, uint32_t end, size_t tokens, Boundary before) {
    const uint32_t weight = WeightOf(tokens, end - start);
    if (!window_.empty() && (before == Boundary::kSentence || before == Boundary::kParagraph)) {
      Unit& last = window_.back();
      const bool one_is_short = weight < kMinUnitWeight || last.weight < kMinUnitWeight;
      if (before == Boundary::kSentence ? one_is_short && last.weight + weight <= unit_max_
                                        : last.weight + weight <= kMinUnitWeight) {
        window_weight_ -= last.weight;
        last.end = end;
        last.tokens += static_cast<uint32_t>(tokens);
        last.weight = WeightOf(last.tokens, last.end - last.start);
        window_weight_ += last.weight;
        return;
      }
    }
    window_.push_back({start, end, static_cast<uint32_t>(tokens), weight, before});
    window_weight_ += weight;
    if (window_weight_ > kWindowPassages * target_) {
      FlushGroup();
      CutWindow(/*last=*/false);
    }
  }

  // Cuts the window into passages of the least cost; unless it is the section's last, the last two stay for the
  // next window, as what follows may suit them better.
  // Source: the optimal line breaking of Knuth and Plass, "Breaking Paragraphs into Lines", 1981.
  void CutWindow(bool last) {
    const size_t count = window_.size();
    constexpr double kInfinite = std::numeric_limits<double>::infinity();
    std::vector<double> best(count + 1, kInfinite);
    std::vector<size_t> from(count + 1, 0);
    best[0] = 0;
    for (size_t end = 1; end <= count; ++end) {
      uint32_t weight = 0;
      for (size_t begin = end; begin-- > 0;) {
        weight += window_[begin].weight;
        // Room is kept for the overlap where a paragraph is cut.
        const uint32_t room = window_[begin].before == Boundary::kParagraph ? max_ : max_ - overlap_;
        if (weight > max_ && begin + 1 < end) break;
        if (weight > room && begin + 1 < end) continue;
        const double off = (static_cast<double>(weight) - target_) / target_;
        const double cost = best[begin] + off * off + (begin == 0 ? 0.0 : CutCost(window_[begin].before)) +
                            (weight * 8 < target_ ? 0.5 : 0.0);
        if (cost < best[end]) {
          best[end] = cost;
          from[end] = begin;
        }
      }
    }
    std::vector<size_t> begins;
    for (size_t at = count; at > 0; at = from[at]) begins.push_back(from[at]);
    std::reverse(begins.begin(), begins.end());
    const size_t kept = last || begins.size() <= 2 ? 0 : 2;
    const size_t emitted = begins.size() - kept;
    for (size_t i = 0; i < emitted; ++i) {
      EmitUnits(begins[i], i + 1 < begins.size() ? begins[i + 1] : count);
    }
    const size_t keep_from = emitted < begins.size() ? begins[emitted] : count;
    previous_tail_ = keep_from > 0 ? window_[keep_from - 1] : previous_tail_;
    section_cut_ = true;
    window_.erase(window_.begin(), window_.begin() + static_cast<std::ptrdiff_t>(keep_from));
    window_weight_ = 0;
    for (const Unit& unit : window_) window_weight_ += unit.weight;
  }

  void EmitUnits(size_t begin, size_t end) {
    uint32_t start = window_[begin].start;
    uint32_t tokens = 0;
    uint32_t weight = 0;
    bool recount = false;
    for (size_t i = begin; i < end; ++i) {
      tokens += window_[i].tokens;
      weight += window_[i].weight;
      recount = recount || window_[i].before == Boundary::kInsideWord;
    }
    recount = recount || (end < window_.size() && window_[end].before == Boundary::kInsideWord);
    const bool continues = window_[begin].before != Boundary::kParagraph && (begin > 0 || section_cut_);
    if (continues && overlap_ > 0 && weight < max_) {
      const Unit& tail = begin > 0 ? window_[begin - 1] : previous_tail_;
      const uint32_t overlap_start = OverlapStart(tail, std::min(overlap_, max_ - weight));
      if (overlap_start < start) {
        start = overlap_start;
        recount = true;
      }
    }
    const uint32_t stop = window_[end - 1].end;
    if (recount) tokens = static_cast<uint32_t>(tokenizer_.CountTokens(text_.substr(start, stop - start)));
    passages_.push_back({start, stop, tokens, section_path_});
  }

  // Where the last words of `tail` begin that fit into `budget` tokens: all of it when it is short, past any
  // place when no word of it fits.
  uint32_t OverlapStart(const Unit& tail, uint32_t budget) {
    if (tail.weight <= budget) return tail.start;
    const std::string_view words = text_.substr(tail.start, tail.end - tail.start);
    // Not ids_ and offsets_: a slice is being cut by those while its window is emitted.
    std::vector<int32_t> ids;
    std::vector<uint32_t> offsets;
    tokenizer_.EncodeWithOffsets(words, &ids, &offsets);
    for (size_t i = offsets.size() > budget ? offsets.size() - budget : 0; i < offsets.size(); ++i) {
      // Words only: a token may be a piece of one, and bytes are bounded as everywhere.
      const uint32_t at = offsets[i];
      const bool word_start = at > 0 && IsAsciiSpace(words[at - 1]) && (i == 0 || offsets[i - 1] != at);
      if (word_start && words.size() - at <= size_t{budget} * kBytesPerWeight) return tail.start + at;
    }
    return std::numeric_limits<uint32_t>::max();
  }

  void JoinGroup(const Section& section, uint32_t start, uint32_t end, uint32_t tokens, uint32_t weight) {
    if (group_.weight > 0) {
      const size_t common = CommonPrefix(group_.path, section.path);
      const bool same_parent = common + 1 >= group_.first_depth;
      const uint32_t joined = std::max(group_.weight + weight, WeightOf(0, end - group_.start));
      if (same_parent && joined <= target_) {
        group_.path.resize(common);
        group_.end = end;
        group_.tokens += tokens;
        group_.weight = joined;
        ++group_.section_count;
        return;
      }
    }
    FlushGroup();
    group_ = {start, end, tokens, weight, 1, section.path.size(), section.path};
  }

  void FlushGroup() {
    if (group_.weight == 0) return;
    passages_.push_back({group_.start, group_.end, group_.tokens, JoinPath(group_.path)});
    group_ = {};
  }

  void Count(uint32_t work) {
    since_checkpoint_ += work;
    if (since_checkpoint_ < kCheckpointTokens) return;
    since_checkpoint_ = 0;
    if (checkpoint_ && !checkpoint_()) stopped_ = true;
  }

  const std::string_view text_;
  const Tokenizer& tokenizer_;
  const std::function<bool()>& checkpoint_;
  uint32_t target_ = 0;
  uint32_t max_ = 0;
  uint32_t overlap_ = 0;
  uint32_t unit_max_ = 0;

  std::vector<Passage> passages_;
  Group group_;
  std::vector<Unit> window_;  // units of the section that are in no passage yet
  uint32_t window_weight_ = 0;
  std::string section_path_;
  bool section_cut_ = false;  // passages of this section are out already
  Unit previous_tail_;        // the last unit that is in one, then
  uint32_t since_checkpoint_ = 0;
  bool stopped_ = false;
  std::vector<int32_t> ids_;
  std::vector<uint32_t> offsets_;
};

}  // namespace

std::vector<Passage> ChunkDocument(const Document& document, const Tokenizer& tokenizer, const ChunkOptions& options,
                                   const std::function<bool()>& checkpoint) {
  return Chunker(document, tokenizer, options, checkpoint).Run(document);
}

}  // namespace lodestone
