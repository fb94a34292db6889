#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "store/store.h"

namespace lodestone::bench {

inline double NowMs() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Word number n is 1 / (n + 2.7) as frequent as the first, as Zipf and Mandelbrot found.
class Zipf {
 public:
  explicit Zipf(uint32_t vocabulary) {
    double sum = 0;
    for (uint32_t n = 0; n < vocabulary; ++n) sums_.push_back(sum += 1 / (n + 2.7));
  }
  uint32_t operator()(std::mt19937& random) const {
    const double at = std::uniform_real_distribution<double>(0, sums_.back())(random);
    return static_cast<uint32_t>(std::lower_bound(sums_.begin(), sums_.end(), at) - sums_.begin());
  }

 private:
  std::vector<double> sums_;
};

inline std::string WordOf(uint32_t number) {
  std::string word = "k";
  for (; number > 0; number /= 20) word += "bcdfghjklmnpqrstvwxz"[number % 20];
  return word;
}

// A document of `passage_count` passages of `word_count` words each.
inline NewDocument MakeDocument(const std::string& path, uint32_t passage_count, uint32_t word_count, const Zipf& zipf,
                                std::mt19937& random) {
  NewDocument made;
  made.document.path = path;
  made.document.title = WordOf(zipf(random)) + " " + WordOf(zipf(random));
  for (uint32_t p = 0; p < passage_count; ++p) {
    Passage passage;
    passage.start = static_cast<uint32_t>(made.document.text.size());
    for (uint32_t w = 0; w < word_count; ++w) made.document.text += WordOf(zipf(random)) + ' ';
    passage.end = static_cast<uint32_t>(made.document.text.size());
    made.passages.push_back(passage);
  }
  return made;
}

}  // namespace lodestone::bench
