#include "text/date.h"

#include <chrono>

#include "text/utf8.h"

namespace lodestone {
namespace {

// Takes exactly `digits` digits off the front.
std::optional<int> TakeNumber(std::string_view* text, size_t digits) {
  if (text->size() < digits) return std::nullopt;
  int value = 0;
  for (size_t i = 0; i < digits; ++i) {
    const char c = (*text)[i];
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  text->remove_prefix(digits);
  return value;
}

bool TakeChar(std::string_view* text, char c) {
  if (text->empty() || text->front() != c) return false;
  text->remove_prefix(1);
  return true;
}

// Milliseconds since midnight in UTC; negative or over a day when the offset says so.
std::optional<int64_t> ParseTime(std::string_view text) {
  const auto hour = TakeNumber(&text, 2);
  if (!hour || *hour > 23 || !TakeChar(&text, ':')) return std::nullopt;
  const auto minute = TakeNumber(&text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  int64_t ms = (*hour * 60 + *minute) * int64_t{60000};
  if (TakeChar(&text, ':')) {
    const auto second = TakeNumber(&text, 2);
    if (!second || *second > 60) return std::nullopt;
    ms += *second * int64_t{1000};
    if (TakeChar(&text, '.')) {
      while (!text.empty() && text.front() >= '0' && text.front() <= '9') text.remove_prefix(1);
    }
  }
  if (text.empty() || text == "Z" || text == "z") return ms;
  const bool ahead = text.front() == '+';
  if (!ahead && text.front() != '-') return std::nullopt;
  text.remove_prefix(1);
  const auto offset_hours = TakeNumber(&text, 2);
  TakeChar(&text, ':');
  const auto offset_minutes = text.empty() ? std::optional<int>(0) : TakeNumber(&text, 2);
  if (!offset_hours || !offset_minutes || !text.empty()) return std::nullopt;
  const int64_t offset_ms = (*offset_hours * 60 + *offset_minutes) * int64_t{60000};
  return ahead ? ms - offset_ms : ms + offset_ms;
}

}  // namespace

std::optional<int64_t> ParseIsoDate(std::string_view text) {
  text = TrimAsciiSpace(text);
  const auto year = TakeNumber(&text, 4);
  if (!year) return std::nullopt;
  int month = 1;
  int day = 1;
  int64_t time_ms = 0;
  if (TakeChar(&text, '-')) {
    const auto parsed_month = TakeNumber(&text, 2);
    if (!parsed_month) return std::nullopt;
    month = *parsed_month;
    if (TakeChar(&text, '-')) {
      const auto parsed_day = TakeNumber(&text, 2);
      if (!parsed_day) return std::nullopt;
      day = *parsed_day;
      if (TakeChar(&text, 'T') || TakeChar(&text, 't') || TakeChar(&text, ' ')) {
        const auto parsed_time = ParseTime(text);
        if (!parsed_time) return std::nullopt;
        time_ms = *parsed_time;
        text = {};
      }
    }
  }
  if (!text.empty()) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok()) return std::nullopt;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return days * 86400000 + time_ms;
}

}  // namespace lodestone
