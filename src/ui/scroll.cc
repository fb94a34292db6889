#include "ui/scroll.h"

#include <algorithm>
#include <cmath>

namespace lodestone::ui {
namespace {

constexpr double kGlideMs = 55;        // time constant towards the goal
constexpr double kFrictionMs = 325;    // time constant of a fling
constexpr double kSlowest = 20;        // pixels per second at which a fling ends
constexpr double kLongestStepMs = 50;  // after a pause the motion goes on from where it was

}  // namespace

double ScrollState::Clamped(double position) const { return std::clamp(position, 0.0, limit()); }

void ScrollState::SetExtent(double content, double viewport) {
  content_ = content;
  viewport_ = viewport;
  position_ = Clamped(position_);
  goal_ = Clamped(goal_);
}

void ScrollState::Wheel(double delta_px, bool precise) {
  speed_ = 0;
  goal_ = Clamped(goal_ + delta_px);
  if (precise) position_ = goal_;
}

void ScrollState::Fling(double speed) {
  if (std::abs(speed) > kSlowest) speed_ = speed;
}

void ScrollState::JumpTo(double position) {
  speed_ = 0;
  position_ = goal_ = Clamped(position);
}

void ScrollState::GlideTo(double position) {
  speed_ = 0;
  goal_ = Clamped(position);
}

void ScrollState::Shift(double delta) {
  position_ = Clamped(position_ + delta);
  goal_ = Clamped(goal_ + delta);
}

bool ScrollState::Tick(double elapsed_ms, bool reduced_motion) {
  const double step = std::min(elapsed_ms, kLongestStepMs);
  if (speed_ != 0) {
    const double next = Clamped(position_ + speed_ * step / 1000);
    const bool stuck = next == position_;
    position_ = goal_ = next;
    speed_ *= std::exp(-step / kFrictionMs);
    if (stuck || std::abs(speed_) < kSlowest) speed_ = 0;
  } else if (position_ != goal_) {
    position_ = reduced_motion ? goal_ : goal_ + (position_ - goal_) * std::exp(-step / kGlideMs);
    if (std::abs(position_ - goal_) < 0.5) position_ = goal_;
  }
  return moving();
}

}  // namespace lodestone::ui
