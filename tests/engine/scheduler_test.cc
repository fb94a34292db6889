#include "tests/engine/scheduler_fixture.h"

namespace lodestone {
namespace {

TEST_F(SchedulerTest, RunsBatchByBatchAndEndsOnce) {
  const TaskId id = Start("a", 3);
  EXPECT_TRUE(log_.empty()) << "never inside Start";
  RunAll();
  EXPECT_EQ(log_, (Names{"a", "a", "a"}));
  const TaskInfo end = End(id);
  EXPECT_EQ(end.state, TaskState::kDone);
  EXPECT_EQ(end.done, 3u);
  EXPECT_EQ(end.total, 3u);
  EXPECT_FALSE(end.can_cancel);
  EXPECT_TRUE(scheduler_.idle());
  EXPECT_EQ(scheduler_.Cancel(id).code(), StatusCode::kNotFound);
  EXPECT_EQ(scheduler_.Pause(id).code(), StatusCode::kNotFound);
  RunAll();
  End(id);
}

TEST_F(SchedulerTest, UrgentWorkOvertakesBetweenBatchesAndEqualsTakeTurns) {
  Start("bulk", 3);
  Start("other", 2);
  executor_.RunOne();
  Start("seen", 1, Priority::kVisible);
  Start("query", 2, Priority::kInteractive);
  RunAll();
  EXPECT_EQ(log_, (Names{"bulk", "query", "query", "seen", "other", "bulk", "other", "bulk"}));
}

TEST_F(SchedulerTest, NothingRunsAfterACancelIsAcknowledged) {
  const TaskId id = Start("a", 3);
  executor_.RunOne();
  loop_.Turn();
  ASSERT_EQ(log_.size(), 1u);
  // Its next batch lies in the executor: it is taken back, and the answer is there at once.
  EXPECT_TRUE(scheduler_.Cancel(id).ok());
  EXPECT_EQ(End(id).state, TaskState::kCancelled);
  RunAll();
  EXPECT_EQ(log_.size(), 1u);
  End(id);
}

TEST_F(SchedulerTest, ABatchThatRunsIsWaitedFor) {
  TaskId id;
  id = Start({.kind = "test", .title = "a"}, [&] {
    return [&](TaskStep& step) -> Result<TaskNext> {
      EXPECT_FALSE(step.stopping());
      EXPECT_TRUE(scheduler_.Cancel(id).ok());
      EXPECT_TRUE(scheduler_.Cancel(id).ok()) << "twice is once";
      EXPECT_TRUE(step.stopping());
      EXPECT_TRUE(ended_[id].empty()) << "the batch still runs";
      return TaskNext::kDone;
    };
  });
  RunAll();
  EXPECT_EQ(End(id).state, TaskState::kCancelled);
}

TEST_F(SchedulerTest, FailureSaysWhy) {
  const TaskId id = Start({.kind = "test", .title = "a"}, [] {
    return [](TaskStep&) -> Result<TaskNext> { return Status(StatusCode::kBadData, "It is broken."); };
  });
  RunAll();
  EXPECT_EQ(End(id).state, TaskState::kFailed);
  EXPECT_EQ(End(id).status.message(), "It is broken.");
  EXPECT_TRUE(End(id).can_restart);
}

TEST_F(SchedulerTest, PauseHoldsBetweenBatchesAndResumeGoesOn) {
  const TaskId id = Start("a", 3);
  executor_.RunOne();
  EXPECT_TRUE(scheduler_.Pause(id).ok());
  RunAll();
  EXPECT_EQ(log_.size(), 1u);
  EXPECT_EQ(StateOf(id), TaskState::kPaused);
  const TaskId other = Start("b", 1);
  RunAll();
  EXPECT_EQ(End(other).state, TaskState::kDone) << "who pauses keeps nobody from running";
  EXPECT_TRUE(scheduler_.Resume(id).ok());
  RunAll();
  EXPECT_EQ(log_, (Names{"a", "b", "a", "a"}));
  EXPECT_EQ(End(id).state, TaskState::kDone);
}

TEST_F(SchedulerTest, APausedTaskCanBeCancelledAndTakesNoPlaceAmongTheRunning) {
  const TaskId id = Start("a", 3);
  EXPECT_TRUE(scheduler_.Pause(id).ok());
  EXPECT_EQ(StateOf(id), TaskState::kPaused) << "its batch came back from the executor's queue";
  EXPECT_TRUE(scheduler_.Cancel(id).ok());
  EXPECT_EQ(End(id).state, TaskState::kCancelled);
  RunAll();
  EXPECT_TRUE(log_.empty());
}

TEST_F(SchedulerTest, PauseAndResumeWhileABatchRunsLoseNoWakeUp) {
  TaskId id;
  int batches = 0;
  id = Start({.kind = "test", .title = "a"}, [&] {
    return [&](TaskStep&) -> Result<TaskNext> {
      EXPECT_TRUE(scheduler_.Pause(id).ok());
      EXPECT_TRUE(scheduler_.Resume(id).ok());
      return ++batches < 3 ? TaskNext::kMore : TaskNext::kDone;
    };
  });
  RunAll();
  EXPECT_EQ(batches, 3);
  EXPECT_EQ(End(id).state, TaskState::kDone);
}

TEST_F(SchedulerTest, ARestartBeginsAnewUnderOneTerminalEvent) {
  const TaskId id = Start("a", 2);
  executor_.RunOne();
  loop_.Turn();
  EXPECT_EQ(scheduler_.Restart(id).value(), id);
  RunAll();
  EXPECT_EQ(log_, (Names{"a", "a", "a"}));
  EXPECT_EQ(End(id).state, TaskState::kDone);
  EXPECT_EQ(scheduler_.Restart(id).status().code(), StatusCode::kInvalidArgument) << "it is done";
}

TEST_F(SchedulerTest, ARestartOfARunningBatchWaitsForIt) {
  TaskId id;
  int runs = 0;
  id = Start({.kind = "test", .title = "a"}, [&] {
    return [&, first = runs++ == 0](TaskStep& step) -> Result<TaskNext> {
      if (!first) return TaskNext::kDone;
      EXPECT_TRUE(scheduler_.Restart(id).ok());
      EXPECT_TRUE(step.stopping());
      return Status(StatusCode::kCancelled, "I was told to stop.");
    };
  });
  RunAll();
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(End(id).state, TaskState::kDone);
}

TEST_F(SchedulerTest, WhatIsSentAfterARestartIsForTheRunThatComes) {
  TaskId id;
  int runs = 0;
  Names heard;
  id = Start({.kind = "test", .title = "a"}, [&] {
    return [&, first = runs++ == 0](TaskStep& step) -> Result<TaskNext> {
      for (std::string& message : step.TakeMessages()) heard.push_back(std::move(message));
      if (!first) return heard.empty() ? TaskNext::kAwaitMessage : TaskNext::kDone;
      EXPECT_TRUE(scheduler_.Send(id, "before").ok());
      EXPECT_TRUE(scheduler_.Restart(id).ok());
      EXPECT_TRUE(step.stopping());
      EXPECT_TRUE(scheduler_.Send(id, "after").ok());
      step.Report(1, 2);
      return TaskNext::kMore;
    };
  });
  RunAll();
  EXPECT_EQ(heard, Names{"after"});
  EXPECT_EQ(End(id).state, TaskState::kDone);
  EXPECT_EQ(End(id).total, 0u) << "the former run's";
}

TEST_F(SchedulerTest, ARestartOfWhatIsPausedButMayNotBeginYetIsTold) {
  const TaskId before = Start("before", 1);
  const TaskId id = Start({.kind = "test", .title = "a", .after = {before}}, Steps("a", 1));
  EXPECT_TRUE(scheduler_.Pause(id).ok());
  int told = 0;
  scheduler_.on_changed = [&] { ++told; };
  EXPECT_TRUE(scheduler_.Restart(id).ok());
  EXPECT_EQ(StateOf(id), TaskState::kWaiting);
  EXPECT_GT(told, 0);
}

TEST_F(SchedulerTest, WhatFailedComesBackUnderANewId) {
  bool broken = true;
  const TaskId id = Start({.kind = "test", .title = "a"}, [&] {
    return [&](TaskStep&) -> Result<TaskNext> {
      if (broken) return Status(StatusCode::kBadData, "It is broken.");
      return TaskNext::kDone;
    };
  });
  RunAll();
  broken = false;
  const Result<TaskId> again = scheduler_.Restart(id);
  ASSERT_TRUE(again.ok());
  EXPECT_NE(again.value(), id);
  RunAll();
  EXPECT_EQ(End(id).state, TaskState::kFailed);
  EXPECT_EQ(End(again.value()).state, TaskState::kDone);
}

TEST_F(SchedulerTest, ADeadlineEndsWhatWaitsAndWhatRuns) {
  const TaskId late = Start({.kind = "test", .title = "late", .deadline_ms = 50}, Steps("late", 100));
  const TaskId held = Start({.kind = "test", .title = "held", .deadline_ms = 20}, Steps("held", 1));
  EXPECT_TRUE(scheduler_.Pause(held).ok());
  loop_.Advance(19);
  EXPECT_TRUE(ended_.empty());
  loop_.Advance(1);
  EXPECT_EQ(End(held).state, TaskState::kFailed);
  executor_.RunOne();
  loop_.Turn();
  loop_.Advance(30);
  EXPECT_EQ(End(late).state, TaskState::kFailed);
  EXPECT_EQ(End(late).status.code(), StatusCode::kUnavailable);
  RunAll();
  EXPECT_EQ(log_, Names{"late"});
  const TaskId quick = Start({.kind = "test", .title = "quick", .deadline_ms = 50}, Steps("quick", 1));
  RunAll();
  loop_.Advance(100);
  EXPECT_EQ(End(quick).state, TaskState::kDone);
}

TEST_F(SchedulerTest, ADeadlineThatIsThereAtOnceEndsItsTaskToo) {
  const TaskId id = Start({.kind = "test", .title = "a", .deadline_ms = 1e-20}, Steps("a", 1));
  EXPECT_TRUE(ended_.empty()) << "never inside Start";
  loop_.Advance(0);
  EXPECT_EQ(End(id).state, TaskState::kFailed);
  RunAll();
  EXPECT_TRUE(log_.empty());
}

TEST_F(SchedulerTest, TheNewestOfAGroupWins) {
  std::vector<TaskId> ids;
  for (int i = 0; i < 20; ++i) {
    ids.push_back(Start({.kind = "search", .title = "q", .priority = Priority::kInteractive, .group = "field"},
                        Steps("q" + std::to_string(i), 1)));
  }
  const TaskId other = Start({.kind = "search", .title = "q", .group = "elsewhere"}, Steps("other", 1));
  EXPECT_EQ(scheduler_.Start({.kind = "search", .title = "q", .group = "elsewhere", .after = {other}}, Steps("x", 1), Note())
                .status()
                .code(),
            StatusCode::kInvalidArgument);
  RunAll();
  EXPECT_EQ(log_, (Names{"q19", "other"}));
  for (size_t i = 0; i + 1 < ids.size(); ++i) EXPECT_EQ(End(ids[i]).state, TaskState::kCancelled);
  EXPECT_EQ(End(ids.back()).state, TaskState::kDone);
  End(other);
}

TEST_F(SchedulerTest, NoneFollowsWhatFallsWithThoseWhosePlaceItTakes) {
  const TaskId older = Start({.kind = "search", .title = "older", .group = "field"}, Steps("older", 1));
  const TaskId between = Start({.kind = "test", .title = "between", .after = {older}}, Steps("between", 1));
  const Result<TaskId> refused =
      scheduler_.Start({.kind = "search", .title = "newer", .group = "field", .after = {between}}, Steps("newer", 1), Note());
  EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument);
  RunAll();
  EXPECT_EQ(log_, (Names{"older", "between"})) << "what is refused takes no place";
  for (const TaskId id : {older, between}) EXPECT_EQ(End(id).state, TaskState::kDone);
  EXPECT_EQ(ended_.size(), 2u);
}

TEST_F(SchedulerTest, WhatAnotherOwnersEndCancelsIsNotFollowed) {
  const TaskId before = Start("before", 1);
  const Result<TaskId> older = scheduler_.Start({.kind = "search", .title = "older", .group = "field"}, Steps("older", 1),
                                                [&](const TaskInfo&) { EXPECT_TRUE(scheduler_.Cancel(before).ok()); });
  EXPECT_TRUE(older.ok());
  const Result<TaskId> newer =
      scheduler_.Start({.kind = "search", .title = "newer", .group = "field", .after = {before}}, Steps("newer", 1), Note());
  EXPECT_EQ(newer.status().code(), StatusCode::kNotFound);
  RunAll();
  EXPECT_TRUE(log_.empty());
  EXPECT_EQ(ended_.size(), 1u) << "of the one that it was to follow";
  EXPECT_TRUE(scheduler_.idle());
}

TEST_F(SchedulerTest, AShutdownAtTheEndOfWhatIsReplacedRefusesTheNewer) {
  bool shut = false;
  const auto shut_down = [&](const TaskInfo&) { scheduler_.Shutdown([&] { shut = true; }); };
  EXPECT_TRUE(scheduler_.Start({.kind = "search", .title = "older", .group = "field"}, Steps("older", 1), shut_down).ok());
  const Result<TaskId> newer =
      scheduler_.Start({.kind = "search", .title = "newer", .group = "field"}, Steps("newer", 1), Note());
  EXPECT_EQ(newer.status().code(), StatusCode::kUnavailable);
  RunAll();
  EXPECT_TRUE(shut);
  EXPECT_TRUE(log_.empty());
  EXPECT_TRUE(ended_.empty());
}

TEST_F(SchedulerTest, WhatDoesNotGoMakesNoRoom) {
  // Neither those that outlast a newer one nor those that are on their way out already.
  for (const auto& cancel : {std::function<void()>(), std::function<void()>([] {})}) {
    std::vector<TaskId> taken;
    for (int i = 0; i < 30; ++i) {
      const Result<TaskId> id = scheduler_.Adopt({.kind = "test", .title = "a", .group = "g"}, {.cancel = cancel}, Note());
      if (id.ok()) taken.push_back(id.value());
      else EXPECT_EQ(id.status().code(), StatusCode::kBusy);
    }
    EXPECT_LE(taken.size(), 9u);
    EXPECT_GE(taken.size(), 8u);
    for (const TaskId id : taken) scheduler_.Finish(id, OkStatus());
  }
}

TEST_F(SchedulerTest, AFullQueueSaysSoAndTakesAgainLater) {
  for (int i = 0; i < 8; ++i) Start("a", 1);
  const Result<TaskId> refused = scheduler_.Start({.kind = "test", .title = "b"}, Steps("b", 1), Note());
  EXPECT_EQ(refused.status().code(), StatusCode::kBusy);
  EXPECT_EQ(scheduler_.Adopt({.kind = "test", .title = "c"}, {}).status().code(), StatusCode::kBusy);
  RunAll();
  EXPECT_EQ(ended_.size(), 8u) << "what was refused has no terminal event";
  Start("b", 1);
  RunAll();
  EXPECT_EQ(log_.back(), "b");
}

TEST_F(SchedulerTest, WhatFollowsWaitsForAll) {
  const TaskId parse = Start("parse", 2);
  const TaskId load = Start("load", 3);
  const TaskId embed =
      Start({.kind = "test", .title = "embed", .priority = Priority::kInteractive, .after = {parse, load}}, Steps("embed", 1));
  RunAll();
  EXPECT_EQ(log_.back(), "embed");
  EXPECT_EQ(log_.size(), 6u);
  EXPECT_EQ(End(embed).state, TaskState::kDone);
  const TaskId late = Start({.kind = "test", .title = "late", .after = {parse}}, Steps("late", 1));
  RunAll();
  EXPECT_EQ(End(late).state, TaskState::kDone) << "that was done already";
}

TEST_F(SchedulerTest, WhatFollowsSomethingThatEndsBadlyIsDroppedAndSaysSo) {
  const TaskId parse = Start("parse", 2);
  const TaskId embed = Start({.kind = "test", .title = "embed", .after = {parse}}, Steps("embed", 1));
  const TaskId tell = Start({.kind = "test", .title = "tell", .after = {embed}}, Steps("tell", 1));
  EXPECT_TRUE(scheduler_.Cancel(parse).ok());
  RunAll();
  EXPECT_TRUE(log_.empty());
  EXPECT_EQ(End(embed).state, TaskState::kCancelled);
  EXPECT_EQ(End(tell).state, TaskState::kCancelled);
  EXPECT_FALSE(End(tell).status.message().empty());
  EXPECT_EQ(scheduler_.Start({.kind = "test", .title = "x", .after = {parse}}, Steps("x", 1), Note()).status().code(),
            StatusCode::kNotFound);
}

TEST_F(SchedulerTest, MessagesReachARunningTaskInOrderAndWakeIt) {
  Names heard;
  const TaskId id = Start({.kind = "test", .title = "a"}, [&] {
    return [&](TaskStep& step) -> Result<TaskNext> {
      for (std::string& message : step.TakeMessages()) heard.push_back(std::move(message));
      return !heard.empty() && heard.back() == "end" ? TaskNext::kDone : TaskNext::kAwaitMessage;
    };
  });
  RunAll();
  EXPECT_EQ(StateOf(id), TaskState::kWaiting);
  EXPECT_FALSE(executor_.RunOne()) << "a task that waits costs nothing";
  for (const char* message : {"one", "two", "three"}) EXPECT_TRUE(scheduler_.Send(id, message).ok());
  EXPECT_EQ(scheduler_.Send(id, "four").code(), StatusCode::kBusy);
  RunAll();
  EXPECT_TRUE(scheduler_.Pause(id).ok());
  EXPECT_TRUE(scheduler_.Send(id, "end").ok());
  RunAll();
  EXPECT_EQ(heard.back(), "three") << "paused";
  EXPECT_TRUE(scheduler_.Resume(id).ok());
  RunAll();
  EXPECT_EQ(heard, (Names{"one", "two", "three", "end"}));
  EXPECT_EQ(End(id).state, TaskState::kDone);
  EXPECT_EQ(scheduler_.Send(id, "late").code(), StatusCode::kNotFound);
}

TEST_F(SchedulerTest, AMessageThatComesWhileABatchRunsIsNoLostWakeUp) {
  TaskId id;
  int batches = 0;
  id = Start({.kind = "test", .title = "a"}, [&] {
    return [&](TaskStep& step) -> Result<TaskNext> {
      const Names messages = step.TakeMessages();
      if (++batches == 1) EXPECT_TRUE(scheduler_.Send(id, "now").ok());
      return messages.empty() ? TaskNext::kAwaitMessage : TaskNext::kDone;
    };
  });
  RunAll();
  EXPECT_EQ(batches, 2);
  EXPECT_EQ(End(id).state, TaskState::kDone);
}

TEST_F(SchedulerTest, AnAdoptedTaskIsItsOwners) {
  Names asked;
  TaskId id;
  const Result<TaskId> adopted = scheduler_.Adopt({.kind = "add", .title = "Adding"},
                                                  {.cancel = [&] { asked.push_back("cancel"); },
                                                   .pause = [&] { asked.push_back("pause"); },
                                                   .resume = [&] { asked.push_back("resume"); }},
                                                  Note());
  ASSERT_TRUE(adopted.ok());
  id = adopted.value();
  scheduler_.Report(id, 3, 10);
  ASSERT_EQ(scheduler_.Live().size(), 1u);
  EXPECT_EQ(scheduler_.Live()[0].done, 3u);
  EXPECT_TRUE(scheduler_.Live()[0].can_pause);
  EXPECT_FALSE(scheduler_.Live()[0].can_restart);
  EXPECT_TRUE(scheduler_.Pause(id).ok());
  EXPECT_TRUE(scheduler_.Pause(id).ok());
  EXPECT_EQ(StateOf(id), TaskState::kPaused);
  EXPECT_TRUE(scheduler_.Resume(id).ok());
  EXPECT_EQ(StateOf(id), TaskState::kRunning);
  EXPECT_TRUE(scheduler_.Cancel(id).ok());
  EXPECT_TRUE(scheduler_.Cancel(id).ok());
  EXPECT_EQ(asked, (Names{"pause", "resume", "cancel", "cancel"}));
  EXPECT_TRUE(ended_[id].empty()) << "the owner says when it has stopped";
  scheduler_.Finish(id, OkStatus());
  EXPECT_EQ(End(id).state, TaskState::kCancelled);
  scheduler_.Report(id, 5, 10);
  End(id);
  const TaskId stiff = scheduler_.Adopt({.kind = "export", .title = "Exporting"}, {}, Note()).value();
  EXPECT_EQ(scheduler_.Cancel(stiff).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(scheduler_.Pause(stiff).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(scheduler_.Restart(stiff).status().code(), StatusCode::kInvalidArgument);
  scheduler_.Finish(stiff, OkStatus());
  EXPECT_EQ(End(stiff).state, TaskState::kDone);
}

TEST_F(SchedulerTest, AnOwnerBeginsAnewWhatFailedOrWasCancelled) {
  int restarts = 0;
  const auto adopt = [&](const std::string& kind) {
    return scheduler_.Adopt({.kind = kind, .title = "Adding"}, {.cancel = [] {}, .restart = [&](TaskId) { ++restarts; }}, Note()).value();
  };
  const auto ended = [&] {
    std::vector<TaskId> ids;
    for (const TaskInfo& info : scheduler_.Recent()) {
      if (info.can_restart) ids.push_back(info.id);
    }
    return ids;
  };
  const TaskId failed = adopt("add");
  EXPECT_FALSE(scheduler_.Live()[0].can_restart) << "while it runs";
  EXPECT_EQ(scheduler_.Restart(failed).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(scheduler_.Dismiss(failed).code(), StatusCode::kNotFound);
  scheduler_.Finish(failed, Status(StatusCode::kBadData, "It is broken."));
  EXPECT_EQ(ended(), std::vector{failed});
  EXPECT_EQ(scheduler_.Restart(failed).value(), TaskId{});
  EXPECT_EQ(restarts, 1);
  EXPECT_EQ(scheduler_.Restart(failed).status().code(), StatusCode::kNotFound) << "once is enough";

  const TaskId cancelled = adopt("add");
  const TaskId other = adopt("build");
  for (const TaskId id : {cancelled, other}) {
    EXPECT_TRUE(scheduler_.Cancel(id).ok());
    scheduler_.Finish(id, OkStatus());
  }
  EXPECT_EQ(ended(), (std::vector{cancelled, other}));
  EXPECT_TRUE(scheduler_.Dismiss(other).ok());
  EXPECT_EQ(scheduler_.Dismiss(other).code(), StatusCode::kNotFound);
  const TaskId elsewhere = scheduler_.Adopt({.kind = "add", .title = "Adding", .subject = "elsewhere"}, {}, Note()).value();
  EXPECT_EQ(ended(), std::vector{cancelled}) << "that is about something else";
  scheduler_.Finish(elsewhere, OkStatus());
  for (int i = 0; i < 40; ++i) {
    Start("done", 1);
    RunAll();
  }
  EXPECT_EQ(ended(), std::vector{cancelled}) << "what can be restarted is not forgotten for what is done";
  const TaskId newer = adopt("add");
  EXPECT_TRUE(ended().empty()) << "a newer one of its kind is at it";
  scheduler_.Finish(newer, OkStatus());
  EXPECT_TRUE(ended().empty()) << "it is done";
  EXPECT_EQ(scheduler_.Dismiss(newer).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(restarts, 1);
}

TEST_F(SchedulerTest, AnOwnerMayFinishWhenItIsAskedTo) {
  TaskId id;
  id = scheduler_
           .Adopt({.kind = "add", .title = "Adding"},
                  {.cancel = [&] { scheduler_.Finish(id, Status(StatusCode::kCancelled, "Stopped.")); }}, Note())
           .value();
  EXPECT_TRUE(scheduler_.Cancel(id).ok());
  EXPECT_EQ(End(id).state, TaskState::kCancelled);
}

TEST_F(SchedulerTest, VisibleWorkBeginsThoughTheBackgroundHasAllThreads) {
  const TaskId whole = scheduler_.Adopt({.kind = "test", .title = "whole"}, {}).value();
  for (int i = 0; i < Scheduler::kBatchesPerThread + 3; ++i) {
    Start({.kind = "test", .title = "bulk", .part_of = whole}, Steps("bulk", 1));
  }
  EXPECT_EQ(scheduler_.in_flight(), Scheduler::kBatchesPerThread);
  Start("seen", 1, Priority::kVisible);
  EXPECT_EQ(scheduler_.in_flight(), Scheduler::kBatchesPerThread + 1);
  executor_.RunOne();
  EXPECT_EQ(log_, Names{"seen"});
  RunAll();
}

TEST_F(SchedulerTest, WhatTheThreadsAreTooBusyForBeginsWhenAnythingComesBack) {
  const auto start_all = [&](const Scheduler::Factory& factory) {
    std::vector<TaskId> ids;
    for (int i = 0; i < Scheduler::kBatchesPerThread; ++i) ids.push_back(Start({.part_of = TaskId{}}, factory));
    return ids;
  };
  const auto start_last = [&](const char* name) { return Start({.part_of = TaskId{}}, Steps(name, 1)); };
  // Done, waiting for a message, cancelled, paused: each makes room.
  start_all(Steps("a", 1));
  const TaskId after_done = start_last("last");
  RunAll();
  EXPECT_EQ(End(after_done).state, TaskState::kDone);
  const auto listen = [] {
    return [](TaskStep& step) -> Result<TaskNext> {
      (void)step.TakeMessages();
      return TaskNext::kAwaitMessage;
    };
  };
  std::vector<TaskId> listening = start_all(listen);
  const TaskId after_waiting = start_last("last");
  RunAll();
  EXPECT_EQ(End(after_waiting).state, TaskState::kDone);
  for (const TaskId id : listening) EXPECT_TRUE(scheduler_.Send(id, "m").ok());
  const TaskId after_cancel = start_last("after cancel");
  const TaskId after_pause = start_last("after pause");
  EXPECT_EQ(scheduler_.in_flight(), Scheduler::kBatchesPerThread);
  EXPECT_TRUE(scheduler_.Cancel(listening[0]).ok());
  EXPECT_EQ(scheduler_.in_flight(), Scheduler::kBatchesPerThread);
  EXPECT_TRUE(scheduler_.Pause(listening[1]).ok());
  EXPECT_EQ(scheduler_.in_flight(), Scheduler::kBatchesPerThread);
  RunAll();
  for (const TaskId id : {after_cancel, after_pause}) EXPECT_EQ(End(id).state, TaskState::kDone);
  for (const TaskId id : listening) (void)scheduler_.Cancel(id);
  EXPECT_TRUE(scheduler_.idle());
}

TEST_F(SchedulerTest, DroppedWorkIsReported) {
  const TaskId id = Start("a", 2);
  executor_.Drop();
  RunAll();
  EXPECT_EQ(End(id).state, TaskState::kCancelled);
  EXPECT_TRUE(log_.empty());
}

TEST_F(SchedulerTest, ShutdownEndsAllAndTakesNothingOn) {
  const TaskId running = Start("a", 5);
  executor_.RunOne();
  const TaskId waiting = Start("b", 1);
  const TaskId stiff = scheduler_.Adopt({.kind = "export", .title = "Exporting"}, {}, Note()).value();
  bool shut = false;
  scheduler_.Shutdown([&] { shut = true; });
  EXPECT_EQ(End(waiting).state, TaskState::kCancelled);
  EXPECT_EQ(End(stiff).state, TaskState::kCancelled);
  EXPECT_TRUE(ended_[running].empty()) << "its batch is not back";
  EXPECT_FALSE(shut);
  EXPECT_EQ(scheduler_.Start({.kind = "test", .title = "c"}, Steps("c", 1), Note()).status().code(), StatusCode::kUnavailable);
  RunAll();
  EXPECT_TRUE(shut);
  EXPECT_EQ(End(running).state, TaskState::kCancelled);
  EXPECT_EQ(log_, Names{"a"});
}

TEST_F(SchedulerTest, AnEndMaySetOffOthers) {
  TaskId second;
  const TaskId first = scheduler_
                           .Start({.kind = "test", .title = "first"}, Steps("first", 1),
                                  [&](const TaskInfo&) {
                                    second = Start("second", 1);
                                    EXPECT_EQ(scheduler_.Cancel(second).code(), StatusCode::kOk);
                                    Start("third", 1);
                                  })
                           .value();
  (void)first;
  RunAll();
  EXPECT_EQ(log_, (Names{"first", "third"}));
  EXPECT_EQ(End(second).state, TaskState::kCancelled);
}

TEST(Scheduler, ItsOwnEndIsTheTerminalEventOfWhatIsLeft) {
  FakeClock clock;
  FakeLoop loop(&clock);
  int ended = 0;
  {
    FakeExecutor executor(2);
    Scheduler scheduler(&loop, &executor, &clock);
    for (int i = 0; i < 5; ++i) {
      EXPECT_TRUE(scheduler
                      .Start({.kind = "test", .title = "a"},
                             [] { return [](TaskStep&) -> Result<TaskNext> { return TaskNext::kMore; }; },
                             [&](const TaskInfo& info) {
                               EXPECT_EQ(info.state, TaskState::kCancelled);
                               ++ended;
                             })
                      .ok());
    }
    executor.RunOne();
  }
  EXPECT_EQ(ended, 5);
  loop.Turn();  // what lands late finds nobody, and does no harm
  EXPECT_EQ(ended, 5);
}

}  // namespace
}  // namespace lodestone
