#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/ids.h"

namespace lodestone {

// The words of some passages, counted. Shape: one of `lengths` and `ends` a passage; its terms are those
// before its end and after the end of the passage before, each once.
struct WordCounts {
  std::vector<uint32_t> lengths;  // in words, context (title and headings) included
  std::vector<uint32_t> ends;
  std::vector<TermId> terms;
  // How often the term stands there, in halves: 2 for each time in the text, 1 in the context (base/bm25.h).
  std::vector<uint32_t> halves;

  size_t size_bytes() const {
    return (lengths.size() + ends.size() + halves.size()) * sizeof(uint32_t) + terms.size() * sizeof(TermId);
  }
};

}  // namespace lodestone
