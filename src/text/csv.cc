#include "text/csv.h"

namespace lodestone {

size_t CsvScanner::FindRecordEnd(std::string_view bytes) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    if (state_ == State::kQuoted) {
      const size_t quote = bytes.find('"', i);
      if (quote == std::string_view::npos) return std::string_view::npos;
      i = quote;
      state_ = State::kQuoteInQuoted;
      continue;
    }
    if (c == '\n') {
      state_ = State::kFieldStart;
      return i + 1;
    }
    if (c == '"' && (state_ == State::kFieldStart || state_ == State::kQuoteInQuoted)) {
      state_ = State::kQuoted;
    } else if (separators_.find(c) != std::string::npos) {
      state_ = State::kFieldStart;
    } else {
      state_ = State::kPlain;
    }
  }
  return std::string_view::npos;
}

std::vector<std::string> SplitCsvRecord(std::string_view record, char separator) {
  if (record.ends_with('\n')) record.remove_suffix(1);
  if (record.ends_with('\r')) record.remove_suffix(1);
  std::vector<std::string> fields(1);
  bool at_start = true;
  bool quoted = false;
  for (size_t i = 0; i < record.size(); ++i) {
    const char c = record[i];
    if (quoted) {
      if (c != '"') {
        fields.back().push_back(c);
      } else if (i + 1 < record.size() && record[i + 1] == '"') {
        fields.back().push_back('"');
        ++i;
      } else {
        quoted = false;
      }
    } else if (c == separator) {
      fields.emplace_back();
      at_start = true;
      continue;
    } else if (c == '"' && at_start) {
      quoted = true;
    } else {
      fields.back().push_back(c);
    }
    at_start = false;
  }
  return fields;
}

char GuessCsvSeparator(std::string_view header) {
  char best = ',';
  size_t best_count = 0;
  for (const char separator : {',', ';', '\t'}) {
    const size_t count = SplitCsvRecord(header, separator).size();
    if (count > best_count) {
      best_count = count;
      best = separator;
    }
  }
  return best;
}

}  // namespace lodestone
