#pragma once

#include <algorithm>
#include <numeric>
#include <vector>

#include "index/flat_index.h"

namespace lodestone {

// The share of each query's ten nearest vectors by f32 arithmetic that the index finds too, when the
// forty best of its scan are rescored.
inline double RecallAtTen(const std::vector<std::vector<float>>& vectors,
                          const std::vector<std::vector<float>>& queries) {
  constexpr size_t kTop = 10;
  FlatIndex index(static_cast<uint32_t>(vectors[0].size()));
  for (size_t i = 0; i < vectors.size(); ++i) index.Add(PassageId{static_cast<uint32_t>(i)}, vectors[i]);
  std::vector<float> exact(vectors.size()), scanned(vectors.size());
  size_t found = 0;
  for (const std::vector<float>& query : queries) {
    for (size_t i = 0; i < vectors.size(); ++i) {
      exact[i] = static_cast<float>(std::inner_product(query.begin(), query.end(), vectors[i].begin(), 0.0));
    }
    const PreparedVector prepared = index.Prepare(query);
    index.Scan(prepared, 0, index.row_count(), scanned.data());
    std::vector<ScoredRow> candidates = SelectTop(scanned, 0, 4 * kTop);
    for (ScoredRow& candidate : candidates) candidate.score = index.Rescore(prepared, candidate.row);
    std::partial_sort(candidates.begin(), candidates.begin() + kTop, candidates.end(),
                      [](const ScoredRow& a, const ScoredRow& b) { return a.score > b.score; });
    for (const ScoredRow& wanted : SelectTop(exact, 0, kTop)) {
      found += std::count_if(candidates.begin(), candidates.begin() + kTop,
                             [&](const ScoredRow& candidate) { return candidate.row == wanted.row; });
    }
  }
  return static_cast<double>(found) / static_cast<double>(kTop * queries.size());
}

}  // namespace lodestone
