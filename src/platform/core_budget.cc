#include "platform/core_budget.h"

#include <algorithm>
#include <utility>

namespace lodestone {
namespace {

// A turn is long enough that handing over costs little beside it.
constexpr double kTurnMs = 4;

}  // namespace

CoreBudget::Sharer CoreBudget::Join(std::function<void(int)> wake) {
  std::lock_guard lock(mutex_);
  sharers_.push_back({.wake = std::move(wake)});
  return sharers_.size() - 1;
}

void CoreBudget::Leave(Sharer sharer) {
  std::lock_guard lock(mutex_);
  sharers_[sharer] = {.wake = [](int) {}};
  WakeLocked();
}

int CoreBudget::RefusedBefore(uint64_t refused) const {
  return static_cast<int>(std::count_if(sharers_.begin(), sharers_.end(), [&](const State& other) {
    return other.refused > 0 && (refused == 0 || other.refused < refused);
  }));
}

bool CoreBudget::Take(Sharer sharer) {
  std::lock_guard lock(mutex_);
  uint64_t& refused = sharers_[sharer].refused;
  if (taken_ + RefusedBefore(refused) < limit_) {
    refused = 0;
    ++taken_;
    return true;
  }
  if (refused == 0) refused = ++refusals_;
  return false;
}

bool CoreBudget::MayKeep(Sharer sharer, double held_ms) const {
  std::lock_guard lock(mutex_);
  if (taken_ > limit_) return false;
  if (held_ms < kTurnMs) return true;
  return std::none_of(sharers_.begin(), sharers_.end(), [&](const State& other) {
    return other.refused > 0 && &other != &sharers_[sharer];
  });
}

void CoreBudget::Give() {
  std::lock_guard lock(mutex_);
  --taken_;
  WakeLocked();
}

void CoreBudget::Withdraw(Sharer sharer) {
  std::lock_guard lock(mutex_);
  if (std::exchange(sharers_[sharer].refused, 0) > 0) WakeLocked();
}

void CoreBudget::SetLimit(int limit) {
  limit = std::max(0, limit);
  if (limit_.exchange(limit) >= limit) return;
  std::lock_guard lock(mutex_);
  WakeLocked();
}

void CoreBudget::WakeLocked() {
  const int free = limit_ - taken_;
  for (State& state : sharers_) {
    if (state.refused == 0) continue;
    if (const int cores = free - RefusedBefore(state.refused); cores > 0) state.wake(cores);
  }
}

}  // namespace lodestone
