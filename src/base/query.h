#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"

namespace lodestone {

// Terms past these are not scored: no person typed them, and each costs time on every passage.
inline constexpr size_t kMaxScoredTerms = 256;

// What a person typed, taken apart.
struct ParsedQuery {
  std::string scored_text;                 // for embedding: plain words, quoted words included
  std::vector<std::string> terms;          // words for the OR, folded to lower case, stop words dropped
                                           // (kept when nothing else is left), no duplicates
  std::vector<std::string> phrases;        // "quoted": a passage must hold each
  std::vector<std::string> excluded;       // -word: a document must hold none
  std::vector<std::string> types;          // type:md, lower case, any of them
  std::vector<std::string> paths;          // path:docs/ (prefix) or path:*guide* (glob), any of them
  int64_t after_ms = INT64_MIN;            // after:2024-05-01, inclusive
  int64_t before_ms = INT64_MAX;           // before:..., exclusive

  bool has_filters() const {
    return !phrases.empty() || !excluded.empty() || !types.empty() || !paths.empty() || after_ms != INT64_MIN ||
           before_ms != INT64_MAX;
  }
  // Nothing to score and nothing to filter by.
  bool empty() const {
    return scored_text.find_first_not_of(" \t\n\v\f\r") == std::string::npos && !has_filters();
  }
};

struct LexicalHit {
  PassageId passage;
  float score = 0;  // BM25, higher is better, above 0
};

}  // namespace lodestone
