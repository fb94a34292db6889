#pragma once

namespace lodestone::ui {

// Where a scrolled area stands and where it is going.
// Thread: one only.
class ScrollState {
 public:
  // Once a frame, before drawing. The position is kept inside the content.
  void SetExtent(double content, double viewport);
  // A wheel step: notches of a mouse wheel glide, a precise device is followed at once.
  void Wheel(double delta_px, bool precise);
  // A finger let go at this speed, in pixels per second.
  void Fling(double speed);
  void JumpTo(double position);
  void GlideTo(double position);
  // The content above moved: shift without motion.
  void Shift(double delta);
  // Moves towards the goal; true while still moving.
  bool Tick(double elapsed_ms, bool reduced_motion);

  double position() const { return position_; }
  double goal() const { return goal_; }
  double content() const { return content_; }
  double viewport() const { return viewport_; }
  double limit() const { return content_ > viewport_ ? content_ - viewport_ : 0; }
  bool moving() const { return position_ != goal_ || speed_ != 0; }
  // Where on the bar's thumb the pointer took hold, in pixels from its top.
  float grip = 0;

 private:
  double Clamped(double position) const;

  double position_ = 0;
  double goal_ = 0;
  double speed_ = 0;
  double content_ = 0;
  double viewport_ = 0;
};

}  // namespace lodestone::ui
