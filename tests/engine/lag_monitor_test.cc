#include "engine/lag_monitor.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace lodestone {
namespace {

class LagMonitorTest : public ::testing::Test {
 protected:
  LagMonitorTest() {
    lag_.on_stall = [this](const Stall& stall) { stalls_.push_back(stall); };
  }
  // Work that takes `ms`; time is the test's own.
  void Run(const char* what, double ms) {
    lag_.Ran(what, now_ms_, now_ms_ + ms);
    now_ms_ += ms;
  }

  double now_ms_ = 5000;
  LagMonitor lag_;
  std::vector<Stall> stalls_;
};

TEST_F(LagMonitorTest, AQuickLoopHasNoStalls) {
  for (int i = 0; i < 100; ++i) {
    lag_.ProbePosted(now_ms_);
    Run("Search", 1);
    lag_.ProbeRan(now_ms_);
    lag_.ProbeTimed(now_ms_ + 5);
    now_ms_ += 6;
    lag_.ProbeRan(now_ms_);
  }
  EXPECT_EQ(lag_.stalls(), 0u);
  EXPECT_EQ(lag_.histogram().max_ms(), 1) << "a timer that is a little late is no lag";
  EXPECT_NEAR(lag_.histogram().Quantile(0.99), 1, 0.15);
}

TEST_F(LagMonitorTest, OneLongPieceIsToldOfOnceByName) {
  lag_.ProbePosted(now_ms_);
  Run("Search", 1);
  Run("StoreBatch", 80);
  lag_.ProbeRan(now_ms_);
  ASSERT_EQ(stalls_.size(), 1u) << "by itself, not again by the probe behind it";
  EXPECT_EQ(stalls_[0].what, "StoreBatch");
  EXPECT_EQ(stalls_[0].ms, 80);
  EXPECT_EQ(lag_.histogram().worst(), "StoreBatch");
  EXPECT_EQ(lag_.histogram().max_ms(), 81);
}

TEST_F(LagMonitorTest, AMessageIsCaughtWithoutAnyProbe) {
  Run("GetDocument", 51);
  ASSERT_EQ(stalls_.size(), 1u);
  EXPECT_EQ(stalls_[0].what, "GetDocument");
  EXPECT_EQ(lag_.histogram().max_ms(), 51);
}

TEST_F(LagMonitorTest, ACrowdOfPiecesIsNamedByItsLongest) {
  lag_.ProbePosted(now_ms_);
  for (int i = 0; i < 30; ++i) Run("Take", 2);
  Run("Stored", 3);
  lag_.ProbeRan(now_ms_);
  ASSERT_EQ(stalls_.size(), 1u);
  EXPECT_EQ(stalls_[0].what, "31 pieces of work, the longest Stored");
  EXPECT_EQ(stalls_[0].ms, 63);
}

TEST_F(LagMonitorTest, WhatNobodyRanIsSaidToComeFromOutside) {
  Run("Search", 1);
  lag_.ProbeTimed(now_ms_ + 5);
  now_ms_ += 125;
  lag_.ProbeRan(now_ms_);
  ASSERT_EQ(stalls_.size(), 1u);
  EXPECT_EQ(stalls_[0].what, "something outside the engine, after Search");
  EXPECT_EQ(stalls_[0].ms, 120);
  EXPECT_EQ(lag_.histogram().worst(), "something outside the engine, after Search");
}

TEST_F(LagMonitorTest, OnlyThePartBehindTheProbeCounts) {
  // Most of the message's time went by before it posted the probe.
  const double begin_ms = now_ms_;
  lag_.ProbePosted(begin_ms + 40);
  lag_.Ran("AddFiles", begin_ms, begin_ms + 45);
  now_ms_ = begin_ms + 45;
  lag_.ProbeRan(begin_ms + 105);
  ASSERT_EQ(stalls_.size(), 1u);
  EXPECT_EQ(stalls_[0].what, "something outside the engine, after AddFiles");
  EXPECT_EQ(stalls_[0].ms, 65);
}

TEST_F(LagMonitorTest, ATimerHeldUpByAPieceThatWasToldOfIsNotToldOfAgain) {
  lag_.ProbeTimed(now_ms_);
  Run("StoreBatch", 60);
  lag_.ProbeRan(now_ms_);
  EXPECT_EQ(lag_.histogram().worst(), "StoreBatch");
  EXPECT_EQ(stalls_.size(), 1u);
}

TEST_F(LagMonitorTest, WithinASecondOnlyALongerStallIsToldOf) {
  for (const double ms : {60, 55, 120, 70}) {
    lag_.ProbePosted(now_ms_);
    Run("StoreBatch", ms);
    lag_.ProbeRan(now_ms_);
  }
  ASSERT_EQ(stalls_.size(), 2u);
  EXPECT_EQ(stalls_[0].ms, 60);
  EXPECT_EQ(stalls_[1].ms, 120);
  EXPECT_EQ(stalls_[1].untold, 1u);
  now_ms_ += 1000;
  Run("Fetch", 51);
  ASSERT_EQ(stalls_.size(), 3u);
  EXPECT_EQ(stalls_[2].untold, 1u);
}

// A probe that waits asks no more: without the time that it was late, a stall would be one sample of many.
TEST_F(LagMonitorTest, SamplesAreEvenInTime) {
  const double begin_ms = now_ms_;
  const auto turn = [&](double timer_late_ms, double work_ms) {
    lag_.ProbePosted(now_ms_);
    Run("Search", work_ms);
    lag_.ProbeRan(now_ms_);
    lag_.ProbeTimed(now_ms_ + LagMonitor::kTickMs);
    now_ms_ += LagMonitor::kTickMs;
    if (timer_late_ms > 0) Run("StoreBatch", timer_late_ms);
    lag_.ProbeRan(now_ms_);
  };
  for (int i = 0; i < 90; ++i) turn(0, 0.1);
  turn(0, 50);
  turn(100, 0.1);
  for (int i = 0; i < 90; ++i) turn(0, 0.1);
  const LagHistogram& lag = lag_.histogram();
  EXPECT_NEAR(static_cast<double>(lag.samples()), now_ms_ - begin_ms, 6);
  // Of 1,070 ms a message would have waited in 150: as long as it then took, 50 ms or longer in a twentieth of all.
  EXPECT_NEAR(lag.Quantile(0.5), 0.1, 0.02);
  EXPECT_NEAR(lag.Quantile(0.95), 50, 7);
  EXPECT_EQ(lag.max_ms(), 100);
}

// However few probes there were, a percentile is a share of the time.
TEST_F(LagMonitorTest, AStallWeighsAsLongAsAMessageWouldHaveWaited) {
  const auto second_with_stalls = [&](int stalls) {
    lag_.Reset(now_ms_);
    for (int turn = 0; turn < 200; ++turn) {
      lag_.ProbePosted(now_ms_);
      Run("Search", turn < stalls ? 15 : 0.1);
      lag_.ProbeRan(now_ms_);
      lag_.ProbeTimed(now_ms_ + LagMonitor::kTickMs);
      now_ms_ += LagMonitor::kTickMs;
      lag_.ProbeRan(now_ms_);
    }
    return lag_.histogram().Quantile(0.99);
  };
  // Over 8 ms waits who comes in the first 7 of 15.
  EXPECT_LT(second_with_stalls(1), 8);
  EXPECT_GT(second_with_stalls(2), 8);
}

TEST_F(LagMonitorTest, TimeWithoutWorkIsNotMeasured) {
  for (int i = 0; i < 3; ++i) {
    lag_.ProbePosted(now_ms_);
    Run("Search", 1);
    lag_.ProbeRan(now_ms_);
    now_ms_ += 60'000;
  }
  EXPECT_LE(lag_.histogram().samples(), 6u);
}

// Work between probes is no sample by itself, or the percentiles would be those of bad moments alone.
TEST_F(LagMonitorTest, ALongPieceAloneIsTheWorstAndNoSample) {
  Run("GetDocument", 20);
  EXPECT_EQ(lag_.histogram().samples(), 0u);
  EXPECT_EQ(lag_.histogram().max_ms(), 20);
  EXPECT_EQ(lag_.histogram().worst(), "GetDocument");
}

TEST_F(LagMonitorTest, AResetForgetsWhatAProbeHadWaitedForBefore) {
  lag_.ProbeTimed(now_ms_);
  Run("Heavy", 40);
  lag_.Reset(now_ms_);
  Run("Search", 5);
  lag_.ProbeRan(now_ms_);
  EXPECT_EQ(lag_.histogram().max_ms(), 5);
  EXPECT_EQ(lag_.histogram().worst(), "Search");
}

TEST_F(LagMonitorTest, AMachineThatSleptIsNoYearOfSamples) {
  lag_.ProbePosted(now_ms_);
  now_ms_ += 8 * 3600 * 1000.0;
  lag_.ProbeRan(now_ms_);
  EXPECT_LE(lag_.histogram().samples(), 10'001u);
}

TEST_F(LagMonitorTest, AStormIsToldOfOnceASecondWithItsNumber) {
  for (int i = 0; i < 10; ++i) Run("Heavy", 60);
  EXPECT_EQ(stalls_.size(), 1u);
  EXPECT_EQ(stalls_[0].untold, 0u);
  now_ms_ += 1000;
  Run("Heavy", 60);
  ASSERT_EQ(stalls_.size(), 2u);
  EXPECT_EQ(stalls_[1].untold, 9u);
  EXPECT_EQ(lag_.stalls(), 11u);
  lag_.Reset(now_ms_);
  EXPECT_EQ(lag_.stalls(), 0u);
  EXPECT_EQ(lag_.histogram().samples(), 0u);
}

}  // namespace
}  // namespace lodestone
