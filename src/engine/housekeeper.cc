#include "engine/housekeeper.h"

namespace lodestone {
namespace {

constexpr double kVerifyBudgetMs = 5;
// A query ends a compaction, which then begins anew; after so many it is let through, or a person who
// types all day would never be rid of what they removed.
constexpr int kMaxInterruptions = 10;
constexpr double kRetryDelayMs = 500;

}  // namespace

void Housekeeper::LibraryOpened() {
  context_->platform.loop->PostDelayed(verify_delay_ms, [this] { VerifyNext({}); });
}

void Housekeeper::VerifyNext(DocumentId after) {
  context_->OnStorage<Result<VerifyResult>>(
      Priority::kBackground, [after](Store& store) { return store.Verify(after, kVerifyBudgetMs); },
      [this](Result<VerifyResult> result) {
        if (!result.ok()) return on_failure(result.status());
        if (!result.value().damaged.empty()) on_damaged(result.value().damaged);
        if (!result.value().done) VerifyNext(result.value().last);
      });
}

void Housekeeper::Kick() {
  if (!compaction_wanted_ || compacting_ || !others_idle()) return;
  compaction_wanted_ = false;
  compacting_ = true;
  interruptions_ = 0;
  Compact();
}

void Housekeeper::Compact() {
  context_->OnStorage<Result<bool>>(
      Priority::kBackground,
      [queue = context_->platform.storage, may_stop = interruptions_ < kMaxInterruptions](Store& store) -> Result<bool> {
        const Result<bool> needed = store.NeedsCompaction();
        if (!needed.ok() || !needed.value()) return needed.ok() ? Result<bool>(true) : needed;
        return store.Compact(may_stop ? [queue] { return queue->InteractiveWaiting(); } : std::function<bool()>());
      },
      [this](Result<bool> finished) {
        if (finished.ok() && !finished.value()) {
          ++interruptions_;
          context_->platform.loop->PostDelayed(kRetryDelayMs, [this] { Compact(); }, "Compact");
          return;
        }
        compacting_ = false;
        // What was removed is gone from every search; its bytes go with the next compaction.
        if (finished.ok()) on_compacted();
        else if (finished.status().code() == StatusCode::kBadData) on_failure(finished.status());
        Kick();
        on_idle();
      });
}

}  // namespace lodestone
