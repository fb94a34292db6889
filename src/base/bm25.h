#pragma once

#include <algorithm>
#include <cmath>

namespace lodestone {

// How well words fit a passage. One place for it: the full-text index and the one in memory give the same
// scores to the last bit, as long as both add up a passage's terms in the query's order.
// Source: Okapi BM25 as SQLite's own bm25() computes it (a test compares the two).
inline constexpr double kBm25K1 = 1.2;
inline constexpr double kBm25B = 0.75;
// Of a word in more than half of the passages, as in bm25().
inline constexpr double kBm25LeastIdf = 1e-6;
// A passage's title and headings count half a word of its text.
inline constexpr double kTextWeight = 1.0;
inline constexpr double kContextWeight = 0.5;

// What a term in `hit_count` of `passage_count` passages is worth.
inline double Bm25Idf(double passage_count, double hit_count) {
  return std::max(kBm25LeastIdf, std::log((passage_count - hit_count + 0.5) / (hit_count + 0.5)));
}

// What keeps long passages from winning by their length. Lengths are in words, context included.
inline double Bm25Damping(double length, double average_length) {
  return kBm25K1 * (1 - kBm25B + kBm25B * length / average_length);
}

// One term's part of a passage's score; `frequency` is weighted by column.
inline double Bm25Part(double idf, double frequency, double damping) {
  return idf * (frequency * (kBm25K1 + 1)) / (frequency + damping);
}

}  // namespace lodestone
