#pragma once

#include <functional>
#include <vector>

#include "text/document.h"
#include "text/tokenizer.h"

namespace lodestone {

struct ChunkOptions {
  uint32_t target_tokens = 200;
  uint32_t max_tokens = 256;      // a section or document this short stays whole; at least 110, as words of up to
                                  // 100 pieces are not cut
  uint32_t overlap_tokens = 24;   // only where a paragraph must be cut
};

// Cuts a document's text at headings, paragraphs and sentences into passages in reading order.
// Every non-blank byte of the text is in at least one passage; pieces are balanced, so that no
// tiny tail is left. Short sections of one parent share a passage, whose path is the parent's. Text without words
// counts a token for each 16 bytes, so no passage is over 16 * max_tokens bytes. `checkpoint`, if set, is called every few thousand tokens and stops the cutting
// by returning false (the result is then incomplete and must be dropped).
// Thread: any.
std::vector<Passage> ChunkDocument(const Document& document, const Tokenizer& tokenizer,
                                   const ChunkOptions& options,
                                   const std::function<bool()>& checkpoint = {});

struct ByteRange {
  uint32_t start = 0;
  uint32_t end = 0;
};
// Sentences of `text` in order, without surrounding space. Never empty ranges.
std::vector<ByteRange> SplitSentences(std::string_view text);
// Those that tell something by themselves: no headings, labels and the like; all where there are none else.
std::vector<ByteRange> TellingSentences(std::string_view text);

}  // namespace lodestone
