#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/messages.h"
#include "ui/text_layout.h"

namespace lodestone::ui {

// The lines of a passage that a result shows: a window around its best sentence.
// Offsets are into PassageHit::text.
struct Snippet {
  std::vector<TextLine> lines;
  bool cut_after = false;
  std::vector<protocol::Match> matches;
  protocol::Match best_sentence;
};

// `max_lines` lines of `hit.text` at `width`, spaces collapsed. Matches outside the text are
// dropped.
Snippet MakeSnippet(const protocol::PassageHit& hit, float width, uint32_t max_lines,
                    TextMeasure& measure);

// "words" found, most telling first, as one line for screen readers: `Matches "a", "b". Similarity
// 0.71.`
std::string WhyText(const protocol::DocumentHit& hit);

// The heading path of a passage without what only repeats its document's title.
std::string_view HeadingBelowTitle(std::string_view heading_path, std::string_view title);

// How long a result's score bar is, 0.06 to 1, against the best and the worst shown.
float ScorePart(float score, float best, float worst);

}  // namespace lodestone::ui
