#include "ui/scroll.h"

#include <gtest/gtest.h>

namespace lodestone::ui {
namespace {

ScrollState Over(double content, double viewport) {
  ScrollState scroll;
  scroll.SetExtent(content, viewport);
  return scroll;
}

TEST(UiScroll, StaysInside) {
  ScrollState scroll = Over(1000, 300);
  scroll.JumpTo(5000);
  EXPECT_EQ(scroll.position(), 700);
  scroll.JumpTo(-5);
  EXPECT_EQ(scroll.position(), 0);
  scroll.JumpTo(700);
  scroll.SetExtent(400, 300);
  EXPECT_EQ(scroll.position(), 100);
  scroll.SetExtent(100, 300);
  EXPECT_EQ(scroll.position(), 0);
}

TEST(UiScroll, ANotchGlidesAndComesToRest) {
  ScrollState scroll = Over(1000, 300);
  scroll.Wheel(120, false);
  EXPECT_EQ(scroll.position(), 0);
  int frames = 0;
  double before = 0;
  while (scroll.Tick(16, false)) {
    EXPECT_GT(scroll.position(), before);
    before = scroll.position();
    ASSERT_LT(++frames, 60);
  }
  EXPECT_EQ(scroll.position(), 120);
  EXPECT_GT(frames, 3);
}

TEST(UiScroll, APreciseWheelIsFollowedAtOnce) {
  ScrollState scroll = Over(1000, 300);
  scroll.Wheel(7, true);
  EXPECT_EQ(scroll.position(), 7);
  EXPECT_FALSE(scroll.moving());
}

TEST(UiScroll, ReducedMotionDoesNotGlide) {
  ScrollState scroll = Over(1000, 300);
  scroll.GlideTo(400);
  EXPECT_FALSE(scroll.Tick(16, true));
  EXPECT_EQ(scroll.position(), 400);
}

TEST(UiScroll, AFlingSlowsDownAndEndsAtTheEdge) {
  ScrollState scroll = Over(100000, 300);
  scroll.Fling(2000);
  int frames = 0;
  while (scroll.Tick(16, false)) ASSERT_LT(++frames, 400);
  EXPECT_GT(scroll.position(), 300);
  EXPECT_LT(scroll.position(), 1000);
  scroll.JumpTo(0);
  scroll.Fling(-2000);
  EXPECT_FALSE(scroll.Tick(16, false)) << "nothing above the top";
}

TEST(UiScroll, ShiftMovesWithoutMotion) {
  ScrollState scroll = Over(1000, 300);
  scroll.JumpTo(100);
  scroll.Shift(25);
  EXPECT_EQ(scroll.position(), 125);
  EXPECT_FALSE(scroll.moving());
}

}  // namespace
}  // namespace lodestone::ui
