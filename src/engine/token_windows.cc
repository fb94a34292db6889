#include "engine/token_windows.h"

#include <algorithm>
#include <string>

namespace lodestone {
namespace {

// No model here reads more of one text; a longer one is cut rather than embedded in thousands of windows.
constexpr size_t kMaxTextTokens = 16384;

std::vector<int32_t> Encode(const Tokenizer& tokenizer, const ModelDescription& model, const std::string& prompt,
                            std::string_view text) {
  std::vector<int32_t> ids;
  if (prompt.empty()) {
    tokenizer.Encode(text, kMaxTextTokens, &ids);
  } else {
    tokenizer.Encode(prompt + std::string(text), kMaxTextTokens, &ids);
  }
  if (model.drop_unknown) std::erase(ids, tokenizer.unknown_id());
  return ids;
}

size_t SpecialCount(const Tokenizer& tokenizer, const ModelDescription& model) {
  return model.add_special_tokens ? tokenizer.prefix_ids().size() + tokenizer.suffix_ids().size() : 0;
}

std::vector<int32_t> Wrap(const Tokenizer& tokenizer, const ModelDescription& model, const int32_t* begin,
                          const int32_t* end) {
  std::vector<int32_t> ids;
  if (model.add_special_tokens) ids = tokenizer.prefix_ids();
  ids.insert(ids.end(), begin, end);
  if (model.add_special_tokens) {
    ids.insert(ids.end(), tokenizer.suffix_ids().begin(), tokenizer.suffix_ids().end());
  }
  return ids;
}

size_t Room(const Tokenizer& tokenizer, const ModelDescription& model) {
  const size_t special = SpecialCount(tokenizer, model);
  return model.max_tokens > special + 1 ? model.max_tokens - special : 1;
}

}  // namespace

std::vector<int32_t> QueryTokens(const Tokenizer& tokenizer, const ModelDescription& model, std::string_view text) {
  const std::vector<int32_t> ids = Encode(tokenizer, model, model.query_prompt, text);
  return Wrap(tokenizer, model, ids.data(), ids.data() + std::min(ids.size(), Room(tokenizer, model)));
}

std::vector<EmbedItem> PassageWindows(const Tokenizer& tokenizer, const ModelDescription& model, PassageId passage,
                                      std::string_view text) {
  const std::vector<int32_t> ids = Encode(tokenizer, model, model.passage_prompt, text);
  const size_t room = Room(tokenizer, model);
  const size_t count = std::max<size_t>(1, (ids.size() + room - 1) / room);
  std::vector<EmbedItem> items;
  for (size_t i = 0; i < count; ++i) {
    EmbedItem item;
    item.passage = passage;
    item.window = static_cast<uint32_t>(i);
    item.window_count = static_cast<uint32_t>(count);
    item.ids = Wrap(tokenizer, model, ids.data() + ids.size() * i / count, ids.data() + ids.size() * (i + 1) / count);
    items.push_back(std::move(item));
  }
  return items;
}

}  // namespace lodestone
