#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "store/database.h"
#include "store/document_table.h"
#include "store/store.h"

namespace lodestone {

// Words of the full-text index: what its tokenizer makes of text, and which passages hold them, scored.
// Thread: the store's.
// Source: BM25 as SQLite's own bm25() computes it, k1 = 1.2, b = 0.75 (a test compares the two).
class FullText {
 public:
  // `database` and `documents` outlive it. REQUIRES: the schema is there.
  static Result<std::unique_ptr<FullText>> Create(Database* database, const DocumentTable* documents);
  ~FullText();

  // A passage's title and headings count half a word of its text.
  static constexpr double kTextWeight = 1.0;
  static constexpr double kContextWeight = 0.5;
  // Terms past these are not scored: no person typed them, and each costs time on every passage.
  static constexpr size_t kMaxTerms = 256;

  // The visible passages that hold any of the terms; those of `filter` when it restricts.
  Result<LexicalResult> Search(const std::vector<std::string>& terms, const FilterResult& filter);
  // The visible passages that hold these words side by side, ascending. nullopt for text without a word.
  Result<std::optional<std::vector<PassageId>>> PassagesWith(std::string_view phrase);
  // Where terms stand in `text`, by stems, ascending and without overlaps.
  std::vector<WordMatch> Match(const std::vector<std::string>& terms, std::string_view text);

 private:
  struct Impl;
  explicit FullText(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace lodestone
