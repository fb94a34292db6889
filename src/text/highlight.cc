#include "text/highlight.h"

#include <algorithm>

namespace lodestone {
namespace {

// Very short sentences ("See also:") are worth less than their density says.
constexpr double kShortSentenceBytes = 40;

}  // namespace

ByteRange BestSentence(std::span<const ByteRange> sentences, std::span<const TermMatch> matches) {
  if (sentences.empty()) return {};
  ByteRange best = sentences.front();
  double best_score = 0;
  for (const ByteRange sentence : sentences) {
    std::vector<uint32_t> terms;
    for (const TermMatch& match : matches) {
      if (match.range.start >= sentence.start && match.range.end <= sentence.end) terms.push_back(match.term);
    }
    if (terms.empty()) continue;
    const auto count = static_cast<double>(terms.size());
    std::sort(terms.begin(), terms.end());
    terms.erase(std::unique(terms.begin(), terms.end()), terms.end());
    const double length = std::max<double>(sentence.end - sentence.start, kShortSentenceBytes);
    // A density below one: it only decides between sentences with equally many different terms.
    const double density = count / (count + length);
    const double score = static_cast<double>(terms.size()) + density;
    if (score > best_score) {
      best_score = score;
      best = sentence;
    }
  }
  return best;
}

}  // namespace lodestone
