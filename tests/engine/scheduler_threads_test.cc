#include <algorithm>
#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/scheduler.h"
#include "platform/run_loop.h"
#include "platform/thread_pool.h"
#include "tests/engine/scheduler_fixture.h"

namespace lodestone {
namespace {

constexpr double kHangMs = 30000;
constexpr int kDeeds = 400;
constexpr int kBurst = 4 * Scheduler::kBatchesPerThread;

// The coordinator's loop among threads; what is delayed waits for the test to have its clock go on.
class SteppedLoop final : public Loop {
 public:
  explicit SteppedLoop(FakeClock* clock) : clock_(clock) {}
  void Post(Priority priority, Work work, const char* what) override { turns_.Post(priority, std::move(work), what); }
  void PostDelayed(double delay_ms, Work work, const char*) override {
    delayed_.emplace(clock_->now_ms + delay_ms, std::move(work));
  }
  bool RunUntil(const std::function<bool()>& done) { return turns_.RunUntil(done, kHangMs); }
  void Advance(double ms) {
    clock_->now_ms += ms;
    while (!delayed_.empty() && delayed_.begin()->first <= clock_->now_ms) {
      const Work work = std::move(delayed_.begin()->second);
      delayed_.erase(delayed_.begin());
      work();
    }
  }

 private:
  FakeClock* clock_;
  RunLoop turns_;
  std::multimap<double, Work> delayed_;
};

// Tasks of all kinds on real threads, and somebody who does whatever comes to mind with them. ThreadSanitizer looks on.
class Crowd {
 public:
  explicit Crowd(unsigned seed) : random_(seed), pool_(std::make_unique<ThreadPool>(1 + static_cast<int>(seed % 3))) {
    for (int i = 0; i < 3; ++i) Adopt();
  }
  // Without Shutdown's answer, as after a failure, the threads must go first.
  ~Crowd() { pool_.reset(); }

  void DoDeeds(int deeds) {
    for (int i = 0; i < deeds && !testing::Test::HasFatalFailure(); ++i) {
      DoDeed();
      // So many pieces of work, as long as threads have something to bring back.
      int turns = static_cast<int>(random_() % 4);
      ASSERT_TRUE(loop_.RunUntil([&] { return turns-- <= 0 || scheduler_.in_flight() == 0; })) << "a batch is lost";
    }
  }

  // Nothing holds anything up any more: all that is left has to come to its end by itself. The clock stands still, as a
  // deadline would hide a lost wake-up.
  void Settle() {
    // What is sent right after a restart is for the run that comes, also where a batch is still at work.
    for (int i = 0; i < 24; ++i) Restart(Pick());
    StartMany();
    settling_ = true;
    for (const auto& [id, task] : taken_) {
      if (!scheduler_.Has(id)) continue;
      (void)scheduler_.Resume(id);
      if (task.adopted) scheduler_.Finish(id, OkStatus());
      else (void)scheduler_.Send(id, "m");  // one that is refused has messages
    }
    const bool idle = loop_.RunUntil([&] { return scheduler_.idle(); });
    ASSERT_TRUE(idle) << "left over: " << Left();
    EXPECT_EQ(scheduler_.in_flight(), 0);
    for (const auto& [id, task] : taken_) {
      if (!Excused(task)) EXPECT_EQ(task.state, task.fails ? TaskState::kFailed : TaskState::kDone) << "task " << id.value;
    }
  }

  void EndThreads() { pool_.reset(); }
  void BeginShutdown() {
    scheduler_.Shutdown([this] { shut_ = true; });
  }
  void AwaitShutdown() {
    const bool shut = loop_.RunUntil([&] { return shut_; });
    ASSERT_TRUE(shut) << "left over: " << Left();
    EXPECT_TRUE(scheduler_.idle());
    EXPECT_EQ(scheduler_.in_flight(), 0);
    EndThreads();
    EXPECT_GT(taken_.size(), 50u);
    for (const auto& [id, task] : taken_) EXPECT_EQ(task.ends, 1) << "terminal events of task " << id.value;
    for (const Worked& work : works_) {
      EXPECT_EQ(work.late, 0) << "ran after its end";
      EXPECT_EQ(work.early, 0) << "ran before what it follows was done";
      EXPECT_EQ(work.overlaps, 0) << "two batches at once";
    }
  }

 private:
  // From a beginning to the next one, or to the end. The threads look at it, the coordinator sets it.
  struct Run {
    std::atomic<bool> over = false;
  };
  // What several tasks do one after the other, if the first are restarted after their end.
  struct Worked {
    std::atomic<int> running = 0;
    std::atomic<int> overlaps = 0;
    std::atomic<int> late = 0;
    std::atomic<int> early = 0;
    std::atomic<bool> done = false;
    // The coordinator's.
    bool follows = true;  // no more when it comes back after its end
    std::shared_ptr<Run> run = std::make_shared<Run>();
  };
  struct Taken {
    TaskSpec spec;
    Worked* work = nullptr;
    bool adopted = false;
    bool fails = false;
    bool stopped = false;  // somebody asked for that
    int ends = 0;
    TaskState state = TaskState::kWaiting;
  };

  bool OneIn(uint32_t n) { return random_() % n == 0; }
  // One of the latest: the others have ended long ago.
  TaskId Pick() {
    const size_t back = 1 + random_() % std::min<size_t>(ids_.size(), 24);
    return ids_[ids_.size() - back];
  }
  TaskId PickWhole() { return wholes_[wholes_.size() - 1 - random_() % 3]; }

  // A task that has ended refuses, which is as good.
  void DoDeed() {
    const TaskId id = OneIn(6) ? PickWhole() : Pick();
    switch (random_() % 15) {
      case 0:
        return Cancel(id);
      case 1:
        return (void)scheduler_.Pause(id);
      case 2:
      case 3:
        return (void)scheduler_.Resume(id);
      case 4:
      case 5:
        return (void)scheduler_.Send(id, "m");
      case 6:
        return Restart(id);
      case 7:
        if (OneIn(2)) scheduler_.Finish(PickWhole(), OkStatus());
        return Adopt();
      case 8:
        return loop_.Advance(static_cast<double>(random_() % 5));
      case 9:
        if (OneIn(8)) StartMany();
        return;
      default:
        return Start();
    }
  }

  TaskSpec Spec() {
    TaskSpec spec{.kind = "test", .title = "t", .priority = static_cast<Priority>(random_() % 3)};
    if (OneIn(6)) spec.deadline_ms = static_cast<double>(1 + random_() % 20);
    return spec;
  }

  void Adopt() {
    TaskSpec spec = Spec();
    if (wholes_.size() >= 3 && OneIn(3)) spec.part_of = PickWhole();
    const auto own = std::make_shared<TaskId>();
    Scheduler::Hooks hooks{.cancel = [this, own] {
                             if (OneIn(2)) scheduler_.Finish(*own, OkStatus());
                           },
                           .pause = [] {},
                           .resume = [] {},
                           .restart = [this](TaskId) { Adopt(); }};
    Worked* const work = &works_.emplace_back();
    const Result<TaskId> id = scheduler_.Adopt(spec, std::move(hooks), Note());
    if (!id.ok()) return;
    *own = id.value();
    wholes_.push_back(id.value());
    Take(id.value(), {.spec = spec, .work = work, .adopted = true});
  }

  void Start() {
    TaskSpec spec = Spec();
    if (OneIn(4)) spec.group = OneIn(2) ? "g" : "h";
    while (!ids_.empty() && OneIn(4)) spec.after.push_back(Pick());
    if (OneIn(3)) spec.part_of = PickWhole();
    const bool fails = OneIn(8);
    if (!spec.group.empty()) {
      for (auto& [id, task] : taken_) task.stopped = task.stopped || task.spec.group == spec.group;
    }
    Worked* const work = &works_.emplace_back();
    const Result<TaskId> id = scheduler_.Start(spec, Batches(work, spec, fails), Note());
    if (id.ok()) Take(id.value(), {.spec = spec, .work = work, .fails = fails});
  }

  // More than may be on their way to the threads at once, so that some wait for others to come back.
  void StartMany() {
    for (int i = 0; i < kBurst; ++i) Start();
  }

  void Take(TaskId id, Taken taken) {
    taken_.emplace(id, std::move(taken));
    ids_.push_back(id);
  }

  Scheduler::Factory Batches(Worked* work, const TaskSpec& spec, bool fails) {
    std::vector<const Worked*> before;
    for (const TaskId id : spec.after) before.push_back(taken_.at(id).work);
    const int batches = 1 + static_cast<int>(random_() % 4);
    const bool listens = OneIn(3);
    const bool heeds = OneIn(2);
    return [this, work, before, whole = spec.part_of, batches, listens, heeds, fails]() mutable -> Scheduler::Batch {
      const std::shared_ptr<Run> run = std::make_shared<Run>();
      std::exchange(work->run, run)->over = true;
      // Where it has ended it is nobody's part.
      const std::shared_ptr<Run> of = whole && scheduler_.Has(*whole) ? taken_.at(*whole).work->run : nullptr;
      if (!work->follows) before.clear();
      return [=, left = batches](TaskStep& step) mutable -> Result<TaskNext> {
        const auto over = [&] { return run->over || (of && of->over); };
        if (work->running.fetch_add(1) > 0) ++work->overlaps;
        if (over()) ++work->late;
        for (const Worked* one : before) {
          if (!one->done) ++work->early;
        }
        const bool heard = !step.TakeMessages().empty();
        step.Report(1, 2);
        std::this_thread::yield();
        const bool stops = heeds && step.stopping();
        if (over()) ++work->late;
        work->running.fetch_sub(1);
        if (stops) return Status(StatusCode::kCancelled, "I was told to stop.");
        if (listens && !heard) return TaskNext::kAwaitMessage;
        if (!listens && --left > 0) return TaskNext::kMore;
        if (fails) return Status(StatusCode::kBadData, "It is broken.");
        return TaskNext::kDone;
      };
    };
  }

  Scheduler::Ended Note() {
    return [this](const TaskInfo& info) {
      const auto found = taken_.find(info.id);
      ASSERT_NE(found, taken_.end()) << "it ended before it was taken on";
      Taken& task = found->second;
      ++task.ends;
      task.state = info.state;
      task.work->run->over = true;
      if (info.state == TaskState::kDone) task.work->done = true;
      // Who hears of an end may do anything.
      if (settling_ || !OneIn(6)) return;
      if (OneIn(2)) Cancel(Pick());
      else Start();
    };
  }

  void Cancel(TaskId id) {
    // Before: its end is heard of meanwhile.
    if (scheduler_.Has(id)) taken_.at(id).stopped = true;
    (void)scheduler_.Cancel(id);
  }

  void Restart(TaskId id) {
    const Taken& former = taken_.at(id);
    if (!scheduler_.Has(id)) former.work->follows = false;
    if (!scheduler_.Has(id) && !former.spec.group.empty()) {
      for (auto& [other, task] : taken_) task.stopped = task.stopped || task.spec.group == former.spec.group;
    }
    const Result<TaskId> again = scheduler_.Restart(id);
    if (!again.ok() || again.value() == id || again.value() == TaskId{}) return;
    Taken taken{.spec = former.spec, .work = former.work, .fails = former.fails};
    taken.spec.after.clear();
    Take(again.value(), std::move(taken));
  }

  // It need not have come to its own end.
  bool Excused(const Taken& task) const {
    if (task.stopped || task.spec.deadline_ms > 0) return true;
    if (task.spec.part_of && Excused(taken_.at(*task.spec.part_of))) return true;
    return std::any_of(task.spec.after.begin(), task.spec.after.end(),
                       [&](TaskId id) { return taken_.at(id).state != TaskState::kDone; });
  }

  std::string Left() const {
    std::string left;
    for (const auto& [id, task] : taken_) {
      if (!scheduler_.Has(id)) continue;
      left += " " + std::to_string(id.value) + (task.adopted ? " (adopted)" : "");
      if (task.spec.part_of) left += " of " + std::to_string(task.spec.part_of->value);
      for (const TaskId before : task.spec.after) left += " after " + std::to_string(before.value);
    }
    return left;
  }

  std::mt19937 random_;
  FakeClock clock_;
  SteppedLoop loop_{&clock_};
  std::deque<Worked> works_;
  std::map<TaskId, Taken> taken_;
  std::vector<TaskId> ids_;
  std::vector<TaskId> wholes_;
  bool settling_ = false;
  bool shut_ = false;
  std::unique_ptr<ThreadPool> pool_;
  Scheduler scheduler_{&loop_, pool_.get(), &clock_, {.tasks = 64, .messages = 8}};
};

TEST(Scheduler, FinishesAmongThreadsWhatNobodyStops) {
  for (unsigned seed = 1; seed <= 8 && !testing::Test::HasFatalFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Crowd crowd(seed);
    ASSERT_NO_FATAL_FAILURE(crowd.DoDeeds(kDeeds));
    ASSERT_NO_FATAL_FAILURE(crowd.Settle());
    crowd.BeginShutdown();
    crowd.AwaitShutdown();
  }
}

TEST(Scheduler, EndsAllAmongThreadsWhenItIsShutDownAmidWork) {
  for (unsigned seed = 1; seed <= 4 && !testing::Test::HasFatalFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Crowd crowd(seed);
    ASSERT_NO_FATAL_FAILURE(crowd.DoDeeds(kDeeds));
    crowd.BeginShutdown();
    ASSERT_NO_FATAL_FAILURE(crowd.DoDeeds(kDeeds));  // it is not made to wait, nor to take anything on
    crowd.AwaitShutdown();
  }
}

// As when a tab is closed.
TEST(Scheduler, EndsAllWhenTheThreadsGoFirst) {
  for (unsigned seed = 1; seed <= 4 && !testing::Test::HasFatalFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Crowd crowd(seed);
    ASSERT_NO_FATAL_FAILURE(crowd.DoDeeds(kDeeds));
    crowd.EndThreads();
    crowd.BeginShutdown();
    crowd.AwaitShutdown();
  }
}

}  // namespace
}  // namespace lodestone
