#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "embed/embedder.h"
#include "engine/library.h"
#include "engine/scheduler.h"
#include "platform/executor.h"
#include "platform/file_source.h"
#include "platform/inference.h"
#include "store/store.h"
#include "text/tokenizer.h"

namespace lodestone {

// Where the library's database is, and what to call that.
struct StoragePlace {
  std::string path;  // a file name, or ":memory:"
  std::string name;  // "opfs", "memory"
  std::string scratch_folder = "/tmp";  // for files on their way in and out
  double patience_ms = 0;               // how long to try while another holds it; the storage thread waits
  std::string notice = {};              // why it is not where the person would want it
};

// The seams that an Engine stands on; all outlive it.
struct Platform {
  Loop* loop = nullptr;
  Executor* compute = nullptr;
  SerialQueue* storage = nullptr;
  FileSource* files = nullptr;
  InferenceHost* instant_inference = nullptr;  // for EngineContext::instant and ::larger
  InferenceHost* larger_inference = nullptr;
  const Clock* clock = nullptr;
  uint32_t threads = 1;      // compute threads, as shown
  bool isolated = false;     // shared memory and threads were to be had
  // False where all work runs on the coordinator: pieces are then cut to fit between its messages.
  bool threaded = true;
  bool rehearse = false;  // code is compiled when it first runs, on the cores that it runs on (engine/rehearsal.h)
  std::function<StoragePlace()> mount_storage;  // runs on the storage thread, once
  std::function<void(const std::string&)> warn;  // for whoever looks into the engine; may be empty
};

// A model in use: what makes tokens of a text, and vectors of tokens.
struct ModelSlot {
  ModelSlot(InferenceHost* inference, const Clock* clock) : embedder(inference, clock) {}
  bool ready() const { return embedder.ready(); }
  const ModelDescription& model() const { return embedder.model(); }

  Embedder embedder;
  std::shared_ptr<const Tokenizer> tokenizer;  // set while ready
};

// What the parts of an engine share. Thread: coordinator, but for what `store` says.
struct EngineContext {
  explicit EngineContext(const Platform& p)
      : platform(p),
        tasks(p.loop, p.compute, p.clock),
        instant(p.instant_inference, p.clock),
        larger(p.larger_inference, p.clock) {}

  // Runs `work(store)` on the storage thread, then `done` on the coordinator. `what` names both. What is interactive comes
  // back ahead of what is not: it may tell of documents that the library does not know yet.
  template <typename Value, typename WorkFn, typename DoneFn>
  void OnStorage(Priority priority, WorkFn work, DoneFn done, const char* what = __builtin_FUNCTION()) {
    ++storage_tasks;
    auto run = [this, priority, what, work = std::move(work), done = std::move(done)]() mutable {
      auto result = std::make_shared<Value>(work(*store));
      auto tell = [this, result, done = std::move(done)]() mutable {
        --storage_tasks;
        done(std::move(*result));
        TaskEnded();
      };
      platform.loop->Post(priority, std::move(tell), what);
    };
    platform.storage->Post(priority, std::move(run), what);
  }
  // Runs `work()` on a compute thread, then `done` on the coordinator.
  template <typename Value, typename WorkFn, typename DoneFn>
  void OnCompute(Priority priority, WorkFn work, DoneFn done, const char* what = __builtin_FUNCTION()) {
    ++compute_tasks;
    auto run = [this, priority, what, work = std::move(work), done = std::move(done)]() mutable {
      auto result = std::make_shared<Value>(work());
      auto tell = [this, result, done = std::move(done)]() mutable {
        --compute_tasks;
        done(std::move(*result));
        TaskEnded();
      };
      platform.loop->Post(priority, std::move(tell), what);
    };
    platform.compute->Post(priority, std::move(run), what);
  }
  // As a part of a task: `done` is given a lodestone::Result, which is no value when the task was cancelled first.
  template <typename Value, typename WorkFn, typename DoneFn>
  void OnComputeFor(TaskId task, Priority priority, WorkFn work, DoneFn done, const char* what = __builtin_FUNCTION()) {
    auto kept = std::make_shared<std::optional<WorkFn>>(std::move(work));
    auto value = std::make_shared<std::optional<Value>>();
    auto batch = [kept, value](TaskStep&) -> Result<TaskNext> {
      value->emplace((**kept)());
      kept->reset();  // here, not on the coordinator
      return TaskNext::kDone;
    };
    auto ended = [this, value, done = std::move(done)](const TaskInfo& info) mutable {
      if (*value) done(Result<Value>(std::move(**value)));
      else done(Result<Value>(info.status));
      TaskEnded();
    };
    // Only an engine that ends refuses.
    (void)tasks.Start({.priority = priority, .part_of = task, .name = what}, [batch] { return batch; }, std::move(ended));
  }

  // The model that passages should have a vector of.
  ModelSlot& best_model() { return larger.ready() ? larger : instant; }
  // While held (somebody waits for an answer), no bulk batch of any model and no background work on any thread starts
  // (engine/core_share.h). Nests.
  void HoldBulk() {
    ++bulk_holds;
    on_bulk_held();
  }
  void ReleaseBulk() {
    --bulk_holds;
    on_bulk_held();
  }

  bool computing() const { return compute_tasks > 0 || tasks.in_flight() > 0; }
  bool at_work() const { return storage_tasks > 0 || computing(); }
  void TaskEnded() {
    if (!at_work() && on_quiet) on_quiet();
  }

  Platform platform;
  Scheduler tasks;
  Library library;
  std::unique_ptr<Store> store;  // touched on the storage thread only
  StoragePlace place;            // likewise
  ModelSlot instant;  // the site's own model
  ModelSlot larger;   // one that a person chose; until it has seen all passages, both answer
  std::shared_ptr<const Tokenizer> passage_tokenizer;  // of the built-in vocabulary: passages are counted in it
  size_t storage_tasks = 0;
  size_t compute_tasks = 0;
  int bulk_holds = 0;
  std::function<void()> on_bulk_held = [] {};  // `bulk_holds` has changed
  std::function<void()> on_quiet;              // no task runs on any other thread
};

}  // namespace lodestone
