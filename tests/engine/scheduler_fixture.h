#pragma once

#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/scheduler.h"

namespace lodestone {

class FakeClock final : public Clock {
 public:
  double NowMs() const override { return now_ms; }
  int64_t WallMs() const override { return 0; }
  double now_ms = 1000;
};

// Turns when the test says so, at the test's time.
class FakeLoop final : public Loop {
 public:
  explicit FakeLoop(FakeClock* clock) : clock_(clock) {}
  void Post(Priority, Work work, const char*) override { queue_.push_back(std::move(work)); }
  void PostDelayed(double delay_ms, Work work, const char*) override {
    delayed_.emplace(clock_->now_ms + delay_ms, std::move(work));
  }
  void Turn() {
    while (!queue_.empty()) {
      const Work work = std::move(queue_.front());
      queue_.pop_front();
      work();
    }
  }
  void Advance(double ms) {
    const double until_ms = clock_->now_ms + ms;
    while (!delayed_.empty() && delayed_.begin()->first <= until_ms) {
      clock_->now_ms = delayed_.begin()->first;
      const Work work = std::move(delayed_.begin()->second);
      delayed_.erase(delayed_.begin());
      work();
      Turn();
    }
    clock_->now_ms = until_ms;
  }

 private:
  FakeClock* clock_;
  std::deque<Work> queue_;
  std::multimap<double, Work> delayed_;
};

// Threads that run what the test tells them to.
class FakeExecutor final : public Executor {
 public:
  explicit FakeExecutor(int threads) : threads_(threads) {}
  void Post(Priority priority, Work work, const char*) override {
    queues_[static_cast<size_t>(priority)].push_back(std::move(work));
  }
  int thread_count() const override { return threads_; }
  void SetActiveLimit(int count) override { active_limit = count; }
  bool InteractiveWaiting() const override { return !queues_[0].empty(); }
  void RunInteractive() override {}
  LagHistogram WaitTimes(Priority) const override { return {}; }
  void ForgetWaitTimes() override {}

  bool RunOne() {
    for (auto& queue : queues_) {
      if (queue.empty()) continue;
      const Work work = std::move(queue.front());
      queue.pop_front();
      work();
      return true;
    }
    return false;
  }
  void Drop() {
    for (auto& queue : queues_) queue.clear();
  }

  int active_limit = -1;

 private:
  int threads_;
  std::deque<Work> queues_[3];
};

class SchedulerTest : public ::testing::Test {
 protected:
  // A task of `batches` batches, each of which writes its name down.
  Scheduler::Factory Steps(std::string name, int batches) {
    return [this, name, batches] {
      return [this, name, batches, left = batches](TaskStep& step) mutable -> Result<TaskNext> {
        log_.push_back(name);
        --left;
        step.Report(static_cast<uint64_t>(batches - left), static_cast<uint64_t>(batches));
        return left > 0 ? TaskNext::kMore : TaskNext::kDone;
      };
    };
  }
  Scheduler::Ended Note() {
    return [this](const TaskInfo& info) { ended_[info.id].push_back(info); };
  }
  TaskId Start(TaskSpec spec, Scheduler::Factory factory) {
    const Result<TaskId> id = scheduler_.Start(std::move(spec), std::move(factory), Note());
    EXPECT_TRUE(id.ok()) << id.status().message();
    return id.ok() ? id.value() : TaskId{};
  }
  TaskId Start(std::string name, int batches, Priority priority = Priority::kBackground) {
    return Start({.kind = "test", .title = name, .priority = priority}, Steps(name, batches));
  }
  void RunAll() {
    do loop_.Turn();
    while (executor_.RunOne());
  }
  TaskState StateOf(TaskId id) {
    for (const auto& infos : {scheduler_.Live(), scheduler_.Recent()}) {
      for (const TaskInfo& info : infos) {
        if (info.id == id) return info.state;
      }
    }
    ADD_FAILURE() << "no task " << id.value;
    return TaskState::kFailed;
  }
  // Its one terminal event.
  TaskInfo End(TaskId id) {
    EXPECT_EQ(ended_[id].size(), 1u) << "of task " << id.value;
    return ended_[id].empty() ? TaskInfo{} : ended_[id][0];
  }

  FakeClock clock_;
  FakeLoop loop_{&clock_};
  FakeExecutor executor_{1};
  std::vector<std::string> log_;
  std::map<TaskId, std::vector<TaskInfo>> ended_;
  Scheduler scheduler_{&loop_, &executor_, &clock_, {.tasks = 8, .messages = 3}};
};

using Names = std::vector<std::string>;

}  // namespace lodestone
