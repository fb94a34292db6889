#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/chunk.h"

namespace lodestone {

// Lower case without accents, as FTS5's unicode61 tokenizer folds with remove_diacritics=1: a letter loses its
// accent when it is an ASCII letter with one mark.
// REQUIRES: valid UTF-8.
std::string FoldWord(std::string_view word);

// The words of `text`, runs of letters and digits, where they stand.
// REQUIRES: valid UTF-8.
std::vector<ByteRange> FindWords(std::string_view text);

// True for an English word so common that it says nothing about what is looked for.
bool IsStopWord(std::string_view folded);

}  // namespace lodestone
