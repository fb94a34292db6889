#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lodestone {

// Finds where records of a CSV file end, bytes coming in pieces.
// A quote opens a quoted field only at the field's start; inside it, line ends and separators are text and a
// doubled quote is a quote.
// Source: RFC 4180, with any separator and bare quotes inside plain fields forgiven.
class CsvScanner {
 public:
  // Characters that end a field: one, or all that may while the separator is not known.
  explicit CsvScanner(std::string separators) : separators_(std::move(separators)) {}
  void set_separators(std::string separators) { separators_ = std::move(separators); }

  // Where the record ends (just past its line end), or npos when `bytes` ends first.
  size_t FindRecordEnd(std::string_view bytes);
  bool in_quotes() const { return state_ == State::kQuoted; }
  void Reset() { state_ = State::kFieldStart; }

 private:
  enum class State { kFieldStart, kPlain, kQuoted, kQuoteInQuoted };
  State state_ = State::kFieldStart;
  std::string separators_;
};

// The fields of one record, quotes undone.
std::vector<std::string> SplitCsvRecord(std::string_view record, char separator);

// The likeliest separator of a header: comma, semicolon or tab.
char GuessCsvSeparator(std::string_view header);

}  // namespace lodestone
