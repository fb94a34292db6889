#include "text/tokenizer_file.h"

#include <optional>

#include "text/json.h"

namespace lodestone {
namespace {

constexpr int64_t kMaxId = 1 << 24;

Status Bad(std::string detail) {
  return Status(StatusCode::kBadData,
                "The model's tokenizer.json cannot be used: it is damaged or not a WordPiece tokenizer.",
                std::move(detail));
}

std::optional<int32_t> ReadId(yyjson_val* value) {
  if (!yyjson_is_int(value)) return std::nullopt;
  const int64_t id = yyjson_get_sint(value);
  if (id < 0 || id > kMaxId) return std::nullopt;
  return static_cast<int32_t>(id);
}

bool ReadBool(yyjson_val* object, const char* key, bool otherwise) {
  yyjson_val* value = yyjson_obj_get(object, key);
  return yyjson_is_bool(value) ? yyjson_get_bool(value) : otherwise;
}

Status ReadNormalizer(yyjson_val* normalizer, BertNormalizerOptions* options) {
  if (yyjson_is_null(normalizer) || normalizer == nullptr) {
    *options = {.clean_text = false, .handle_chinese_chars = false, .strip_accents = false, .lowercase = false};
    return OkStatus();
  }
  if (JsonString(yyjson_obj_get(normalizer, "type")) != "BertNormalizer") return Bad("normalizer.type");
  options->clean_text = ReadBool(normalizer, "clean_text", true);
  options->handle_chinese_chars = ReadBool(normalizer, "handle_chinese_chars", true);
  options->lowercase = ReadBool(normalizer, "lowercase", true);
  options->strip_accents = ReadBool(normalizer, "strip_accents", options->lowercase);
  return OkStatus();
}

Status ReadModel(yyjson_val* model, TokenizerFile* file) {
  yyjson_val* type = yyjson_obj_get(model, "type");
  if (type != nullptr && JsonString(type) != "WordPiece") return Bad("model.type");
  if (yyjson_val* prefix = yyjson_obj_get(model, "continuing_subword_prefix"); yyjson_is_str(prefix)) {
    file->continuing_prefix = JsonString(prefix);
  }
  if (const auto limit = ReadId(yyjson_obj_get(model, "max_input_chars_per_word"))) {
    file->max_characters_per_word = static_cast<size_t>(*limit);
  }
  yyjson_val* vocabulary = yyjson_obj_get(model, "vocab");
  if (!yyjson_is_obj(vocabulary) || yyjson_obj_size(vocabulary) == 0) return Bad("model.vocab");
  file->vocabulary.reserve(yyjson_obj_size(vocabulary));

  std::string_view unknown = JsonString(yyjson_obj_get(model, "unk_token"));
  if (unknown.empty()) unknown = "[UNK]";
  bool has_unknown = false;
  yyjson_obj_iter entries = yyjson_obj_iter_with(vocabulary);
  while (yyjson_val* key = yyjson_obj_iter_next(&entries)) {
    const auto id = ReadId(yyjson_obj_iter_get_val(key));
    if (!id) return Bad("model.vocab: an id that is no number");
    const std::string_view piece = JsonString(key);
    if (piece == unknown) {
      file->unknown_id = *id;
      has_unknown = true;
    }
    if (piece == "[PAD]") file->padding_id = *id;
    file->vocabulary.emplace_back(piece, *id);
  }
  if (!has_unknown) return Bad("model.unk_token is not in the vocabulary");
  return OkStatus();
}

Status ReadAddedTokens(yyjson_val* tokens, TokenizerFile* file) {
  if (tokens == nullptr || yyjson_is_null(tokens)) return OkStatus();
  if (!yyjson_is_arr(tokens)) return Bad("added_tokens");
  yyjson_arr_iter items = yyjson_arr_iter_with(tokens);
  while (yyjson_val* item = yyjson_arr_iter_next(&items)) {
    const auto id = ReadId(yyjson_obj_get(item, "id"));
    const std::string_view content = JsonString(yyjson_obj_get(item, "content"));
    if (!id || content.empty()) return Bad("added_tokens: a token without id or content");
    file->added_tokens.push_back({std::string(content), *id, ReadBool(item, "single_word", false)});
    if (content == "[PAD]") file->padding_id = *id;
  }
  return OkStatus();
}

Status ReadTemplate(yyjson_val* processor, TokenizerFile* file) {
  yyjson_val* single = yyjson_obj_get(processor, "single");
  yyjson_val* special = yyjson_obj_get(processor, "special_tokens");
  if (!yyjson_is_arr(single)) return Bad("post_processor.single");
  bool text_seen = false;
  yyjson_arr_iter steps = yyjson_arr_iter_with(single);
  while (yyjson_val* step = yyjson_arr_iter_next(&steps)) {
    if (yyjson_obj_get(step, "Sequence") != nullptr) {
      text_seen = true;
      continue;
    }
    yyjson_val* name = yyjson_obj_get(yyjson_obj_get(step, "SpecialToken"), "id");
    const std::string_view key = JsonString(name);
    yyjson_val* ids = yyjson_obj_get(yyjson_obj_getn(special, key.data(), key.size()), "ids");
    if (key.empty() || !yyjson_is_arr(ids)) return Bad("post_processor.special_tokens");
    yyjson_arr_iter values = yyjson_arr_iter_with(ids);
    while (yyjson_val* value = yyjson_arr_iter_next(&values)) {
      const auto id = ReadId(value);
      if (!id) return Bad("post_processor.special_tokens: an id that is no number");
      (text_seen ? file->suffix_ids : file->prefix_ids).push_back(*id);
    }
  }
  return OkStatus();
}

Status ReadPostProcessor(yyjson_val* processor, TokenizerFile* file) {
  if (processor == nullptr || yyjson_is_null(processor)) return OkStatus();
  const std::string_view type = JsonString(yyjson_obj_get(processor, "type"));
  if (type == "TemplateProcessing") return ReadTemplate(processor, file);
  if (type == "BertProcessing") {
    const auto cls = ReadId(yyjson_arr_get(yyjson_obj_get(processor, "cls"), 1));
    const auto sep = ReadId(yyjson_arr_get(yyjson_obj_get(processor, "sep"), 1));
    if (!cls || !sep) return Bad("post_processor: cls or sep");
    file->prefix_ids = {*cls};
    file->suffix_ids = {*sep};
    return OkStatus();
  }
  return Bad("post_processor.type");
}

}  // namespace

Result<TokenizerFile> ReadTokenizerFile(std::string_view json) {
  yyjson_read_err error;
  // The reader takes a mutable pointer for its in-place mode, which is not used here.
  const JsonDoc doc(yyjson_read_opts(const_cast<char*>(json.data()), json.size(), 0, nullptr, &error));
  if (doc == nullptr) return Bad(std::string(error.msg) + " at byte " + std::to_string(error.pos));
  yyjson_val* root = yyjson_doc_get_root(doc.get());
  if (!yyjson_is_obj(root)) return Bad("no object");

  if (JsonString(yyjson_obj_get(yyjson_obj_get(root, "pre_tokenizer"), "type")) != "BertPreTokenizer") {
    return Bad("pre_tokenizer.type");
  }
  TokenizerFile file;
  Status status = ReadNormalizer(yyjson_obj_get(root, "normalizer"), &file.normalizer);
  if (status.ok()) status = ReadModel(yyjson_obj_get(root, "model"), &file);
  if (status.ok()) status = ReadAddedTokens(yyjson_obj_get(root, "added_tokens"), &file);
  if (status.ok()) status = ReadPostProcessor(yyjson_obj_get(root, "post_processor"), &file);
  if (!status.ok()) return status;
  if (const auto id = ReadId(yyjson_obj_get(yyjson_obj_get(root, "padding"), "pad_id"))) file.padding_id = *id;
  return file;
}

}  // namespace lodestone
