#include "platform/thread_pool.h"

#include <atomic>
#include <latch>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "platform/inline_executor.h"
#include "platform/run_loop.h"

namespace lodestone {
namespace {

TEST(ThreadPool, RunsEverythingOnce) {
  std::atomic<int> count = 0;
  std::latch done(3000);
  ThreadPool pool(4);
  for (int i = 0; i < 1000; ++i) {
    for (Priority priority : {Priority::kBackground, Priority::kVisible, Priority::kInteractive}) {
      pool.Post(priority, [&] {
        ++count;
        done.count_down();
      });
    }
  }
  done.wait();
  EXPECT_EQ(count, 3000);
  EXPECT_FALSE(pool.InteractiveWaiting());
}

// Each piece waits for all the others: a thread that slept on beside its piece would hang them.
TEST(ThreadPool, WakesAThreadForEveryPiece) {
  constexpr int kThreads = 3;
  ThreadPool pool(kThreads);
  for (int round = 0; round < 2000; ++round) {
    const auto all = std::make_shared<std::latch>(kThreads + 1);  // the last one out may be any of them
    for (int i = 0; i < kThreads; ++i) {
      pool.Post(i % 2 ? Priority::kBackground : Priority::kInteractive, [all] { all->arrive_and_wait(); });
    }
    all->arrive_and_wait();
  }
}

TEST(ThreadPool, TakesTheMostUrgentFirst) {
  ThreadPool pool(1);
  std::latch blocked(1), release(1), done(3);
  std::vector<int> order;
  pool.Post(Priority::kBackground, [&] {
    blocked.count_down();
    release.wait();
  });
  blocked.wait();
  pool.Post(Priority::kBackground, [&] { order.push_back(2); done.count_down(); });
  pool.Post(Priority::kVisible, [&] { order.push_back(1); done.count_down(); });
  pool.Post(Priority::kInteractive, [&] { order.push_back(0); done.count_down(); });
  release.count_down();
  done.wait();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
}

TEST(ThreadPool, LongWorkLetsInteractiveWorkIn) {
  ThreadPool pool(1);
  std::latch started(1), posted(1), done(1);
  bool served = false;
  pool.Post(Priority::kBackground, [&] {
    started.count_down();
    posted.wait();
    EXPECT_TRUE(pool.InteractiveWaiting());
    pool.RunInteractive();
    EXPECT_TRUE(served);
    done.count_down();
  });
  started.wait();
  pool.Post(Priority::kInteractive, [&] { served = true; });
  posted.count_down();
  done.wait();
}

TEST(ThreadPool, GentleHoldsBackgroundWorkButNotQueries) {
  ThreadPool pool(2);
  pool.SetActiveLimit(1);
  std::latch started(1), release(1), query(1), second(1);
  std::atomic<bool> second_ran = false;
  pool.Post(Priority::kBackground, [&] {
    started.count_down();
    release.wait();
  });
  started.wait();
  pool.Post(Priority::kBackground, [&] {
    second_ran = true;
    second.count_down();
  });
  pool.Post(Priority::kInteractive, [&] { query.count_down(); });
  query.wait();
  EXPECT_FALSE(second_ran);
  release.count_down();
  second.wait();
}

TEST(ThreadPool, WithoutACoreOnlyQueriesRun) {
  const auto cores = std::make_shared<CoreBudget>(2);
  ThreadPool pool(2, cores);
  SerialThread storage(cores);
  pool.SetActiveLimit(0);
  std::latch queries(2), done(2);
  std::atomic<int> ran = 0;
  const auto work = [&] {
    ++ran;
    done.count_down();
  };
  pool.Post(Priority::kBackground, work);
  storage.Post(Priority::kVisible, work);
  pool.Post(Priority::kInteractive, [&] { queries.count_down(); });
  storage.Post(Priority::kInteractive, [&] { queries.count_down(); });
  queries.wait();
  EXPECT_EQ(ran, 0);
  pool.SetActiveLimit(1);
  done.wait();
}

TEST(ThreadPool, AThreadWorksOnceItIsReady) {
  std::latch started(1), ready(1), done(1);
  SerialThread storage(nullptr, [&](Work loop) {
    started.count_down();
    ready.wait();
    loop();
  });
  std::atomic<bool> ran = false;
  storage.Post(Priority::kVisible, [&] {
    ran = true;
    done.count_down();
  });
  started.wait();
  EXPECT_FALSE(ran);
  ready.count_down();
  done.wait();
}

TEST(ThreadPool, TellsHowLongWorkWaitedForAThread) {
  ThreadPool pool(1);
  std::latch started(1), release(1), done(1);
  pool.Post(Priority::kBackground, [&] {
    started.count_down();
    release.wait();
  }, "the first");
  started.wait();
  pool.Post(Priority::kVisible, [&] { done.count_down(); }, "the second");
  const double posted_ms = SystemClock().NowMs();
  while (SystemClock().NowMs() < posted_ms + 20) {
  }
  release.count_down();
  done.wait();
  const LagHistogram visible = pool.WaitTimes(Priority::kVisible);
  EXPECT_EQ(visible.samples(), 1u);
  EXPECT_GE(visible.max_ms(), 20);
  EXPECT_EQ(visible.worst(), "the second");
  EXPECT_EQ(pool.WaitTimes(Priority::kBackground).samples(), 1u);
  EXPECT_EQ(pool.WaitTimes(Priority::kInteractive).samples(), 0u);
  pool.ForgetWaitTimes();
  EXPECT_EQ(pool.WaitTimes(Priority::kVisible).samples(), 0u);
}

TEST(ThreadPool, EndingDropsWhatWaits) {
  std::atomic<int> ran = 0;
  {
    ThreadPool pool(2);
    for (int i = 0; i < 100; ++i) pool.Post(Priority::kBackground, [&] { ++ran; });
  }
  EXPECT_LE(ran, 100);
}

TEST(InlineExecutor, ATurnGoesByTheNameOfWhatItRan) {
  RunLoop loop;
  std::vector<std::string> names;
  loop.on_ran = [&](const char* what, double begin_ms, double end_ms) {
    EXPECT_LE(begin_ms, end_ms);
    names.push_back(what);
  };
  InlineExecutor executor(&loop);
  executor.Post(Priority::kBackground, [] {}, "background");
  executor.Post(Priority::kInteractive, [] {}, "interactive");
  ASSERT_TRUE(loop.RunUntil([&] { return names.size() == 2; }, 10000));
  EXPECT_EQ(names, (std::vector<std::string>{"interactive", "background"}));
}

TEST(RunLoop, WorkGoesByTheNameOfTheFunctionThatPostsIt) {
  RunLoop loop;
  std::vector<std::string> names;
  loop.on_ran = [&](const char* what, double, double) { names.push_back(what); };
  loop.Post(Priority::kBackground, [] {});
  ASSERT_TRUE(loop.RunUntil([&] { return names.size() == 1; }, 10000));
  EXPECT_EQ(names[0], "TestBody");
}

TEST(InlineExecutor, RunsOnePieceATurnByPriority) {
  RunLoop loop;
  InlineExecutor executor(&loop);
  std::vector<int> order;
  executor.Post(Priority::kBackground, [&] { order.push_back(2); });
  executor.Post(Priority::kInteractive, [&] { order.push_back(0); });
  executor.Post(Priority::kVisible, [&] { order.push_back(1); });
  EXPECT_TRUE(executor.InteractiveWaiting());
  EXPECT_TRUE(order.empty()) << "never inside the caller";
  ASSERT_TRUE(loop.RunUntil([&] { return order.size() == 3; }, 10000));
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
}

TEST(RunLoop, WhatSomebodyWaitsForGoesAheadOfTheRest) {
  RunLoop loop;
  std::vector<int> order;
  for (int i = 0; i < 3; ++i) {
    loop.Post(Priority::kBackground, [&order, i] { order.push_back(10 + i); });
    loop.Post(Priority::kInteractive, [&order, i] { order.push_back(i); });
  }
  ASSERT_TRUE(loop.RunUntil([&] { return order.size() == 6; }, 10000));
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 10, 11, 12}));
}

TEST(RunLoop, DelayedWorkComesInOrderOfItsTime) {
  RunLoop loop;
  std::vector<int> order;
  loop.PostDelayed(5, [&] { order.push_back(2); });
  loop.PostDelayed(1, [&] { order.push_back(1); });
  loop.Post(Priority::kBackground, [&] { order.push_back(0); });
  ASSERT_TRUE(loop.RunUntil([&] { return order.size() == 3; }, 10000));
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
  EXPECT_FALSE(loop.RunUntil([] { return false; }, 1)) << "a hang is reported";
}

}  // namespace
}  // namespace lodestone
