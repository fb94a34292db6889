#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "embed/embedder.h"
#include "embed/model.h"
#include "text/tokenizer.h"

namespace lodestone {

// The ids of a query as the model wants them: prompt, special tokens, cut at its limit. Thread: any.
std::vector<int32_t> QueryTokens(const Tokenizer& tokenizer, const ModelDescription& model, std::string_view text);

// The ids of a passage; one longer than the model's limit becomes several windows of like length,
// whose vectors are averaged. Thread: any.
std::vector<EmbedItem> PassageWindows(const Tokenizer& tokenizer, const ModelDescription& model, PassageId passage,
                                      std::string_view text);

}  // namespace lodestone
