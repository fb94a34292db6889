#pragma once

#include <cstdint>
#include <string>

namespace lodestone::ui {

// 12345 -> "12,345".
std::string FormatCount(uint64_t count);
// "1 passage", "2,000 passages".
std::string FormatCountOf(uint64_t count, const char* singular, const char* plural);
// 1,536 -> "1.5 kB"; powers of 1000, as file managers show them.
std::string FormatBytes(uint64_t size_bytes);
// "about 2 min left"; "" when unknown (not positive, not finite).
std::string FormatTimeLeft(double eta_ms);
// 0.314 -> "31%".
std::string FormatPercent(double part);
// 12.34 -> "12 ms", 1.26 -> "1.3 ms".
std::string FormatMs(double ms);

}  // namespace lodestone::ui
