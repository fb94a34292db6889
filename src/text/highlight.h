#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "text/chunk.h"

namespace lodestone {

// Where a term of the query stands in a text.
struct TermMatch {
  ByteRange range;
  uint32_t term = 0;
};

// The sentence that tells most about why a text was found: the one with most different terms, then most matches
// for its length, then the earliest. The first sentence when none has any; an empty range without sentences.
ByteRange BestSentence(std::span<const ByteRange> sentences, std::span<const TermMatch> matches);

}  // namespace lodestone
