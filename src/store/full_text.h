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
class FullText {
 public:
  // `database` and `documents` outlive it. REQUIRES: the schema is there.
  static Result<std::unique_ptr<FullText>> Create(Database* database, const DocumentTable* documents);
  ~FullText();

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
