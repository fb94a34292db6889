#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace lodestone {

// An ISO date as milliseconds since 1970 in UTC: "2024", "2024-05", "2024-05-01", the last also with a time
// ("T12:30", "T12:30:05.5Z", "T12:30+02:00", a space for the T). The earliest moment that the text can mean.
// Nothing for anything else, impossible days included.
std::optional<int64_t> ParseIsoDate(std::string_view text);

}  // namespace lodestone
