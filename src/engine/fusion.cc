#include "engine/fusion.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace lodestone {
namespace {

constexpr float kAbsent = -1e30f;
// Passages that two models must have in common before the scale of one is set by the other.
constexpr uint32_t kFewestForScale = 32;
constexpr uint32_t kNoChannel = UINT32_MAX;

struct Ranked {
  PassageId passage;
  float score;
  float words;
};

// The best of what comes in ascending order of passages: of equal scores the first stays.
class Best {
 public:
  explicit Best(size_t count) : count_(count) { kept_.reserve(count); }

  void Add(const Ranked& one) {
    if (kept_.size() == count_) {
      if (count_ == 0 || one.score <= kept_.front().score) return;
      std::pop_heap(kept_.begin(), kept_.end(), Better);
      kept_.pop_back();
    }
    kept_.push_back(one);
    std::push_heap(kept_.begin(), kept_.end(), Better);
  }
  // Best first.
  std::vector<Ranked> Take() {
    std::sort_heap(kept_.begin(), kept_.end(), Better);
    return std::move(kept_);
  }

 private:
  static bool Better(const Ranked& a, const Ranked& b) {
    return a.score != b.score ? a.score > b.score : a.passage < b.passage;
  }

  const size_t count_;
  std::vector<Ranked> kept_;  // a heap with the worst on top
};

// Scores by words, asked for in ascending order of passages.
class WordScores {
 public:
  explicit WordScores(std::span<const LexicalHit> hits) : hits_(hits) {
    const auto before = [](const LexicalHit& a, const LexicalHit& b) { return a.passage < b.passage; };
    if (std::is_sorted(hits.begin(), hits.end(), before)) return;
    sorted_.assign(hits.begin(), hits.end());
    std::stable_sort(sorted_.begin(), sorted_.end(), before);
    hits_ = sorted_;
  }
  // 0 without a hit.
  float Of(PassageId passage) {
    while (next_ < hits_.size() && hits_[next_].passage < passage) ++next_;
    return next_ < hits_.size() && hits_[next_].passage == passage ? hits_[next_].score : 0.0f;
  }

 private:
  std::span<const LexicalHit> hits_;
  std::vector<LexicalHit> sorted_;
  size_t next_ = 0;
};

}  // namespace

ScoreScale LexicalScale(std::span<const LexicalHit> hits, size_t passage_count) {
  if (passage_count == 0) return {};
  double sum = 0;
  double squares = 0;
  for (const LexicalHit& hit : hits) {
    sum += hit.score;
    squares += double{hit.score} * hit.score;
  }
  const double count = static_cast<double>(passage_count);
  const double mean = sum / count;
  return {mean, std::sqrt(std::max(0.0, squares / count - mean * mean))};
}

ScoreScale SemanticScale(const ScoreSums& sums) {
  if (sums.count == 0) return {};
  const double mean = sums.sum / sums.count;
  return {mean, std::sqrt(std::max(0.0, sums.sum_of_squares / sums.count - mean * mean))};
}

void AlignScales(const Library& library, std::vector<SemanticScores>* scores) {
  for (size_t i = 0; i + 1 < scores->size();) {
    SemanticScores& better = (*scores)[i];
    const SemanticScores& base = scores->back();
    ScoreSums by_better;
    ScoreSums by_base;
    for (uint32_t id = 1; id < library.passage_limit(); ++id) {
      const Row row = better.tier->row(PassageId{id});
      const Row base_row = base.tier->row(PassageId{id});
      if (row == Tier::kNoRow || row >= better.by_row.size()) continue;
      if (base_row == Tier::kNoRow || base_row >= base.by_row.size()) continue;
      by_better.Add(better.by_row[row]);
      by_base.Add(base.by_row[base_row]);
    }
    if (by_base.count < kFewestForScale) {
      scores->erase(scores->begin() + static_cast<ptrdiff_t>(i));
      continue;
    }
    const ScoreScale seen = SemanticScale(by_better);
    const ScoreScale seen_by_base = SemanticScale(by_base);
    if (seen_by_base.deviation > 0 && base.scale.deviation > 0) {
      better.scale.deviation = seen.deviation * base.scale.deviation / seen_by_base.deviation;
      better.scale.mean = seen.mean - better.scale.deviation * base.scale.Normalise(seen_by_base.mean);
    }
    ++i;
  }
}

float OnFirstScale(std::span<const SemanticScores> semantic, uint32_t channel, float similarity) {
  if (channel == 0) return similarity;
  const ScoreScale& first = semantic[0].scale;
  return static_cast<float>(first.mean + first.deviation * semantic[channel].scale.Normalise(similarity));
}

std::vector<FusedHit> Fuse(const FusionInput& input, size_t count) {
  const Library& library = *input.library;
  const ScoreScale lexical_scale = LexicalScale(input.lexical, library.passage_count());
  const double weight = input.semantic_weight;
  const double z_without_words = lexical_scale.Normalise(0);

  const auto similarity_of = [&](PassageId passage, uint32_t* channel) {
    for (uint32_t i = 0; i < input.semantic.size(); ++i) {
      const SemanticScores& scores = input.semantic[i];
      const Row row = scores.tier->row(passage);
      if (row == Tier::kNoRow || row >= scores.by_row.size()) continue;
      *channel = i;
      return scores.by_row[row];
    }
    *channel = kNoChannel;
    return 0.0f;
  };
  // kAbsent for what is not ranked.
  const auto score_of = [&](PassageId passage, float words) {
    if (input.mode == FusionMode::kLexical) return words > 0 ? words : kAbsent;
    uint32_t channel;
    const float similarity = similarity_of(passage, &channel);
    if (channel != kNoChannel && similarity == kUnscored) return kAbsent;
    if (input.mode == FusionMode::kSemantic) {
      return channel != kNoChannel ? OnFirstScale(input.semantic, channel, similarity) : kAbsent;
    }
    const double z_semantic = channel != kNoChannel ? input.semantic[channel].scale.Normalise(similarity) : 0.0;
    const double z_words = words > 0 ? lexical_scale.Normalise(words) : z_without_words;
    return static_cast<float>(weight * z_semantic + (1 - weight) * z_words);
  };

  Best best(count);
  WordScores words(input.lexical);
  const auto rank = [&](PassageId passage) {
    if (library.document_of(passage).value == 0) return;
    const float of_words = words.Of(passage);
    const float score = score_of(passage, of_words);
    if (score != kAbsent) best.Add({passage, score, of_words});
  };
  if (input.filter && input.filter->restricts) {
    for (PassageId passage : input.filter->allowed) rank(passage);
  } else {
    const uint32_t limit = library.passage_limit();
    for (uint32_t id = 1; id < limit; ++id) rank(PassageId{id});
  }

  std::vector<FusedHit> hits;
  for (const Ranked& one : best.Take()) {
    FusedHit hit;
    hit.passage = one.passage;
    hit.document = library.document_of(hit.passage);
    hit.score = one.score;
    hit.lexical = one.words;
    hit.similarity = similarity_of(hit.passage, &hit.channel);
    hit.has_similarity = hit.channel != kNoChannel;
    hits.push_back(hit);
  }
  return hits;
}

}  // namespace lodestone
