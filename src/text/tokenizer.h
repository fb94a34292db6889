#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace lodestone {

// WordPiece over BERT's normaliser and pre-tokeniser, read from a Hugging Face tokenizer.json.
// Thread: any at once (immutable).
// Source: the `tokenizers` library's BertNormalizer, BertPreTokenizer, WordPiece, TemplateProcessing.
class Tokenizer {
 public:
  // Errors: kBadData when the file is not JSON, is cut short, or is not of this kind.
  static Result<std::unique_ptr<Tokenizer>> FromJson(std::string_view json);
  virtual ~Tokenizer() = default;

  // Appends the ids of `text` without special tokens, at most `max_tokens`.
  virtual void Encode(std::string_view text, size_t max_tokens, std::vector<int32_t>* ids) const = 0;
  // The same ids as Encode, with the byte offset in `text` where each token's word begins.
  virtual void EncodeWithOffsets(std::string_view text, std::vector<int32_t>* ids,
                                 std::vector<uint32_t>* offsets) const = 0;
  virtual size_t CountTokens(std::string_view text) const = 0;

  virtual int32_t vocabulary_size() const = 0;
  virtual int32_t unknown_id() const = 0;
  // What the post-processor puts around one text, e.g. {101} and {102}; empty without one.
  virtual const std::vector<int32_t>& prefix_ids() const = 0;
  virtual const std::vector<int32_t>& suffix_ids() const = 0;
  virtual int32_t padding_id() const = 0;
};

}  // namespace lodestone
