#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lodestone {

// The codes a person or a caller can meet; the protocol carries them by name.
enum class StatusCode {
  kOk = 0,
  kInvalidArgument,  // the request itself is wrong; repeating it will not help
  kNotFound,
  kBusy,             // a bounded queue is full; try again later
  kCancelled,        // the caller asked for it, or a newer request replaced it
  kTooLarge,
  kBadData,          // a file or model that cannot be read as what it claims to be
  kUnavailable,      // a part that is missing here: no storage, no model yet
  kStorageFull,
  kMismatch,         // page and engine come from different builds
  kInternal,         // a bug of ours
};

// The name used on the wire and in JavaScript, e.g. "kTooLarge".
std::string_view StatusCodeName(StatusCode code);
// kInternal for a name that is none.
StatusCode StatusCodeFromName(std::string_view name);

// An outcome that reaches the person in plain words.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message, std::string detail = {})
      : code_(code), message_(std::move(message)), detail_(std::move(detail)) {}

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  // One sentence for the person: what happened and what to do.
  const std::string& message() const { return message_; }
  // What an engineer wants to know: a library's own words, an offset.
  const std::string& detail() const { return detail_; }

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
  std::string detail_;
};

inline Status OkStatus() { return {}; }

// A value, or the Status that says why there is none.
// REQUIRES: value() only after ok().
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}           // NOLINT: implicit on purpose
  Result(Status status) : status_(std::move(status)) {}   // NOLINT: implicit on purpose

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }
  T& value() & { return *value_; }
  const T& value() const& { return *value_; }
  T&& value() && { return std::move(*value_); }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace lodestone
