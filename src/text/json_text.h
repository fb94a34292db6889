#pragma once

#include <yyjson.h>

#include <string>

#include "text/text_builder.h"

namespace lodestone {

// Appends a JSON value as readable text: "key: value" lines, a heading for each nested object, HTML inside
// strings as text. In an object the plain members come before the nested ones, so that no line stands under a
// heading that is not its own. Members whose names are in `skip` (at the outermost level) are left out.
// Depth costs no stack.
void AppendJson(yyjson_val* root, const char* const* skip, size_t skip_count, TextBuilder* out);

// A number, string (fit to be stored) or boolean as text; "" for null and nested values.
// REQUIRES: read with YYJSON_READ_NUMBER_AS_RAW.
std::string ScalarText(yyjson_val* value);

}  // namespace lodestone
