// What people see of the engine's work and how they steer it.

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/engine/engine_fixture.h"

namespace lodestone {
namespace {

using protocol::TaskAction;
using protocol::TaskEntry;

class TasksTest : public EngineTest {
 protected:
  // Of this kind, as the page is told now.
  std::vector<TaskEntry> Tasks(const std::string& kind) {
    std::vector<TaskEntry> tasks = State().tasks;
    std::erase_if(tasks, [&](const TaskEntry& task) { return task.kind != kind; });
    return tasks;
  }
  RequestId PostMany(int count) {
    protocol::AddFiles request;
    for (int i = 0; i < count; ++i) request.files.push_back(Entry("many/" + std::to_string(i) + ".txt", "A lantern."));
    return Post(request);
  }
  // Both threads are taken until the promise is kept.
  std::promise<void> HoldThreads() {
    std::promise<void> release;
    const std::shared_future<void> released = release.get_future().share();
    auto held = std::make_shared<std::atomic<int>>(0);
    for (int i = 0; i < 2; ++i) {
      compute_->Post(Priority::kInteractive, [held, released] {
        ++*held;
        released.wait();
      });
    }
    EXPECT_TRUE(loop_.RunUntil([&] { return *held == 2; }, 30000));
    return release;
  }
  // So many files are read and wait to be cut.
  void UntilRead(uint32_t count) {
    ASSERT_TRUE(loop_.RunUntil([&] { return State().running == count; }, 30000));
    bool read = false;
    loop_.Post(Priority::kBackground, [&] { read = true; });  // behind the last reads
    ASSERT_TRUE(loop_.RunUntil([&] { return read; }, 30000));
  }
  void Pause() { Ask<protocol::Ack>(protocol::SetPaused{.paused = true}); }
  void Resume() { Ask<protocol::Ack>(protocol::SetPaused{.paused = false}); }
  std::vector<TaskEntry> Ended() { return State().ended_tasks; }
  // The kinds of tasks that the page was asked to begin anew.
  std::vector<std::string> RestartsWanted() const {
    std::vector<std::string> kinds;
    for (const auto& sent : sent_) {
      if (sent.type == protocol::MessageType::kRestartWanted) kinds.push_back(protocol::Decode<protocol::RestartWanted>(sent.bytes).value().kind);
    }
    return kinds;
  }
  // Whether the latest of the events that were sent so far tells of tasks.
  bool TasksTold() const {
    for (auto sent = sent_.rbegin(); sent != sent_.rend(); ++sent) {
      if (sent->type != protocol::MessageType::kStateChanged) continue;
      return !protocol::Decode<protocol::StateChanged>(sent->bytes).value().state.tasks.empty();
    }
    return false;
  }
};

TEST_F(TasksTest, IndexingIsATaskThatIsPausedAndResumed) {
  LoadModel();
  WaitIdle();
  EXPECT_TRUE(State().tasks.empty());
  const RequestId add = PostMany(20);
  ASSERT_EQ(Tasks("index").size(), 1u);
  const TaskEntry task = Tasks("index")[0];
  EXPECT_EQ(task.state, protocol::TaskState::kRunning);
  EXPECT_EQ(task.total, 20u);
  EXPECT_TRUE(task.can_pause && task.can_cancel);
  EXPECT_FALSE(task.can_restart);
  Ask<protocol::Ack>(protocol::ControlTask{task.task, TaskAction::kPause});
  EXPECT_TRUE(State().paused);
  EXPECT_EQ(Tasks("index")[0].state, protocol::TaskState::kPaused);
  Ask<protocol::Ack>(protocol::ControlTask{task.task, TaskAction::kResume});
  EXPECT_FALSE(State().paused);
  EXPECT_EQ(protocol::Decode<protocol::AddFilesReply>(Wait(add).bytes).value().added, 20u);
  WaitIdle();
  EXPECT_EQ(AskForError(protocol::ControlTask{task.task, TaskAction::kPause}).code, "kNotFound") << "it is done";
  EXPECT_FALSE(State().paused);
  EXPECT_TRUE(State().tasks.empty());
}

TEST_F(TasksTest, APauseByRequestShowsInTheTask) {
  LoadModel();
  Pause();
  const RequestId add = PostMany(3);
  EXPECT_EQ(Tasks("index").at(0).state, protocol::TaskState::kPaused);
  Resume();
  EXPECT_EQ(Tasks("index").at(0).state, protocol::TaskState::kRunning);
  Wait(add);
}

TEST_F(TasksTest, ACancelledTaskEndsItsRequestAndIsGone) {
  LoadModel();
  Pause();
  const RequestId add = PostMany(50);
  const TaskEntry task = Tasks("index").at(0);
  Ask<protocol::Ack>(protocol::ControlTask{task.task, TaskAction::kCancel});
  EXPECT_EQ(ErrorOf(Wait(add)).code, "kCancelled");
  EXPECT_TRUE(State().tasks.empty());
  EXPECT_EQ(ResponseCount(add), 1u);
  EXPECT_EQ(AskForError(protocol::ControlTask{task.task, TaskAction::kPause}).code, "kNotFound");
  EXPECT_EQ(AskForError(protocol::ControlTask{0, TaskAction::kCancel}).code, "kNotFound");
  // The next run is another task.
  Resume();
  WaitIdle();
  const RequestId again = PostMany(2);
  EXPECT_NE(Tasks("index").at(0).task, task.task);
  Wait(again);
}

TEST_F(TasksTest, ACancelledRunCanBeBegunAnewOrDismissed) {
  LoadModel();
  Pause();
  const auto cancel = [this](int count) {
    const RequestId add = PostMany(count);
    Ask<protocol::Ack>(protocol::ControlTask{Tasks("index").at(0).task, TaskAction::kCancel});
    Wait(add);
    return Ended();
  };
  const std::vector<TaskEntry> first = cancel(5);
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].kind, "index");
  EXPECT_EQ(first[0].state, protocol::TaskState::kCancelled);
  EXPECT_TRUE(first[0].can_restart);
  EXPECT_FALSE(first[0].can_cancel || first[0].can_pause);
  Ask<protocol::Ack>(protocol::ControlTask{first[0].task, TaskAction::kRestart});
  EXPECT_EQ(RestartsWanted(), std::vector<std::string>{"index"}) << "the files are the page's";
  EXPECT_TRUE(Ended().empty());
  EXPECT_EQ(AskForError(protocol::ControlTask{first[0].task, TaskAction::kRestart}).code, "kNotFound");

  const std::vector<TaskEntry> second = cancel(6);
  ASSERT_EQ(second.size(), 1u);
  Ask<protocol::Ack>(protocol::ControlTask{second[0].task, TaskAction::kDismiss});
  EXPECT_TRUE(Ended().empty());
  EXPECT_EQ(cancel(7).size(), 1u);
  Resume();
  Wait(PostMany(2));
  EXPECT_TRUE(Ended().empty()) << "a newer run took its place";
  EXPECT_EQ(RestartsWanted().size(), 1u);
}

TEST_F(TasksTest, WhatAWalkSendsAfterItsRunWasCancelledIsNotTaken) {
  LoadModel();
  Pause();
  const RequestId add = PostMany(5);
  Ask<protocol::Ack>(protocol::ControlTask{Tasks("index").at(0).task, TaskAction::kCancel});
  Wait(add);
  Resume();
  EXPECT_EQ(AskForError(protocol::AddFiles{.files = {Entry("late.txt", "A lantern.")}, .continues = true}).code, "kCancelled");
  EXPECT_EQ(Ended().size(), 1u) << "the late one is no run of its own";
  EXPECT_TRUE(State().tasks.empty());
  Wait(Post(protocol::AddFiles{.files = {Entry("other.txt", "A violin.")}}));
  Wait(Post(protocol::AddFiles{.files = {Entry("more.txt", "A whale.")}, .continues = true}));
  WaitIdle();
  EXPECT_EQ(State().documents, 2u);
}

TEST_F(TasksTest, ARunThatBeginsWhileACancelledOneEndsIsItsOwn) {
  LoadModel();
  WaitIdle();
  std::promise<void> release = HoldThreads();
  const RequestId first = PostMany(20);
  UntilRead(20);
  const uint32_t cancelled = Tasks("index").at(0).task;
  Ask<protocol::Ack>(protocol::ControlTask{cancelled, TaskAction::kCancel});
  const RequestId second = Post(protocol::AddFiles{.files = {Entry("kept.txt", "A violin.")}});
  EXPECT_NE(Tasks("index").at(0).task, cancelled);
  release.set_value();
  EXPECT_EQ(ErrorOf(Wait(first)).code, "kCancelled");
  EXPECT_EQ(protocol::Decode<protocol::AddFilesReply>(Wait(second).bytes).value().added, 1u);
  WaitIdle();
  EXPECT_TRUE(State().tasks.empty());
  EXPECT_TRUE(Ended().empty()) << "it is done, and took the cancelled one's place";
}

TEST_F(TasksTest, ASiteModelThatIsMissingBesideAPickedOneCanBeAskedForAgain) {
  Ask<protocol::SetModelReply>(LargerModelRequest());
  protocol::SetModel none;
  none.built_in = true;
  none.failure_code = "kUnavailable";
  none.failure = "The model could not be fetched.";
  AskForError(none);
  EXPECT_EQ(State().model_state, protocol::ModelState::kReady);
  ASSERT_EQ(Ended().size(), 1u);
  // Another pick is another matter.
  larger_inference_->fail_loads = true;
  AskForError(LargerModelRequest());
  ASSERT_EQ(Ended().size(), 1u);
  EXPECT_EQ(Ended()[0].message, none.failure);
}

TEST_F(TasksTest, ASiteModelThatCannotBeHadCanBeAskedForAgain) {
  protocol::SetModel none;
  none.built_in = true;
  none.failure_code = "kUnavailable";
  none.failure = "The model could not be fetched.";
  const protocol::ErrorReply error = AskForError(none);
  EXPECT_EQ(error.code, "kUnavailable");
  EXPECT_EQ(error.message, none.failure);
  EXPECT_EQ(State().model_state, protocol::ModelState::kFailed);
  std::vector<TaskEntry> ended = Ended();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].kind, "model");
  EXPECT_EQ(ended[0].state, protocol::TaskState::kFailed);
  EXPECT_EQ(ended[0].message, none.failure);
  Ask<protocol::Ack>(protocol::ControlTask{ended[0].task, TaskAction::kRestart});
  EXPECT_EQ(RestartsWanted(), std::vector<std::string>{"model"});
  LoadModel();
  WaitIdle();
  EXPECT_EQ(State().model_state, protocol::ModelState::kReady);
  EXPECT_TRUE(Ended().empty());
  // And one that was read, but whose weights are no model.
  inference_->fail_loads = true;
  EXPECT_EQ(AskForError(ModelRequest()).code, "kBadData");
  ended = Ended();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].state, protocol::TaskState::kFailed);
}

TEST_F(TasksTest, WhatWaitsForAThreadIsTakenBackByACancel) {
  LoadModel();
  WaitIdle();
  std::promise<void> release = HoldThreads();
  const RequestId add = PostMany(20);
  UntilRead(20);
  Ask<protocol::Ack>(protocol::ControlTask{Tasks("index").at(0).task, TaskAction::kCancel});
  EXPECT_EQ(ErrorOf(Wait(add)).code, "kCancelled");
  EXPECT_TRUE(State().tasks.empty()) << "nothing of it is left to run, though no thread has come free";
  EXPECT_EQ(State().running, 0u);
  release.set_value();
  WaitIdle();
  EXPECT_EQ(State().documents, 0u);
}

TEST_F(TasksTest, WhatWaitsForAThreadIsHeldByAPause) {
  LoadModel();
  WaitIdle();
  std::promise<void> release = HoldThreads();
  const RequestId add = PostMany(20);
  UntilRead(20);
  Pause();
  release.set_value();
  Search("lantern");  // of all that a thread had to do, this is done
  EXPECT_EQ(State().running, 20u);
  EXPECT_EQ(State().documents, 0u);
  Resume();
  EXPECT_EQ(protocol::Decode<protocol::AddFilesReply>(Wait(add).bytes).value().added, 20u);
}

TEST_F(TasksTest, OneRequestOfARunIsCancelledAlone) {
  LoadModel();
  WaitIdle();
  std::promise<void> release = HoldThreads();
  const RequestId first = PostMany(20);
  const RequestId second = Post(protocol::AddFiles{.files = {Entry("kept.txt", "A violin.")}});
  UntilRead(21);
  Cancel(first);
  EXPECT_EQ(ErrorOf(Wait(first)).code, "kCancelled");
  EXPECT_EQ(State().running, 1u);
  release.set_value();
  EXPECT_EQ(protocol::Decode<protocol::AddFilesReply>(Wait(second).bytes).value().added, 1u);
  WaitIdle();
  EXPECT_EQ(State().documents, 1u);
}

TEST_F(TasksTest, TheEventsTellOfTasksAndOfTheirEnd) {
  LoadModel();
  Pause();
  const RequestId add = PostMany(30);
  ASSERT_TRUE(loop_.RunUntil([&] { return TasksTold(); }, 30000));
  Resume();
  Wait(add);
  ASSERT_TRUE(loop_.RunUntil([&] { return !TasksTold(); }, 30000)) << "the end is told without being asked for";
}

TEST_F(TasksTest, ExportImportAndTheModelAreTasks) {
  const RequestId model = Post(ModelRequest());
  ASSERT_EQ(Tasks("model").size(), 1u);
  EXPECT_FALSE(Tasks("model")[0].can_cancel) << "without the site's model there is no search by meaning";
  EXPECT_EQ(AskForError(protocol::ControlTask{Tasks("model")[0].task, TaskAction::kCancel}).code, "kInvalidArgument");
  Wait(model);
  EXPECT_TRUE(Tasks("model").empty());
  Add({{"a.txt", "A lantern."}});
  const RequestId export_request = Post(protocol::Export{});
  EXPECT_TRUE(Tasks("export").at(0).can_cancel);
  EXPECT_FALSE(Tasks("export").at(0).can_pause);
  const auto made = protocol::Decode<protocol::ExportReply>(Wait(export_request).bytes).value();
  EXPECT_EQ(Tasks("export").at(0).done, made.size_bytes / 2) << "it is yet to be read";
  EXPECT_EQ(Tasks("export").at(0).total, made.size_bytes);
  Ask<protocol::ReadExportReply>(protocol::ReadExport{made.export_id, 0, 1u << 20});
  EXPECT_EQ(Tasks("export").at(0).done, made.size_bytes);
  Ask<protocol::Ack>(protocol::EndExport{made.export_id});
  EXPECT_TRUE(Tasks("export").empty());
  const RequestId import = Post(protocol::Import{.file_id = files_.Put("no library").value, .size_bytes = 10});
  EXPECT_EQ(Tasks("import").size(), 1u);
  EXPECT_FALSE(ErrorOf(Wait(import)).message.empty());
  EXPECT_TRUE(Tasks("import").empty());
}

TEST_F(TasksTest, APickedModelIsCancelledWhileItsWordsAreRead) {
  LoadModel();
  WaitIdle();
  std::promise<void> release = HoldThreads();
  const RequestId picked = Post(LargerModelRequest());
  ASSERT_EQ(Tasks("model").size(), 1u);
  Ask<protocol::Ack>(protocol::ControlTask{Tasks("model")[0].task, TaskAction::kCancel});
  EXPECT_EQ(ErrorOf(Wait(picked)).code, "kCancelled");
  EXPECT_TRUE(Tasks("model").empty());
  release.set_value();
  WaitIdle();
  EXPECT_EQ(ResponseCount(picked), 1u);
  EXPECT_EQ(State().model_state, protocol::ModelState::kReady);
  EXPECT_EQ(State().model_id, ModelRequest().id);
}

TEST_F(TasksTest, WhatWaitedForTheStoreLeavesItsRoomWhenItIsCancelled) {
  LoadModel();
  std::promise<void> release;
  storage_->Post(Priority::kInteractive, [released = release.get_future().share()] { released.wait(); });
  const RequestId many = PostMany(20);
  bool cut = false;  // all of them: the first are with the storage thread, the others wait for it
  ASSERT_TRUE(loop_.RunUntil([&] { return State().running == 20; }, 30000));
  for (int i = 0; i < 2; ++i) compute_->Post(Priority::kBackground, [&] { loop_.Post(Priority::kBackground, [&] { cut = true; }); });
  ASSERT_TRUE(loop_.RunUntil([&] { return cut; }, 30000));
  Cancel(many);  // the engine checks that nothing is left over
  EXPECT_EQ(ErrorOf(Wait(many)).code, "kCancelled");
  release.set_value();
  EXPECT_EQ(Add({{"a.txt", "A compass."}}).added, 1u);
}

TEST_F(TasksTest, APickedModelIsCancelledWhileItOpens) {
  LoadModel();
  Add({{"a.txt", "A lantern."}});
  larger_inference_->hold_loads = true;
  const RequestId picked = Post(LargerModelRequest());
  ASSERT_TRUE(loop_.RunUntil([&] { return larger_inference_->holds_load(); }, 30000));
  Cancel(picked);
  EXPECT_EQ(ErrorOf(Wait(picked)).code, "kCancelled");
  EXPECT_EQ(State().model_state, protocol::ModelState::kReady);
  // The next one waits until the runtime is through with it.
  larger_inference_->hold_loads = false;
  const RequestId next = Post(LargerModelRequest());
  larger_inference_->ReleaseLoad();
  EXPECT_EQ(Wait(next).type, protocol::MessageType::kSetModelReply);
  WaitIdle();
  EXPECT_EQ(ResponseCount(picked), 1u);
  EXPECT_EQ(State().model_id, "larger");
  EXPECT_EQ(State().embedded_passages, State().passages);
}

TEST_F(TasksTest, ACancelledModelLeavesThePickedOneThatWasThere) {
  LoadModel();
  Ask<protocol::SetModelReply>(LargerModelRequest());
  WaitIdle();
  std::promise<void> release = HoldThreads();
  protocol::SetModel other = LargerModelRequest();
  other.onnx_file_id = files_.Put("weights").value;
  const RequestId picked = Post(other);
  Cancel(picked);
  EXPECT_EQ(ErrorOf(Wait(picked)).code, "kCancelled");
  release.set_value();
  WaitIdle();
  EXPECT_EQ(State().model_id, "larger");
  EXPECT_EQ(State().model_state, protocol::ModelState::kReady);
}

TEST_F(TasksTest, TooManyAtOnceAreToldToComeBack) {
  LoadModel();
  WaitIdle();
  std::vector<RequestId> exports;
  for (int i = 0; i < 300; ++i) exports.push_back(Post(protocol::Export{}));
  EXPECT_EQ(State().tasks.size(), 64u) << "as many as a message holds";
  int busy = 0;
  for (const RequestId id : exports) {
    const Answer answer = Wait(id);
    if (answer.type == protocol::MessageType::kErrorReply) {
      busy += ErrorOf(answer).code == "kBusy";
    } else {
      Ask<protocol::Ack>(protocol::EndExport{protocol::Decode<protocol::ExportReply>(answer.bytes).value().export_id});
    }
    EXPECT_EQ(ResponseCount(id), 1u);
  }
  EXPECT_EQ(busy, 300 - 256);
  EXPECT_TRUE(State().tasks.empty());
}

}  // namespace
}  // namespace lodestone
