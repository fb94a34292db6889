#pragma once

#include <functional>

#include "base/status.h"
#include "store/database.h"

namespace lodestone {

// A long piece of writing cut into transactions, with others' turns between them.
// Thread: the store's.
class Slices {
 public:
  // `database` and `between` outlive it; `between` may be empty.
  Slices(Database* database, double budget_ms, const std::function<void()>& between)
      : database_(database), budget_ms_(budget_ms), between_(between) {}
  Slices(const Slices&) = delete;
  Slices& operator=(const Slices&) = delete;
  // What was not committed is undone.
  ~Slices() { Rollback(); }

  // Begins a transaction unless one is open.
  Status Enter();
  // The open transaction has had its time: commit soon.
  bool spent() const;
  Status Commit();
  void Rollback();
  // REQUIRES: no transaction is open.
  void LetOthersRun() {
    if (between_) between_();
  }

 private:
  Database* const database_;
  const double budget_ms_;
  const std::function<void()>& between_;
  bool open_ = false;
  double began_ms_ = 0;
};

}  // namespace lodestone
