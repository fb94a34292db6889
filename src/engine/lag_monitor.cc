#include "engine/lag_monitor.h"

#include <algorithm>
#include <utility>

namespace lodestone {
namespace {

constexpr double kSampleMs = 1;
constexpr double kTellIntervalMs = 1000;
// A machine that slept for hours was no busier than this.
constexpr double kMaxFilledMs = 10'000;

}  // namespace

void LagMonitor::Ran(std::string_view what, double begin_ms, double end_ms) {
  const double ms = end_ms - begin_ms;
  if (ms > kLongMs) histogram_.Note(ms, what);
  if (ms > kStallMs) Tell(ms, std::string(what), end_ms);
  last_ = what;
  const double behind_ms = end_ms - std::max(begin_ms, due_ms_);
  if (behind_ms <= 0) return;
  ++pieces_;
  held_ms_ += behind_ms;
  if (behind_ms <= longest_ms_) return;
  longest_ms_ = behind_ms;
  longest_ = what;
}

void LagMonitor::ProbePosted(double now_ms) { Expect(now_ms, /*timer=*/false); }

void LagMonitor::ProbeTimed(double due_ms) { Expect(due_ms, /*timer=*/true); }

void LagMonitor::Expect(double due_ms, bool timer) {
  due_ms_ = due_ms;
  timer_ = timer;
  pieces_ = 0;
  held_ms_ = longest_ms_ = 0;
  longest_.clear();
}

void LagMonitor::ProbeRan(double now_ms) {
  const double lag_ms = std::max(0.0, now_ms - due_ms_);
  // Timers are a little late by their nature; the probe that comes next is the sample.
  if (timer_ && lag_ms <= kLongMs) return;
  const std::string cause = Cause(lag_ms);
  Record(lag_ms, cause, now_ms);
  if (lag_ms > kStallMs && longest_ms_ <= kStallMs) Tell(lag_ms, cause, now_ms);
}

void LagMonitor::Record(double lag_ms, std::string_view what, double now_ms) {
  histogram_.Note(lag_ms, what);
  // What one probe waited, the time before it would have waited as well, but for a stall, which has samples of its own.
  if (!timer_) quiet_ms_ = std::min(lag_ms, kLongMs);
  const double before_ms = due_ms_ - std::exchange(sampled_ms_, now_ms);
  const double late_ms = std::min(lag_ms, kMaxFilledMs);
  // Where it is longer, nothing was measured: the loop had no work.
  owed_ms_ += late_ms + (before_ms <= kTickMs + kLongMs ? std::max(0.0, before_ms) : 0);
  for (double left_ms = late_ms; left_ms >= kSampleMs; left_ms -= kSampleMs) Sample(left_ms, what);
  while (owed_ms_ >= kSampleMs) Sample(quiet_ms_, what);
}

void LagMonitor::Sample(double lag_ms, std::string_view what) {
  histogram_.Record(lag_ms, what);
  owed_ms_ -= kSampleMs;
}

std::string LagMonitor::Cause(double lag_ms) const {
  if (longest_ms_ >= lag_ms / 2) return longest_;
  if (held_ms_ >= lag_ms / 2) return std::to_string(pieces_) + " pieces of work, the longest " + longest_;
  return "something outside the engine, after " + (last_.empty() ? "its start" : last_);
}

void LagMonitor::Tell(double lag_ms, std::string what, double now_ms) {
  ++stalls_;
  if (now_ms - told_ms_ < kTellIntervalMs && lag_ms <= told_lag_ms_) {
    ++untold_;
    return;
  }
  told_ms_ = now_ms;
  told_lag_ms_ = lag_ms;
  const Stall stall{lag_ms, std::move(what), std::exchange(untold_, 0)};
  if (on_stall) on_stall(stall);
}

void LagMonitor::Reset(double now_ms) {
  histogram_ = {};
  stalls_ = 0;
  sampled_ms_ = now_ms;
  quiet_ms_ = owed_ms_ = 0;
  Expect(std::max(due_ms_, now_ms), timer_);
}

}  // namespace lodestone
