#pragma once

#include <yyjson.h>

#include <memory>
#include <string_view>

namespace lodestone {

// Owns: the whole tree of a parsed JSON text.
struct JsonDocDeleter {
  void operator()(yyjson_doc* doc) const { yyjson_doc_free(doc); }
};
using JsonDoc = std::unique_ptr<yyjson_doc, JsonDocDeleter>;

// The value of a string, "" for anything else (null included).
inline std::string_view JsonString(yyjson_val* value) {
  return yyjson_is_str(value) ? std::string_view(yyjson_get_str(value), yyjson_get_len(value))
                              : std::string_view();
}

}  // namespace lodestone
