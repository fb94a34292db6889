#include "store/slices.h"

#include "base/clock.h"

namespace lodestone {

Status Slices::Enter() {
  if (open_) return OkStatus();
  Status status = database_->Run("BEGIN IMMEDIATE");
  open_ = status.ok();
  began_ms_ = SystemClock().NowMs();
  return status;
}

bool Slices::spent() const { return open_ && SystemClock().NowMs() - began_ms_ >= budget_ms_; }

Status Slices::Commit() {
  if (!open_) return OkStatus();
  Status status = database_->Run("COMMIT");
  if (!status.ok()) database_->Rollback();
  open_ = false;
  return status;
}

void Slices::Rollback() {
  if (open_) database_->Rollback();
  open_ = false;
}

}  // namespace lodestone
