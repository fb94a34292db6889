#pragma once

#include <string_view>

#include "base/query.h"  // shared with store, which may not include text
#include "base/status.h"

namespace lodestone {

inline constexpr size_t kMaxQueryBytes = 16384;

// Never fails on operators of other search engines: they are plain characters here.
// A filter word with an unreadable value (after:soon) is scored as plain text.
// Errors: kTooLarge over kMaxQueryBytes, kInvalidArgument for text that is not UTF-8.
Result<ParsedQuery> ParseQuery(std::string_view text);

}  // namespace lodestone
