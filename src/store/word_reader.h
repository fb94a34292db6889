#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/words.h"

namespace lodestone {

// What the full-text index holds of a passage beside its text.
std::string ContextOf(std::string_view title, std::string_view heading_path);

// The words that the full-text index makes of text, by its own tokenizer and stemmer, without a library.
// Thread: the one that asked for it.
class WordReader {
 public:
  struct Word {
    std::string_view stem;  // lives as long as the callback that gets it
    uint32_t start;         // byte offsets into the text
    uint32_t end;
  };

  static WordReader& OfThisThread();
  WordReader();
  ~WordReader();
  WordReader(const WordReader&) = delete;
  WordReader& operator=(const WordReader&) = delete;

  // Calls `sink(word)` for each word in order.
  template <typename Sink>
  void Read(std::string_view text, Sink sink) const {
    ReadWords(text, &sink, [](void* sink, const Word& word) { (*static_cast<Sink*>(sink))(word); });
  }
  // Of a query's term: several for "well-known".
  std::vector<std::string> StemsOf(std::string_view term) const;
  // Adds a passage.
  void Count(std::string_view text, std::string_view context, WordCounts* words);

 private:
  struct Impl;
  void ReadWords(std::string_view text, void* sink, void (*on_word)(void* sink, const Word& word)) const;

  std::unique_ptr<Impl> impl_;
  std::vector<TermId> in_text_;  // of the passage that is being counted
  std::vector<TermId> in_context_;
};

TermId TermOf(std::string_view stem);

}  // namespace lodestone
