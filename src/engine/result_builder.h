#pragma once

#include <vector>

#include "engine/fusion.h"
#include "protocol/messages.h"
#include "store/store.h"
#include "text/query.h"

namespace lodestone {

// A document among the results, with its best passages, best first.
struct RankedDocument {
  DocumentId document;
  float score = 0;
  std::vector<FusedHit> passages;
};

// The `top` best documents; a document's score is its best passage's, ties by path.
std::vector<RankedDocument> GroupByDocument(std::vector<FusedHit> hits, const Library& library, size_t top);

// Puts documents of `hits` that are not among the first `places` there, in the last of those places and
// with the last one's score. Documents of `hits` already there stay; the others make room from below and
// come next, with no higher score.
void EnsureShown(const std::vector<LexicalHit>& hits, const Library& library, size_t places,
                 std::vector<RankedDocument>* ranked);

// Turns ranked documents and their texts into the reply that a person sees.
struct ResultBuilder {
  const ParsedQuery* query = nullptr;
  FusionMode mode = FusionMode::kHybrid;
  bool has_words = false;
  bool has_meaning = false;

  protocol::SearchReply Build(const protocol::Search& request, const std::vector<RankedDocument>& ranked,
                              const std::vector<PassageText>& texts,
                              const std::vector<std::vector<WordMatch>>& matches) const;
  static protocol::SearchReply Empty(const protocol::Search& request);
};

}  // namespace lodestone
