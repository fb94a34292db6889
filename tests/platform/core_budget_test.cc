#include "platform/core_budget.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <latch>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "platform/thread_pool.h"

namespace lodestone {
namespace {

constexpr double kLong = 1e9;

// Counts how often each sharer was told to look again.
struct Wakes {
  CoreBudget::Sharer Join(CoreBudget* cores) {
    const size_t i = counts.size();
    counts.push_back(0);
    return cores->Join([this, i](int free) { counts[i] += free; });
  }
  std::vector<int> counts;
};

TEST(CoreBudget, WhoWasRefusedFirstHasTheNextCore) {
  CoreBudget cores(1);
  Wakes wakes;
  const auto a = wakes.Join(&cores), b = wakes.Join(&cores), c = wakes.Join(&cores);
  ASSERT_TRUE(cores.Take(a));
  EXPECT_FALSE(cores.Take(c));
  EXPECT_FALSE(cores.Take(b));
  cores.Give();
  EXPECT_EQ(wakes.counts, (std::vector<int>{0, 0, 1}));
  EXPECT_FALSE(cores.Take(a)) << "it is kept for who was refused before";
  EXPECT_FALSE(cores.Take(b));
  EXPECT_TRUE(cores.Take(c));
  cores.Give();
  EXPECT_EQ(wakes.counts, (std::vector<int>{0, 1, 1}));
}

TEST(CoreBudget, WhoHasNothingLeftLetsTheNextGoOn) {
  CoreBudget cores(1);
  Wakes wakes;
  const auto a = wakes.Join(&cores), b = wakes.Join(&cores), c = wakes.Join(&cores);
  ASSERT_TRUE(cores.Take(a));
  EXPECT_FALSE(cores.Take(b));
  EXPECT_FALSE(cores.Take(c));
  cores.Give();
  cores.Withdraw(b);
  EXPECT_EQ(wakes.counts, (std::vector<int>{0, 1, 1}));
  EXPECT_TRUE(cores.Take(c));
}

TEST(CoreBudget, ATurnEndsWhereAnotherWaits) {
  CoreBudget cores(1);
  Wakes wakes;
  const auto a = wakes.Join(&cores), b = wakes.Join(&cores);
  ASSERT_TRUE(cores.Take(a));
  EXPECT_TRUE(cores.MayKeep(a, kLong));
  EXPECT_FALSE(cores.Take(b));
  EXPECT_TRUE(cores.MayKeep(a, 0));
  EXPECT_FALSE(cores.MayKeep(a, kLong));
}

TEST(CoreBudget, ALowerLimitIsReachedAtTheNextPiece) {
  CoreBudget cores(2);
  Wakes wakes;
  const auto a = wakes.Join(&cores);
  ASSERT_TRUE(cores.Take(a));
  ASSERT_TRUE(cores.Take(a));
  cores.SetLimit(1);
  EXPECT_FALSE(cores.MayKeep(a, 0));
  cores.Give();
  EXPECT_TRUE(cores.MayKeep(a, 0));
  cores.SetLimit(0);
  EXPECT_FALSE(cores.MayKeep(a, 0));
  cores.Give();
  EXPECT_FALSE(cores.Take(a));
  const int before = wakes.counts[a];
  cores.SetLimit(1);
  EXPECT_EQ(wakes.counts[a], before + 1) << "who was refused hears of it";
  EXPECT_TRUE(cores.Take(a));
}

// Two pools of two threads each, one core: never two pieces at once, and all of them run.
TEST(CoreBudget, PoolsThatShareOneCoreTakeTurns) {
  constexpr int kPieces = 2000;
  const auto cores = std::make_shared<CoreBudget>(1);
  std::atomic<int> busy = 0, most = 0;
  std::latch done(2 * kPieces);
  ThreadPool a(2, cores), b(2, cores);
  for (int i = 0; i < kPieces; ++i) {
    for (ThreadPool* pool : {&a, &b}) {
      pool->Post(i % 2 ? Priority::kVisible : Priority::kBackground, [&] {
        const int now = ++busy;
        for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        --busy;
        done.count_down();
      });
    }
  }
  done.wait();
  EXPECT_EQ(most, 1);
}

TEST(CoreBudget, APoolThatNeverEndsKeepsNoOtherFromItsTurn) {
  const auto cores = std::make_shared<CoreBudget>(1);
  std::latch done(1);
  std::atomic<bool> stop = false;
  std::function<void()> again;  // outlives the pools, whose last pieces may copy it
  ThreadPool endless(2, cores), other(1, cores);
  again = [&] {
    if (!stop) endless.Post(Priority::kVisible, again);
  };
  for (int i = 0; i < 4; ++i) endless.Post(Priority::kVisible, again);
  other.Post(Priority::kBackground, [&] { done.count_down(); });
  done.wait();
  stop = true;
}

// Each piece waits for all the others: they end only if a higher limit wakes every thread.
TEST(CoreBudget, AHigherLimitWakesAllWhoWereRefused) {
  const auto cores = std::make_shared<CoreBudget>(1);
  for (int round = 0; round < 300; ++round) {
    const auto all = std::make_shared<std::latch>(4);
    cores->SetLimit(1);
    ThreadPool a(2, cores), b(2, cores);
    for (ThreadPool* pool : {&a, &b, &a, &b}) pool->Post(Priority::kBackground, [all] { all->arrive_and_wait(); });
    cores->SetLimit(4);
    all->wait();
  }
}

}  // namespace
}  // namespace lodestone
