#include "ui/format.h"

#include <cmath>
#include <cstdio>

namespace lodestone::ui {

std::string FormatCount(uint64_t count) {
  const std::string digits = std::to_string(count);
  std::string out;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out.push_back(',');
    out.push_back(digits[i]);
  }
  return out;
}

std::string FormatCountOf(uint64_t count, const char* singular, const char* plural) {
  return FormatCount(count) + " " + (count == 1 ? singular : plural);
}

std::string FormatBytes(uint64_t size_bytes) {
  if (size_bytes < 1000) return std::to_string(size_bytes) + " B";
  static constexpr const char* kUnits[] = {"kB", "MB", "GB", "TB"};
  double value = static_cast<double>(size_bytes) / 1000;
  size_t unit = 0;
  while (value >= 999.5 && unit + 1 < std::size(kUnits)) {
    value /= 1000;
    ++unit;
  }
  char buffer[32];
  std::snprintf(buffer, sizeof(buffer), value < 9.95 ? "%.1f %s" : "%.0f %s", value, kUnits[unit]);
  return buffer;
}

std::string FormatTimeLeft(double eta_ms) {
  if (!std::isfinite(eta_ms) || eta_ms <= 0) return {};
  const double seconds = eta_ms / 1000;
  char buffer[48];
  if (seconds < 10) {
    return "a few seconds left";
  } else if (seconds < 55) {
    std::snprintf(buffer, sizeof(buffer), "about %d s left",
                  static_cast<int>(std::ceil(seconds / 10)) * 10);
  } else if (seconds < 3300) {
    std::snprintf(buffer, sizeof(buffer), "about %d min left",
                  static_cast<int>(std::ceil(seconds / 60 - 0.05)));
  } else {
    std::snprintf(buffer, sizeof(buffer), "about %.1f h left", seconds / 3600);
  }
  return buffer;
}

std::string FormatPercent(double part) {
  char buffer[16];
  std::snprintf(buffer, sizeof(buffer), "%d%%", static_cast<int>(std::lround(part * 100)));
  return buffer;
}

std::string FormatMs(double ms) {
  char buffer[32];
  std::snprintf(buffer, sizeof(buffer), ms < 9.95 ? "%.1f ms" : "%.0f ms", ms);
  return buffer;
}

}  // namespace lodestone::ui
