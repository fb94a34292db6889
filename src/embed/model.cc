#include "embed/model.h"

#include <yyjson.h>

#include <memory>

namespace lodestone {
namespace {

Status Bad(const std::string& detail) {
  return Status(StatusCode::kBadData, "The model's description (manifest.json) cannot be read. Choose another model.",
                detail);
}

struct Free {
  void operator()(yyjson_doc* document) const { yyjson_doc_free(document); }
};

// Each reader leaves `out` as it is where the field is absent, and tells of a wrong type.
bool Read(yyjson_val* object, const char* name, std::string* out) {
  yyjson_val* value = yyjson_obj_get(object, name);
  if (!value || yyjson_is_null(value)) return true;
  if (!yyjson_is_str(value)) return false;
  out->assign(yyjson_get_str(value), yyjson_get_len(value));
  return true;
}
bool Read(yyjson_val* object, const char* name, bool* out) {
  yyjson_val* value = yyjson_obj_get(object, name);
  if (!value || yyjson_is_null(value)) return true;
  if (!yyjson_is_bool(value)) return false;
  *out = yyjson_get_bool(value);
  return true;
}
bool Read(yyjson_val* object, const char* name, uint32_t* out) {
  yyjson_val* value = yyjson_obj_get(object, name);
  if (!value || yyjson_is_null(value)) return true;
  if (!yyjson_is_uint(value) || yyjson_get_uint(value) > 1u << 20) return false;
  *out = static_cast<uint32_t>(yyjson_get_uint(value));
  return true;
}
bool Read(yyjson_val* object, const char* name, float* out) {
  yyjson_val* value = yyjson_obj_get(object, name);
  if (!value || yyjson_is_null(value)) return true;
  if (!yyjson_is_num(value)) return false;
  *out = static_cast<float>(yyjson_get_num(value));
  return true;
}

}  // namespace

Result<ModelDescription> ParseManifest(std::string_view json) {
  yyjson_read_err error;
  // yyjson does not write to the text unless told to read in place.
  const std::unique_ptr<yyjson_doc, Free> document(
      yyjson_read_opts(const_cast<char*>(json.data()), json.size(), 0, nullptr, &error));
  if (!document) return Bad(std::string(error.msg) + " at byte " + std::to_string(error.pos));
  yyjson_val* root = yyjson_doc_get_root(document.get());
  if (!yyjson_is_obj(root)) return Bad("not an object");

  ModelDescription model;
  const char* wrong = nullptr;
  const auto read = [&](const char* name, auto* out) {
    if (!wrong && !Read(root, name, out)) wrong = name;
  };
  read("id", &model.id);
  read("name", &model.name);
  read("dimension", &model.dimension);
  read("max_tokens", &model.max_tokens);
  read("query_prompt", &model.query_prompt);
  read("passage_prompt", &model.passage_prompt);
  read("fusion_weight", &model.fusion_weight);
  read("similarity_floor", &model.similarity_floor);
  read("add_special_tokens", &model.add_special_tokens);
  read("drop_unknown", &model.drop_unknown);
  read("instant", &model.instant);
  read("licence", &model.licence);
  if (wrong) return Bad(std::string(wrong) + " has the wrong type or is out of range");
  if (model.dimension > 8192) return Bad("dimension is out of range");
  if (model.max_tokens < 4 || model.max_tokens > 65536) return Bad("max_tokens is out of range");
  if (!(model.fusion_weight >= 0 && model.fusion_weight <= 1)) return Bad("fusion_weight is not between 0 and 1");
  if (!(model.similarity_floor >= -1 && model.similarity_floor <= 1)) {
    return Bad("similarity_floor is not between -1 and 1");
  }
  if (model.name.empty()) model.name = model.id;
  return model;
}

}  // namespace lodestone
