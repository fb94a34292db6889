#include "ui/snippet.h"

#include <algorithm>
#include <cstdio>

namespace lodestone::ui {
namespace {

// From offsets into the document to offsets into the passage's text; empty if outside.
protocol::Match Local(const protocol::Match& match, const protocol::PassageHit& hit) {
  const auto size = static_cast<uint32_t>(hit.text.size());
  if (match.start < hit.start || match.end <= match.start) return {};
  const uint32_t start = match.start - hit.start;
  const uint32_t end = std::min(match.end - hit.start, size);
  if (start >= size) return {};
  return {start, end};
}

// Where the sentence begins that ends before `offset`; 0 at the beginning.
uint32_t SentenceBefore(std::string_view text, uint32_t offset) {
  uint32_t at = offset;
  while (at > 0 && (text[at - 1] == ' ' || text[at - 1] == '\n')) --at;
  while (at > 1) {
    --at;
    const bool ends =
        text[at - 1] == '.' || text[at - 1] == '!' || text[at - 1] == '?' || text[at - 1] == '\n';
    if (ends && (text[at] == ' ' || text[at] == '\n')) break;
  }
  if (at <= 1) return 0;
  while (at < offset && (text[at] == ' ' || text[at] == '\n')) ++at;
  return at < offset ? at : 0;
}

}  // namespace

Snippet MakeSnippet(const protocol::PassageHit& hit, float width, uint32_t max_lines,
                    TextMeasure& measure) {
  Snippet snippet;
  for (const protocol::Match& match : hit.matches) {
    const protocol::Match local = Local(match, hit);
    if (local.end > local.start) snippet.matches.push_back(local);
  }
  std::sort(snippet.matches.begin(), snippet.matches.end(),
            [](const auto& a, const auto& b) { return a.start < b.start; });
  snippet.best_sentence = Local(hit.best_sentence, hit);
  const std::string_view text = hit.text;
  const auto size = static_cast<uint32_t>(text.size());
  const auto lay_out = [&](uint32_t from) {
    return LayOutText(text, from, size, measure,
                      {.width = width, .collapse_space = true, .max_lines = max_lines + 1});
  };
  uint32_t from = 0;
  std::vector<TextLine> lines = lay_out(0);
  if (lines.size() > max_lines) {
    // Too long: it begins with its best sentence, and further up if that leaves room.
    const protocol::Match& best = snippet.best_sentence;
    from = best.end > best.start     ? best.start
           : snippet.matches.empty() ? 0
                                     : SentenceBefore(text, snippet.matches.front().start + 1);
    lines = lay_out(from);
    while (from > 0) {
      const uint32_t earlier = SentenceBefore(text, from);
      std::vector<TextLine> more = lay_out(earlier);
      if (more.size() > max_lines) break;
      from = earlier;
      lines = std::move(more);
    }
  }
  snippet.cut_after = lines.size() > max_lines;
  if (snippet.cut_after) lines.resize(max_lines);
  snippet.lines = std::move(lines);
  return snippet;
}

std::string WhyText(const protocol::DocumentHit& hit) {
  std::string out;
  for (const std::string& word : hit.matched_words) {
    out += out.empty() ? "Matches \"" : ", \"";
    out += word + "\"";
  }
  if (!out.empty()) out += ". ";
  if (!hit.passages.empty() && hit.passages.front().has_similarity) {
    char buffer[48];
    std::snprintf(buffer, sizeof(buffer), "Similarity %.2f.",
                  static_cast<double>(hit.passages.front().similarity));
    out += buffer;
  }
  return out;
}

std::string_view HeadingBelowTitle(std::string_view heading_path, std::string_view title) {
  constexpr std::string_view kSeparator = " > ";
  if (title.empty() || !heading_path.starts_with(title)) return heading_path;
  const std::string_view rest = heading_path.substr(title.size());
  if (rest.empty()) return {};
  return rest.starts_with(kSeparator) ? rest.substr(kSeparator.size()) : heading_path;
}

float ScorePart(float score, float best, float worst) {
  if (best <= worst) return 1;
  // The worst one shown still has some score, so the bar does not start at nothing.
  const float floor = std::min(worst, 0.0f) - (best - worst) * 0.15f;
  const float base = worst > 0 ? 0 : floor;
  return std::clamp((score - base) / (best - base), 0.06f, 1.0f);
}

}  // namespace lodestone::ui
