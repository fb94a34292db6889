#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "engine/engine.h"
#include "platform/inline_executor.h"
#include "platform/run_loop.h"
#include "platform/thread_pool.h"
#include "protocol/messages.h"
#include "tests/store/store_fixture.h"

namespace lodestone {

// Files in memory, as a page would hand them over.
class FakeFiles final : public FileSource {
 public:
  explicit FakeFiles(Loop* loop) : loop_(loop) {}
  FileId Put(std::string bytes) {
    files_.push_back(std::move(bytes));
    return FileId{static_cast<uint32_t>(files_.size())};
  }
  // The file goes away, as when its folder is deleted half way.
  void Vanish(FileId file) { gone_.push_back(file); }
  void Read(FileId file, uint64_t offset, uint32_t size_bytes, ReadDone done) override;
  void Release(FileId file) override { released.push_back(file); }

  std::vector<FileId> released;

 private:
  Loop* loop_;
  std::vector<std::string> files_;
  std::vector<FileId> gone_;
};

// A model without weights: a text's vector is the sum of a fixed pseudo-random vector per token, so
// texts with the same words are near each other. Runs on threads of its own, like the real one.
class FakeInference final : public InferenceHost {
 public:
  FakeInference(Loop* loop, int lanes, uint32_t dimension) : loop_(loop), lanes_(lanes), dimension_(dimension), pool_(lanes) {}
  int lane_count() const override { return lanes_; }
  void Prepare(const ModelSource& source) override { prepared.push_back(source.onnx_url); }
  void Load(const ModelSource& source, LoadDone done) override;
  void OpenLane(int lane, LoadDone done) override;
  void Run(int lane, InferenceBatch* batch, RunDone done) override;
  void Close() override { ++closes; }

  int closes = 0;
  std::vector<std::string> prepared;
  bool fail_loads = false;
  bool hold_loads = false;  // a model opens at ReleaseLoad()
  bool fail_runs = false;
  bool hold_runs = false;        // batches wait until ReleaseRuns()
  int runs_before_hold = 0;      // so many of them do not
  bool hold_further_lanes = false;  // only those that are not in the lane of the queries
  int batches = 0;
  uint64_t padded_tokens = 0;
  uint64_t real_tokens = 0;
  void ReleaseRuns();
  bool holds_load() const { return held_load_ != nullptr; }
  void ReleaseLoad() { std::exchange(held_load_, nullptr)(); }

 private:
  Loop* loop_;
  int lanes_;
  uint32_t dimension_;
  std::vector<std::pair<InferenceBatch*, RunDone>> held_;
  std::function<void()> held_load_;
  ThreadPool pool_;
};

struct Answer {
  protocol::MessageType type;
  std::string bytes;
};

// A whole engine, driven by the bytes of the protocol alone.
class EngineTest : public ::testing::Test {
 protected:
  explicit EngineTest(bool threads = true);
  ~EngineTest() override;

  template <typename Request>
  RequestId Post(const Request& request) {
    const RequestId id{++last_id_};
    engine_->OnMessage(MessageKind::kRequest, protocol::MessageTypeName(protocol::kTypeOf<Request>), id,
                       protocol::Encode(request));
    return id;
  }
  void Cancel(RequestId id) { engine_->OnMessage(MessageKind::kCancel, "", id, ""); }
  // The one response; fails the test after 30 s without it.
  Answer Wait(RequestId id);
  template <typename Reply, typename Request>
  Reply Ask(const Request& request) {
    const Answer answer = Wait(Post(request));
    EXPECT_EQ(protocol::MessageTypeName(answer.type), protocol::MessageTypeName(protocol::kTypeOf<Reply>))
        << (answer.type == protocol::MessageType::kErrorReply
                ? protocol::Decode<protocol::ErrorReply>(answer.bytes).value().message
                : "");
    Result<Reply> reply = protocol::Decode<Reply>(answer.bytes);
    EXPECT_TRUE(reply.ok()) << reply.status().message();
    return reply.ok() ? std::move(reply).value() : Reply{};
  }
  template <typename Request>
  protocol::ErrorReply AskForError(const Request& request) {
    return ErrorOf(Wait(Post(request)));
  }
  protocol::ErrorReply ErrorOf(const Answer& answer);

  // Ends the engine and its threads as they are; Start makes new ones on the same storage.
  void End();
  void Start();
  void LoadModel();
  protocol::SetModel ModelRequest() const;
  protocol::SetModel LargerModelRequest() const;
  protocol::FileEntry Entry(const std::string& path, std::string text);
  protocol::AddFilesReply Add(std::vector<std::pair<std::string, std::string>> files);
  protocol::SearchReply Search(const std::string& text, protocol::SearchMode mode = protocol::SearchMode::kHybrid,
                               uint32_t top = 10);
  protocol::EngineState State() { return Ask<protocol::GetStateReply>(protocol::GetState{}).state; }
  // How often work of this name has run on the coordinator's loop since, until the engine ends.
  std::shared_ptr<const int> CountRuns(std::string name);
  // A task of this name that keeps the coordinator for so long.
  void HoldLoop(double ms, const char* name);
  void WaitIdle() { Ask<protocol::Ack>(protocol::WaitIdle{}); }
  size_t ResponseCount(RequestId id) const;

  const bool threads_;
  const Clock* clock_ = &SystemClock();       // of the next start
  TemporaryFolder scratch_;  // tests run side by side
  StoragePlace place_{":memory:", "memory", scratch_ / ""};  // of the next start
  double verify_delay_ms_ = 3000;             // of the next start
  bool rehearse_ = false;                     // likewise
  StatusCode expect_open_ = StatusCode::kOk;  // likewise
  // The threads end before what they work for: members go in reverse order.
  RunLoop loop_;
  FakeFiles files_{&loop_};
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<FakeInference> inference_;
  std::unique_ptr<FakeInference> larger_inference_;  // of a model that is picked, with vectors of its own
  std::unique_ptr<InlineExecutor> inline_;  // instead of the two below, without threads
  std::unique_ptr<SerialThread> storage_;
  std::unique_ptr<ThreadPool> compute_;
  struct Sent {
    MessageKind kind;
    protocol::MessageType type;
    RequestId id;
    std::string bytes;
  };
  std::vector<Sent> sent_;
  std::vector<std::string> warnings_;
  uint32_t last_id_ = 0;
};

}  // namespace lodestone
