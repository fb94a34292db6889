#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace lodestone {

// What Lodestone must know of a model besides its weights, from its manifest.json.
struct ModelDescription {
  std::string id;
  std::string name;
  uint32_t dimension = 0;
  uint32_t max_tokens = 512;      // special tokens included
  std::string query_prompt;
  std::string passage_prompt;
  float fusion_weight = 0.5f;     // fused = w * z(semantic) + (1 - w) * z(lexical)
  float similarity_floor = 0.0f;  // below it a passage is no good match
  bool add_special_tokens = true;
  bool drop_unknown = false;      // unknown words are left out instead of embedded
  bool instant = false;           // so fast that sentences of results can be embedded too
  std::string licence;
};

// Errors: kBadData with what is wrong and where.
Result<ModelDescription> ParseManifest(std::string_view json);

}  // namespace lodestone
