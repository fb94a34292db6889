#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

namespace lodestone {

// How many threads, of all the pools that share it, may be busy in the background at once. Where there are more, each
// waits for its core behind the others, and the coordinator behind all of them. Whoever was refused has the next core
// that comes free, in the order of refusal: no pool keeps another from its turn.
// Thread: any; Join before any thread of the pool takes.
class CoreBudget {
 public:
  explicit CoreBudget(int limit) : limit_(limit) {}

  using Sharer = size_t;
  // `wake` lets so many threads of the sharer look again. It is called under a lock: it must not call back.
  Sharer Join(std::function<void(int cores)> wake);
  // The pool ends: its wake is not called again.
  void Leave(Sharer sharer);

  // A core for a thread of the sharer. When refused, its `wake` follows as soon as a core is free for it.
  bool Take(Sharer sharer);
  // A thread has had its core for `held_ms` and has more to do: true when it may go on, false when it is to give it.
  bool MayKeep(Sharer sharer, double held_ms) const;
  void Give();
  // The sharer was refused, but has nothing left to run.
  void Withdraw(Sharer sharer);

  // At 0 nobody takes a core, and who has one gives it at the next look.
  void SetLimit(int limit);

 private:
  struct State {
    std::function<void(int cores)> wake;
    uint64_t refused = 0;  // its place among those who wait; 0 when it does not
  };
  // REQUIRES: mutex_ held.
  // How many wait ahead of one who has this place, 0 for one who comes now.
  int RefusedBefore(uint64_t refused) const;
  void WakeLocked();

  mutable std::mutex mutex_;
  std::atomic<int> limit_;
  int taken_ = 0;
  uint64_t refusals_ = 0;
  std::vector<State> sharers_;
};

}  // namespace lodestone
