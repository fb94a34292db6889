#include "platform/inline_executor.h"

#include <utility>

namespace lodestone {

void InlineExecutor::Post(Priority priority, Work work) {
  queues_[static_cast<size_t>(priority)].push_back(std::move(work));
  loop_->Post([this] { RunOne(); });
}

void InlineExecutor::RunOne() {
  for (auto& queue : queues_) {
    if (queue.empty()) continue;
    Work work = std::move(queue.front());
    queue.pop_front();
    work();
    return;
  }
}

void InlineExecutor::RunInteractive() {
  while (!queues_[0].empty()) {
    Work work = std::move(queues_[0].front());
    queues_[0].pop_front();
    work();
  }
}

}  // namespace lodestone
