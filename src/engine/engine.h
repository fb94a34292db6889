#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "engine/context.h"
#include "engine/core_share.h"
#include "engine/file_list.h"
#include "engine/fillers.h"
#include "engine/folder_scan.h"
#include "engine/graph_keeper.h"
#include "engine/housekeeper.h"
#include "engine/ingest.h"
#include "engine/lag_monitor.h"
#include "engine/library_contents.h"
#include "engine/rehearsal.h"
#include "engine/search.h"
#include "engine/transfer.h"
#include "engine/word_keeper.h"
#include "protocol/messages.h"

namespace lodestone {

inline constexpr std::string_view kEngineVersion = "0.1.0";

enum class MessageKind { kRequest, kResponse, kEvent, kCancel };

// The whole engine: bytes of the protocol in, bytes out.
// Thread: coordinator. No call takes over 4 ms or waits for anything.
class Engine {
 public:
  using Send = std::function<void(MessageKind, protocol::MessageType, RequestId, std::string bytes)>;

  // `build_id` is compared with the page's in Hello.
  Engine(const Platform& platform, std::string build_id, Send send);
  ~Engine();

  // Opens the library; requests may come before it is open. `opened` tells how that went.
  void Start(std::function<void(const Status&)> opened);
  // One message from the page. Every request gets exactly one response.
  void OnMessage(MessageKind kind, std::string_view type_name, RequestId id, std::string_view bytes);
  bool idle() const;
  // For tests, before Start.
  Housekeeper& housekeeper() { return housekeeper_; }
  Transfer& transfer() { return transfer_; }

 private:
  void TakeMessage(MessageKind kind, std::string_view type_name, RequestId id, std::string_view bytes);
  void Dispatch(protocol::MessageType type, RequestId id, std::string_view bytes);
  template <typename Request>
  bool DecodeInto(std::string_view bytes, RequestId id, Request* request);
  template <typename Reply>
  void Respond(RequestId id, const Reply& reply);
  void RespondError(RequestId id, const Status& status);
  template <typename Reply>
  std::function<void(Result<Reply>)> Answer(RequestId id);
  // Of a reply that another thread has encoded.
  void RespondEncoded(RequestId id, protocol::MessageType type, Result<std::string> bytes);
  void Notify(protocol::NoticeLevel level, std::string text);

  void OnHello(RequestId id, const protocol::Hello& request);
  void OnSetModel(RequestId id, const protocol::SetModel& request);
  void OnRemove(RequestId id, const protocol::Remove& request);
  void OnGetDocument(RequestId id, const protocol::GetDocument& request);
  void OnSettings(const protocol::SetSettings& request);
  void OnFinishScan(RequestId id, const protocol::FinishScan& request);
  void OnImport(RequestId id, const protocol::Import& request);
  void OnExport(RequestId id, const protocol::Export& request);
  Transfer::Progress ReportTo(TaskId task);
  void OnControlTask(RequestId id, const protocol::ControlTask& request);
  void SetIndexingPaused(bool paused);
  // What is added from now on is part of the task of this run.
  void BeginIndexing();
  // Answers those that cannot be taken in; true if it did.
  bool RefuseFiles(RequestId id, const protocol::AddFiles& request);
  // Tasks begin and end as the work does that they stand for.
  void FollowTasks();
  Scheduler::Hooks PauseHooks();
  void FollowSiteModel();
  void AskForRestart(const char* kind, TaskId task);
  TaskId Follow(TaskId task, TaskSpec spec, Scheduler::Hooks hooks);
  std::vector<protocol::TaskEntry> TaskEntries() const;
  // Those that failed or were cancelled and can be begun anew.
  std::vector<protocol::TaskEntry> EndedTaskEntries() const;
  void OpenLibrary(std::function<void(const Status&)> opened);
  // All that is known of the library is what the store now has.
  void AdoptLibrary(LibraryContents contents);
  void ReloadLibrary(std::function<void()> done);
  // Begins a new library with what can be read of the damaged one.
  void MendLibrary();
  // Documents have left the library.
  void DocumentsGone();
  // `files` leave the list even if no document of theirs is there.
  void RemoveDocuments(std::vector<DocumentId> documents, std::vector<std::string> files,
                       std::function<void(const Status&)> done);
  void RemoveEverything(RequestId id);
  void OpenModel(RequestId id, bool built_in, uint64_t turn, const ModelDescription& description,
                 std::shared_ptr<const Tokenizer> tokenizer, const ModelSource& source);
  void ConnectFiller(ModelSlot* slot);
  void CloseModel(ModelSlot* slot);
  void BeginOpening(RequestId id);
  // Whatever comes of a picked model under this request is dropped.
  void CancelModel(RequestId id);
  // False when this request has its answer, by a cancel.
  bool EndOpening(RequestId id, bool built_in, const Status& status);
  void LeaveOpening(RequestId id, bool built_in);
  void RefuseModel(RequestId id, bool built_in, const Status& status);
  void SiteModelFailed(const Status& status);
  // A model has gone or did not come: what waited for its vectors waits for the other one's, if there is one.
  void WithoutModel(const Status& status, bool notify);
  // What the page is told of the model is what is now in use.
  void ModelChanged();
  void EmbeddingFailed(ModelSlot* slot, const Status& status);

  // Documents that failed their checksums have left the library.
  void DocumentsDamaged(const std::vector<DamagedDocument>& damaged);
  void ListAsDamaged(const std::string& path);
  // Requests are being worked at, or passages embedded.
  bool busy() const;

  protocol::EngineState State() const;
  // Tells the page at once of a new phase and of what somebody has just asked for (`awaited`), else while work goes on once
  // a second.
  void StateMayHaveChanged(bool awaited = false);
  // Its change is told of at once.
  struct Phase {
    protocol::ModelState model = protocol::ModelState::kNone;
    bool cuts = false;  // there is a tokenizer: files are taken in
    bool indexing = false;
    bool filling = false;
    bool paused = false;
    bool operator==(const Phase&) const = default;
  };
  Phase PhaseNow() const;
  void WarnOfPool();
  void TellState();
  void WatchLoop();
  void MeasureLag(double now_ms);
  void CheckIdle();
  // Asks the store how large it is; the answer comes with the next state.
  void MeasureStorage();

  EngineContext context_;
  std::string build_id_;
  Send send_;
  FileList files_;
  Ingest ingest_;
  Search search_;
  Fillers fillers_;
  WordKeeper words_;
  GraphKeeper graphs_;
  Housekeeper housekeeper_;
  Rehearsal rehearsal_;
  Transfer transfer_;
  CoreShare cores_;
  FolderScans scans_;
  TaskId index_task_, fill_task_, model_task_;
  bool run_cancelled_ = false;  // the latest of indexing
  bool mended_ = false;
  LagMonitor lag_;
  std::map<RequestId, bool> open_requests_;
  std::vector<RequestId> idle_waiters_;
  std::vector<std::function<void()>> after_open_;
  bool opened_ = false;
  Status open_status_;
  protocol::ModelState model_state_ = protocol::ModelState::kNone;
  std::string model_error_;
  Status site_model_failure_;  // why it is not there
  size_t models_opening_ = 0;
  struct Opening {
    TaskId task;
    uint64_t turn = 0;
    bool took_the_place = false;  // of the picked model before it
  };
  std::map<RequestId, Opening> openings_;  // of picked models
  uint64_t instant_turn_ = 0;  // of the latest request for a model of the site, or a picked one
  uint64_t larger_turn_ = 0;
  std::string model_id_;
  uint64_t storage_bytes_ = 0;
  std::string storage_name_;
  enum class Telling { kNot, kInTime, kSoon };
  Telling telling_ = Telling::kNot;  // of the state
  uint64_t telling_turn_ = 0;
  bool told_idle_ = false;
  Phase told_phase_;
  double told_pool_wait_ms_ = LagMonitor::kStallMs;  // shorter ones are not told of
  bool measuring_ = false;
  bool idle_check_scheduled_ = false;
};

template <typename Reply>
std::function<void(Result<Reply>)> Engine::Answer(RequestId id) {
  return [this, id](Result<Reply> reply) {
    if (reply.ok()) Respond(id, reply.value());
    else RespondError(id, reply.status());
  };
}

template <typename Request>
bool Engine::DecodeInto(std::string_view bytes, RequestId id, Request* request) {
  Result<Request> decoded = protocol::Decode<Request>(bytes);
  if (!decoded.ok()) {
    RespondError(id, decoded.status());
    return false;
  }
  *request = std::move(decoded).value();
  return true;
}

template <typename Reply>
void Engine::Respond(RequestId id, const Reply& reply) {
  if (open_requests_.erase(id) == 0) return;
  send_(MessageKind::kResponse, protocol::kTypeOf<Reply>, id, protocol::Encode(reply));
  CheckIdle();
}

}  // namespace lodestone
