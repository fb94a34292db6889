#pragma once

#include <sqlite3.h>

#include <functional>

namespace lodestone {

// While it lives, statements end with SQLITE_INTERRUPT once `stop` says so. `stop` is asked every few thousand steps of
// SQLite's machine, well under a millisecond, and may use other databases than this one.
// Thread: the store's.
class StopWatch {
 public:
  // `stop` outlives it; empty: nothing ends.
  StopWatch(sqlite3* handle, const std::function<bool()>& stop) : handle_(handle) {
    if (!stop) return;
    constexpr int kStepsBetweenLooks = 2000;
    sqlite3_progress_handler(
        handle_, kStepsBetweenLooks,
        [](void* stop) { return (*static_cast<const std::function<bool()>*>(stop))() ? 1 : 0; },
        const_cast<std::function<bool()>*>(&stop));
  }
  ~StopWatch() { sqlite3_progress_handler(handle_, 0, nullptr, nullptr); }
  StopWatch(const StopWatch&) = delete;
  StopWatch& operator=(const StopWatch&) = delete;

 private:
  sqlite3* const handle_;
};

}  // namespace lodestone
