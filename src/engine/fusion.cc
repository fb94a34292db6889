#include "engine/fusion.h"

#include <algorithm>
#include <cmath>

namespace lodestone {
namespace {

constexpr float kAbsent = -1e30f;
// Passages that two models must have in common before the scale of one is set by the other.
constexpr uint32_t kFewestForScale = 32;

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
  const uint32_t limit = library.passage_limit();
  std::vector<float> fused(limit, kAbsent);
  std::vector<float> lexical(limit, 0.0f);
  for (const LexicalHit& hit : input.lexical) {
    if (hit.passage.value < limit) lexical[hit.passage.value] = hit.score;
  }
  const ScoreScale lexical_scale = LexicalScale(input.lexical, library.passage_count());
  const double weight = input.semantic_weight;

  constexpr uint32_t kNoChannel = UINT32_MAX;
  auto similarity_of = [&](PassageId passage, uint32_t* channel) {
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
  auto score_one = [&](uint32_t id) {
    const PassageId passage{id};
    if (library.document_of(passage).value == 0) return;
    const float words = lexical[id];
    if (input.mode == FusionMode::kLexical) {
      if (words > 0) fused[id] = words;
      return;
    }
    uint32_t channel;
    const float similarity = similarity_of(passage, &channel);
    if (channel != kNoChannel && similarity == kUnscored) return;
    if (input.mode == FusionMode::kSemantic) {
      if (channel != kNoChannel) fused[id] = OnFirstScale(input.semantic, channel, similarity);
      return;
    }
    const double z_semantic = channel != kNoChannel ? input.semantic[channel].scale.Normalise(similarity) : 0.0;
    fused[id] = static_cast<float>(weight * z_semantic + (1 - weight) * lexical_scale.Normalise(words));
  };
  if (input.filter && input.filter->restricts) {
    for (PassageId passage : input.filter->allowed) {
      if (passage.value < limit) score_one(passage.value);
    }
  } else {
    for (uint32_t id = 1; id < limit; ++id) score_one(id);
  }

  // A bounded heap with the worst of the kept on top.
  auto better = [&](uint32_t a, uint32_t b) { return fused[a] != fused[b] ? fused[a] > fused[b] : a < b; };
  std::vector<uint32_t> best;
  for (uint32_t id = 1; id < limit; ++id) {
    if (fused[id] == kAbsent) continue;
    if (best.size() < count) {
      best.push_back(id);
      std::push_heap(best.begin(), best.end(), better);
    } else if (count > 0 && better(id, best.front())) {
      std::pop_heap(best.begin(), best.end(), better);
      best.back() = id;
      std::push_heap(best.begin(), best.end(), better);
    }
  }
  std::sort_heap(best.begin(), best.end(), better);

  std::vector<FusedHit> hits;
  hits.reserve(best.size());
  for (uint32_t id : best) {
    FusedHit hit;
    hit.passage = PassageId{id};
    hit.document = library.document_of(hit.passage);
    hit.score = fused[id];
    hit.lexical = lexical[id];
    hit.similarity = similarity_of(hit.passage, &hit.channel);
    hit.has_similarity = hit.channel != kNoChannel;
    hits.push_back(hit);
  }
  return hits;
}

}  // namespace lodestone
