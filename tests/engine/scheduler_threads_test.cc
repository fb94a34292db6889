#include <atomic>
#include <memory>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/scheduler.h"
#include "platform/run_loop.h"
#include "platform/thread_pool.h"

namespace lodestone {
namespace {

// Real threads; whatever the order, the invariants hold. ThreadSanitizer looks on.
TEST(Scheduler, HoldsItsInvariantsAmongThreads) {
  struct Watched {
    std::atomic<int> running = 0;
    std::atomic<bool> over = false;
    std::atomic<int> after_end = 0;
    std::atomic<int> overlaps = 0;
    int ends = 0;
  };
  for (unsigned seed = 1; seed <= 8; ++seed) {
    RunLoop loop;
    auto pool = std::make_unique<ThreadPool>(3);
    Scheduler scheduler(&loop, pool.get(), &SystemClock(), {.tasks = 64, .messages = 8});
    std::mt19937 random(seed);
    std::vector<std::unique_ptr<Watched>> all;
    std::vector<TaskId> ids;
    std::vector<std::pair<TaskId, std::unique_ptr<Watched>>> wholes;
    for (int i = 0; i < 3; ++i) {
      auto watched = std::make_unique<Watched>();
      const auto note = [w = watched.get()](const TaskInfo&) {
        ++w->ends;
        w->over = true;
      };
      const Result<TaskId> whole =
          scheduler.Adopt({.kind = "test", .title = "w"}, {.cancel = [] {}, .pause = [] {}, .resume = [] {}}, note);
      ASSERT_TRUE(whole.ok());
      wholes.emplace_back(whole.value(), std::move(watched));
    }
    for (int round = 0; round < 400; ++round) {
      const uint32_t dice = random() % 10;
      if (dice < 5) {
        auto watched = std::make_unique<Watched>();
        Watched* const w = watched.get();
        TaskSpec spec{.kind = "test", .title = "t", .priority = static_cast<Priority>(random() % 3)};
        if (random() % 4 == 0) spec.group = "g";
        if (!ids.empty() && random() % 5 == 0) spec.after = {ids[random() % ids.size()]};
        Watched* of = nullptr;
        if (random() % 3 == 0) {
          const auto& [whole, watched_whole] = wholes[random() % wholes.size()];
          of = watched_whole.get();
          spec.part_of = whole;
          if (!scheduler.Has(whole)) of = nullptr;  // then nobody's
        }
        const int batches = 1 + static_cast<int>(random() % 4);
        const bool listens = random() % 3 == 0;
        const auto factory = [w, of, batches, listens] {
          return [w, of, left = batches, listens](TaskStep& step) mutable -> Result<TaskNext> {
            if (w->running.fetch_add(1) > 0) ++w->overlaps;
            if (w->over || (of && of->over)) ++w->after_end;
            const bool heard = !step.TakeMessages().empty();
            step.Report(1, 2);
            std::this_thread::yield();
            w->running.fetch_sub(1);
            if (listens) return heard ? TaskNext::kDone : TaskNext::kAwaitMessage;
            return --left > 0 ? TaskNext::kMore : TaskNext::kDone;
          };
        };
        const Result<TaskId> id = scheduler.Start(spec, factory, [w](const TaskInfo&) {
          ++w->ends;
          w->over = true;
        });
        if (id.ok()) {
          ids.push_back(id.value());
          all.push_back(std::move(watched));
        }
      } else if (!ids.empty()) {
        const bool of_whole = random() % 8 == 0;
        const TaskId id = of_whole ? wholes[random() % wholes.size()].first : ids[random() % ids.size()];
        if (of_whole && dice == 8) scheduler.Finish(id, OkStatus());
        // A task that has ended refuses, which is as good.
        if (dice == 5) (void)scheduler.Cancel(id);
        if (dice == 6) (void)scheduler.Pause(id);
        if (dice == 7) (void)scheduler.Resume(id);
        if (dice >= 8) (void)scheduler.Send(id, "m");
      }
      int turns = static_cast<int>(random() % 4);
      loop.RunUntil([&] { return turns-- <= 0; }, 0.2);
    }
    bool shut = false;
    // On some rounds the threads go first, as when a tab is closed.
    if (seed % 4 == 0) pool.reset();
    scheduler.Shutdown([&] { shut = true; });
    ASSERT_TRUE(loop.RunUntil([&] { return shut; }, 30000)) << "shutdown hangs, seed " << seed;
    EXPECT_TRUE(scheduler.idle());
    EXPECT_GT(all.size(), 50u);
    for (const auto& [whole, watched] : wholes) EXPECT_EQ(watched->ends, 1);
    for (const auto& watched : all) {
      EXPECT_EQ(watched->ends, 1);
      EXPECT_EQ(watched->after_end, 0) << "ran after its end";
      EXPECT_EQ(watched->overlaps, 0) << "two batches at once";
    }
    pool.reset();
  }
}

}  // namespace
}  // namespace lodestone
