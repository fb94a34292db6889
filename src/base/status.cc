#include "base/status.h"

namespace lodestone {

std::string_view StatusCodeName(StatusCode code) {
  switch (code) {
    case StatusCode::kOk: return "kOk";
    case StatusCode::kInvalidArgument: return "kInvalidArgument";
    case StatusCode::kNotFound: return "kNotFound";
    case StatusCode::kBusy: return "kBusy";
    case StatusCode::kCancelled: return "kCancelled";
    case StatusCode::kTooLarge: return "kTooLarge";
    case StatusCode::kBadData: return "kBadData";
    case StatusCode::kUnavailable: return "kUnavailable";
    case StatusCode::kStorageFull: return "kStorageFull";
    case StatusCode::kMismatch: return "kMismatch";
    case StatusCode::kInternal: return "kInternal";
  }
  return "kInternal";
}

StatusCode StatusCodeFromName(std::string_view name) {
  for (int code = 0; code < static_cast<int>(StatusCode::kInternal); ++code) {
    if (StatusCodeName(static_cast<StatusCode>(code)) == name) return static_cast<StatusCode>(code);
  }
  return StatusCode::kInternal;
}

}  // namespace lodestone
