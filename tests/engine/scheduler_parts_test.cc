#include "tests/engine/scheduler_fixture.h"

namespace lodestone {
namespace {

// A task whose owner hands over what it does as parts: as a run of indexing with its requests and their files.
class PartsTest : public SchedulerTest {
 protected:
  TaskId Adopt(TaskSpec spec = {.kind = "index", .title = "Indexing"}) {
    const Result<TaskId> id =
        scheduler_.Adopt(std::move(spec), {.cancel = [] {}, .pause = [] {}, .resume = [] {}}, Note());
    EXPECT_TRUE(id.ok());
    return id.ok() ? id.value() : TaskId{};
  }
  TaskId Part(TaskId whole, std::string name) { return Start({.part_of = whole}, Steps(name, 1)); }
};

TEST_F(PartsTest, RunAndAreNeitherToldOfNorCounted) {
  const TaskId whole = Adopt();
  std::vector<TaskId> parts;
  for (int i = 0; i < 20; ++i) parts.push_back(Part(whole, "p" + std::to_string(i)));
  EXPECT_EQ(scheduler_.Live().size(), 1u);
  Start("another", 1);
  RunAll();
  EXPECT_EQ(log_.size(), 21u);
  for (const TaskId part : parts) EXPECT_EQ(End(part).state, TaskState::kDone);
  EXPECT_TRUE(ended_[whole].empty()) << "its owner says when";
  EXPECT_EQ(scheduler_.Recent().size(), 1u);
  scheduler_.Finish(whole, OkStatus());
  EXPECT_EQ(End(whole).state, TaskState::kDone);
  EXPECT_EQ(scheduler_.in_flight(), 0);
}

TEST_F(PartsTest, APauseOfTheWholeHoldsThemAndThoseThatCome) {
  const TaskId whole = Adopt();
  const TaskId request = Adopt({.part_of = whole});
  Part(request, "one");
  Part(request, "two");
  Part(request, "three");
  executor_.RunOne();
  EXPECT_TRUE(scheduler_.Pause(whole).ok());
  Part(request, "four");
  RunAll();
  EXPECT_EQ(log_, Names{"one"}) << "those that lay in the executor came back";
  EXPECT_EQ(scheduler_.in_flight(), 0);
  EXPECT_TRUE(scheduler_.Resume(whole).ok());
  RunAll();
  EXPECT_EQ(log_.size(), 4u);
}

TEST_F(PartsTest, TheEndOfTheWholeComesAfterTheirs) {
  const TaskId whole = Adopt();
  TaskId running;
  running = Start({.part_of = whole}, [&] {
    return [&](TaskStep& step) -> Result<TaskNext> {
      EXPECT_TRUE(scheduler_.Cancel(whole).ok());
      EXPECT_TRUE(step.stopping());
      scheduler_.Finish(whole, OkStatus());
      EXPECT_TRUE(ended_[whole].empty()) << "a batch of it still runs";
      return TaskNext::kDone;
    };
  });
  const TaskId waiting = Part(whole, "waiting");
  const TaskId held = Start({.after = {Start("bulk", 1)}, .part_of = whole}, Steps("held", 1));
  RunAll();
  EXPECT_EQ(log_, Names{"bulk"});
  for (const TaskId part : {running, waiting, held}) EXPECT_EQ(End(part).state, TaskState::kCancelled);
  EXPECT_EQ(End(whole).state, TaskState::kCancelled);
}

TEST_F(PartsTest, OneOfThemCanBeCancelledWithItsOwnParts) {
  const TaskId whole = Adopt();
  const TaskId first = Adopt({.part_of = whole});
  const TaskId second = Adopt({.part_of = whole});
  const TaskId dropped = Part(first, "dropped");
  const TaskId kept = Part(second, "kept");
  EXPECT_TRUE(scheduler_.Cancel(first).ok());
  scheduler_.Finish(first, OkStatus());
  EXPECT_EQ(End(dropped).state, TaskState::kCancelled);
  EXPECT_EQ(End(first).state, TaskState::kCancelled);
  RunAll();
  EXPECT_EQ(log_, Names{"kept"});
  EXPECT_EQ(End(kept).state, TaskState::kDone);
  scheduler_.Finish(second, OkStatus());
  scheduler_.Finish(whole, OkStatus());
  EXPECT_EQ(End(whole).state, TaskState::kDone);
}

TEST_F(PartsTest, OfNobodyTheyJustRun) {
  const TaskId part = Part(TaskId{}, "alone");
  EXPECT_TRUE(scheduler_.Live().empty());
  RunAll();
  EXPECT_EQ(End(part).state, TaskState::kDone);
}

TEST_F(PartsTest, WhatFollowsOneBeginsWhenItIsDone) {
  const TaskId whole = Adopt();
  const TaskId part = Part(whole, "part");
  const TaskId follower = Start({.kind = "test", .title = "follower", .after = {part}}, Steps("follower", 1));
  const TaskId sibling = Start({.after = {part}, .part_of = whole}, Steps("sibling", 1));
  RunAll();
  EXPECT_EQ(log_, (Names{"part", "follower", "sibling"}));
  for (const TaskId id : {part, follower, sibling}) EXPECT_EQ(End(id).state, TaskState::kDone);
}

TEST_F(PartsTest, WhatFollowsOneIsCancelledWithIt) {
  const TaskId whole = Adopt();
  const TaskId part = Part(whole, "part");
  const TaskId follower = Start({.kind = "test", .title = "follower", .after = {part}}, Steps("follower", 1));
  EXPECT_TRUE(scheduler_.Cancel(whole).ok());
  scheduler_.Finish(whole, OkStatus());
  EXPECT_EQ(End(part).state, TaskState::kCancelled);
  EXPECT_EQ(End(follower).state, TaskState::kCancelled);
  RunAll();
  EXPECT_TRUE(log_.empty());
}

TEST_F(PartsTest, AreUnheardWhenTheSchedulerGoesThoughTheyFollow) {
  int ended = 0;
  int unheard = 0;
  {
    Scheduler scheduler(&loop_, &executor_, &clock_);
    const auto start = [&](TaskSpec spec, int* counter) {
      return scheduler.Start(std::move(spec), Steps("never", 1), [counter](const TaskInfo&) { ++*counter; }).value();
    };
    const TaskId before = start({.kind = "test", .title = "before"}, &ended);
    const TaskId part = start({.after = {before}, .part_of = TaskId{}}, &unheard);
    start({.kind = "test", .title = "follower", .after = {part}}, &ended);
  }
  EXPECT_EQ(ended, 2);
  EXPECT_EQ(unheard, 0);
  RunAll();
  EXPECT_TRUE(log_.empty());
}

TEST_F(PartsTest, NoneWaitsForTheEndOfItsWhole) {
  const TaskId whole = Adopt();
  const TaskId inner = Adopt({.part_of = whole});
  const TaskId between = Start({.kind = "test", .title = "between", .after = {inner}}, Steps("between", 1));
  for (const TaskId end : {whole, inner, between}) {
    const Result<TaskId> refused = scheduler_.Start({.after = {end}, .part_of = inner}, Steps("never", 1), Note());
    EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument);
  }
  const TaskId outer = Start({.after = {between}, .part_of = whole}, Steps("outer", 1));
  scheduler_.Finish(inner, OkStatus());
  scheduler_.Finish(whole, OkStatus());
  RunAll();
  EXPECT_EQ(log_, (Names{"between", "outer"}));
  for (const TaskId id : {inner, between, outer, whole}) EXPECT_EQ(End(id).state, TaskState::kDone);
  EXPECT_TRUE(scheduler_.idle());
}

TEST_F(PartsTest, OnlyWhatHasAnOwnerHasThem) {
  const TaskId started = Start("started", 1);
  EXPECT_EQ(scheduler_.Start({.part_of = started}, Steps("never", 1), Note()).status().code(), StatusCode::kInvalidArgument);
  scheduler_.Finish(started, OkStatus());
  EXPECT_TRUE(ended_[started].empty()) << "it has no owner to say so";
  RunAll();
  EXPECT_EQ(log_, Names{"started"});
  EXPECT_EQ(End(started).state, TaskState::kDone);
  EXPECT_EQ(scheduler_.in_flight(), 0);
}

TEST_F(PartsTest, OfAGroupMakeNoRoomAmongTheCounted) {
  const auto part_of_group = [&] { return Start({.group = "g", .part_of = TaskId{}}, Steps("part", 1)); };
  const TaskId first = part_of_group();
  const TaskId newer = Start({.kind = "test", .title = "newer", .group = "g"}, Steps("newer", 1));
  EXPECT_EQ(End(first).state, TaskState::kCancelled);
  const TaskId last = part_of_group();
  EXPECT_EQ(End(newer).state, TaskState::kCancelled);
  for (int i = 0; i < 8; ++i) Start("a", 1);
  const Result<TaskId> refused = scheduler_.Start({.kind = "test", .title = "b", .group = "g"}, Steps("b", 1), Note());
  EXPECT_EQ(refused.status().code(), StatusCode::kBusy);
  RunAll();
  EXPECT_EQ(End(last).state, TaskState::kDone) << "what is refused takes no place";
}

TEST_F(PartsTest, AnOwnerMayEndOrResumeItsTaskWhenItIsAskedToPause) {
  TaskId ends;
  ends = scheduler_
             .Adopt({.kind = "index", .title = "Indexing"},
                    {.pause = [&] { scheduler_.Finish(ends, OkStatus()); }, .resume = [] {}}, Note())
             .value();
  EXPECT_TRUE(scheduler_.Pause(ends).ok());
  EXPECT_EQ(End(ends).state, TaskState::kDone);
  EXPECT_EQ(StateOf(ends), TaskState::kDone);
  TaskId resumes;
  resumes = scheduler_
                .Adopt({.kind = "index", .title = "Indexing"},
                       {.pause = [&] { EXPECT_TRUE(scheduler_.Resume(resumes).ok()); }, .resume = [] {}}, Note())
                .value();
  const TaskId part = Part(resumes, "part");
  EXPECT_TRUE(scheduler_.Pause(resumes).ok());
  EXPECT_EQ(StateOf(resumes), TaskState::kRunning);
  RunAll();
  EXPECT_EQ(End(part).state, TaskState::kDone);
}

TEST_F(PartsTest, ShutdownWaitsForTheirBatches) {
  const TaskId whole = scheduler_.Adopt({.kind = "export", .title = "Exporting"}, {}, Note()).value();
  const TaskId running = Part(whole, "running");
  executor_.RunOne();
  bool shut = false;
  scheduler_.Shutdown([&] { shut = true; });
  EXPECT_TRUE(ended_[whole].empty());
  RunAll();
  EXPECT_TRUE(shut);
  EXPECT_EQ(End(running).state, TaskState::kCancelled);
  EXPECT_EQ(End(whole).state, TaskState::kCancelled);
}

}  // namespace
}  // namespace lodestone
