#pragma once

#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>

#include "base/check.h"
#include "text/tokenizer.h"

namespace lodestone {

// The whole of a file of the checkout (or of the machine); "" when it is not there.
inline std::string ReadTestFile(const std::string& path) {
  const std::string full = path.starts_with('/') ? path : std::string(LODESTONE_SOURCE_DIR) + "/" + path;
  std::ifstream file(full, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

// The small vocabulary that the golden files were made with.
inline const Tokenizer& SmallTokenizer() {
  static const Tokenizer* const tokenizer = [] {
    auto read = Tokenizer::FromJson(ReadTestFile("tests/text/golden/uncased.tokenizer.json"));
    LODESTONE_CHECK(read.ok());
    return std::move(read).value().release();
  }();
  return *tokenizer;
}

inline std::string Repeat(std::string_view text, size_t times) {
  std::string repeated;
  repeated.reserve(text.size() * times);
  for (size_t i = 0; i < times; ++i) repeated += text;
  return repeated;
}

}  // namespace lodestone
