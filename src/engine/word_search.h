#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/query.h"
#include "base/status.h"
#include "engine/context.h"

namespace lodestone {

// Terms in at most so many documents are rare.
inline constexpr uint32_t kRareDocuments = 3;

// What a query's words find.
struct WordHits {
  Status status;
  std::vector<LexicalHit> hits;  // every passage with a term, filters aside, ascending
  std::vector<LexicalHit> rare;  // scored by the rare terms alone; empty when all terms are rare
};

// Scores the library's passages by a query's words: from memory, split over the compute threads, or by the
// full-text index while words are being loaded and for terms that it alone knows (of several words).
// Thread: coordinator. `done` is called exactly once, there. When `finished`, which other threads read, becomes
// true, the answer does not matter any more.
void SearchWords(EngineContext* context, std::vector<std::string> terms,
                 std::shared_ptr<const std::atomic<bool>> finished, std::function<void(WordHits)> done);

// Leaves what `filter` allows. REQUIRES: hits ascending.
void KeepAllowed(const FilterResult& filter, std::vector<LexicalHit>* hits);

}  // namespace lodestone
