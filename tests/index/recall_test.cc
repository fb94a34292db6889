#include "tests/index/recall.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

namespace lodestone {
namespace {

// Vectors of the evaluation sets, which are no part of the repository: a line is
// [number, "text", [values]], gzipped.
std::vector<std::vector<float>> ReadVectors(const std::string& path) {
  const std::string command = "gzip -dc '" + path + "' 2>/dev/null";
  std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::string all;
  char buffer[65536];
  while (size_t size = pipe ? fread(buffer, 1, sizeof buffer, pipe.get()) : 0) all.append(buffer, size);
  std::vector<std::vector<float>> vectors;
  for (size_t start = 0; start < all.size();) {
    const size_t end = std::min(all.find('\n', start), all.size());
    const std::string line = all.substr(start, end - start);
    start = end + 1;
    std::vector<float>& vector = vectors.emplace_back();
    const char* next = line.c_str() + line.rfind('[');
    do {
      char* after = nullptr;
      vector.push_back(std::strtof(next + 1, &after));
      next = after;
    } while (*next == ',');
    // They were rounded to four places, which took their unit length.
    const float length = std::sqrt(std::inner_product(vector.begin(), vector.end(), vector.begin(), 0.0f));
    for (float& value : vector) value /= length;
  }
  return vectors;
}

TEST(Recall, OnEmbeddingsOfRealText) {
  const char* folder = std::getenv("LODESTONE_EVAL_DIR");
  const std::string path = std::string(folder ? folder : LODESTONE_SOURCE_DIR "/../shared/eval") +
                           "/arxiv-vectors-1k/data/ml-arxiv-papers-1k.ndjson.gzip";
  const auto vectors = ReadVectors(path);
  if (vectors.empty()) GTEST_SKIP() << "no evaluation set at " << path << "; LODESTONE_EVAL_DIR names its folder";
  ASSERT_EQ(vectors.size(), 1000u);
  ASSERT_EQ(vectors[0].size(), 384u);
  EXPECT_GE(RecallAtTen(vectors, vectors), 0.999);
}

}  // namespace
}  // namespace lodestone
