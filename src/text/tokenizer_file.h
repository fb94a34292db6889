#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "text/bert_normalizer.h"

namespace lodestone {

// A token that is matched in the raw text, before any normalising.
struct AddedToken {
  std::string content;  // never empty
  int32_t id = 0;
  bool single_word = false;  // only where no letter or digit touches it
};

// What a tokenizer.json of the BERT family says.
struct TokenizerFile {
  BertNormalizerOptions normalizer;
  std::vector<std::pair<std::string, int32_t>> vocabulary;
  std::vector<AddedToken> added_tokens;
  std::string continuing_prefix = "##";
  size_t max_characters_per_word = 100;
  int32_t unknown_id = 0;
  int32_t padding_id = 0;
  std::vector<int32_t> prefix_ids;
  std::vector<int32_t> suffix_ids;
};

// Errors: kBadData when it is not JSON, is cut short, or is another kind of tokenizer.
// Source: the file format of the `tokenizers` library.
Result<TokenizerFile> ReadTokenizerFile(std::string_view json);

}  // namespace lodestone
