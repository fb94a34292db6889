#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/ids.h"
#include "engine/library.h"
#include "index/flat_index.h"
#include "store/store.h"

namespace lodestone {

// Mean and deviation of one kind of score over the whole library.
struct ScoreScale {
  double mean = 0;
  double deviation = 0;
  double Normalise(double score) const { return deviation > 1e-12 ? (score - mean) / deviation : 0.0; }
};

// Lexical scores count as zero for the passages without a hit.
ScoreScale LexicalScale(std::span<const LexicalHit> hits, size_t passage_count);
ScoreScale SemanticScale(const ScoreSums& sums);

struct SemanticScores;
// Where several models have scored, best first: the better ones have not seen all passages yet, and those that they
// have seen are no fair sample, so their scales are set by what the last one, which has seen most, says of the same
// passages. One that has seen too few to tell is taken out.
void AlignScales(const Library& library, std::vector<SemanticScores>* scores);

// Of a row that was neither near nor asked for, where an index walks to the nearest: it ranks after all others.
inline constexpr float kUnscored = -3.0f;

// Cosines of one query against one model's vectors.
struct SemanticScores {
  const Tier* tier = nullptr;
  uint32_t model = 0;         // for the caller: which one it is
  std::vector<float> by_row;  // [row_count], FlatIndex::kDeadScore for removed rows, or kUnscored
  ScoreScale scale;
};

enum class FusionMode { kHybrid, kSemantic, kLexical };

// One passage with all that is known of its match.
struct FusedHit {
  PassageId passage;
  DocumentId document;
  float score = 0;       // what the mode ranks by: fused, cosine or BM25
  float lexical = 0;     // BM25, 0 without a hit
  float similarity = 0;  // cosine
  bool has_similarity = false;
  bool is_near = false;  // the similarity is one that its model takes for a good match
  uint32_t channel = 0;  // index of the similarity's model among FusionInput::semantic
};

struct FusionInput {
  FusionMode mode = FusionMode::kHybrid;
  const Library* library = nullptr;
  std::span<const LexicalHit> lexical;
  // Best tier first: a passage takes the first tier that holds a vector of it.
  std::span<const SemanticScores> semantic;
  float semantic_weight = 0.5f;  // fused = w * z(semantic) + (1 - w) * z(lexical)
  const FilterResult* filter = nullptr;  // may be null
};

// The rank of a similarity by one of the models on the scale of the first.
float OnFirstScale(std::span<const SemanticScores> semantic, uint32_t channel, float similarity);

// The `count` best passages, best first, ties by lower id. A passage without a vector takes the mean
// similarity, one without words the score zero, so that a hit of one kind alone survives.
std::vector<FusedHit> Fuse(const FusionInput& input, size_t count);

}  // namespace lodestone
