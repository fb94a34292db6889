#include "platform/inline_executor.h"

#include <utility>

namespace lodestone {

void InlineExecutor::Post(Priority priority, Work work, const char* what) {
  queue_.Push({.priority = priority, .work = std::move(work), .what = what});
  loop_->Post(priority, [this] { RunOne(); }, what);
}

void InlineExecutor::RunOne() {
  for (const Priority priority : kPriorities) {
    if (queue_.empty(priority)) continue;
    const WorkQueue::Item item = queue_.Pop(priority, SystemClock().NowMs());
    loop_->Rename(item.what);  // the turn was asked for by whatever came first
    item.work();
    return;
  }
}

void InlineExecutor::RunInteractive() {
  while (!queue_.empty(Priority::kInteractive)) queue_.Pop(Priority::kInteractive, SystemClock().NowMs()).work();
}

}  // namespace lodestone
