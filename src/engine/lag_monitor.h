#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/lag_histogram.h"

namespace lodestone {

// The coordinator's loop had no ear for this long.
struct Stall {
  double ms = 0;
  std::string what;     // the message or task that held it
  uint32_t untold = 0;  // stalls since the last that was told of
};

// How long a message would have waited for the coordinator's loop, and what for. Probes go through the loop; of all work
// it hears when it ran. The histogram has a sample for each millisecond, of what a message that came then would have
// waited: while a probe was late, the less the later it came; between two probes, what the next one waited. So a
// percentile is of time, however short a run is and however few probes it had. The worst is that of single pieces of
// work, too.
// Times are of one monotonic clock, in milliseconds. Thread: coordinator.
class LagMonitor {
 public:
  // Between two probes: finer than a lag that would be felt.
  static constexpr double kTickMs = 5;
  // The rule of the loop; and how late a timer is that nothing held up.
  static constexpr double kLongMs = 4;
  static constexpr double kStallMs = 50;

  // A message or task held the loop.
  void Ran(std::string_view what, double begin_ms, double end_ms);
  // A probe waits behind what is queued, or for a timer; one at a time.
  void ProbePosted(double now_ms);
  void ProbeTimed(double due_ms);
  // It had its turn.
  void ProbeRan(double now_ms);

  const LagHistogram& histogram() const { return histogram_; }
  uint64_t stalls() const { return stalls_; }
  // What was before `now_ms` is forgotten, also of a probe that is out.
  void Reset(double now_ms);

  // Once for each stall; but for a second after it only for longer ones, the next says how many were passed over.
  std::function<void(const Stall&)> on_stall;

 private:
  void Expect(double due_ms, bool timer);
  void Record(double lag_ms, std::string_view what, double now_ms);
  void Sample(double lag_ms, std::string_view what);
  std::string Cause(double lag_ms) const;
  void Tell(double lag_ms, std::string what, double now_ms);

  LagHistogram histogram_;
  uint64_t stalls_ = 0;
  // What ran since the probe was due.
  double due_ms_ = 0;
  bool timer_ = false;
  // There are samples up to here; and what those had that came to a loop without a queue.
  double sampled_ms_ = 0;
  double quiet_ms_ = 0;
  double owed_ms_ = 0;  // of the time up to there, too short for a sample
  uint32_t pieces_ = 0;
  double held_ms_ = 0;
  double longest_ms_ = 0;
  std::string longest_;
  std::string last_;  // ran before whatever comes
  double told_ms_ = -1e9;
  double told_lag_ms_ = 0;
  uint32_t untold_ = 0;
};

}  // namespace lodestone
