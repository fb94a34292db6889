#include "platform/inference_web.h"

#include <emscripten.h>
#include <emscripten/em_js.h>
#ifdef __EMSCRIPTEN_PTHREADS__
#include <emscripten/proxying.h>
#include <pthread.h>

#include <thread>
#endif

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace lodestone {
namespace {

class Lanes;
Lanes* the_lanes = nullptr;

}  // namespace

// All of these run on the lane's own thread (the coordinator without threads). `globalThis.inference`
// is the lane's host from inference_host.mjs, or the bridge to the plain worker; lodestone_lane_init comes
// before any of the others. A failure comes back as
// text, never as an exception.
EM_JS(void, lodestone_lane_init, (), {
  const make = async () => {
    if (Module.inferenceBridge) return Module.inferenceBridge;
    // ONNX Runtime takes itself for one of its own threads wherever the worker bears this name.
    globalThis.name = "inference";
    const host = await import(new URL("./inference_host.mjs", import.meta.url).href);
    return host.createInferenceHost();
  };
  if (globalThis.inferenceComing) return;
  globalThis.inferenceComing = make().catch((error) => {
    globalThis.inferenceComing = null;  // the next attempt begins anew
    throw error;
  });
});
EM_JS(void, lodestone_lane_prepare, (int slot, const char* id, const char* url), {
  const modelId = UTF8ToString(id);
  const modelUrl = UTF8ToString(url);
  // The load that follows tells what is wrong.
  globalThis.inferenceComing.then((host) => host.prepare(slot, modelId, modelUrl), () => {});
});
EM_JS(void, lodestone_lane_load, (int token, int slot, const char* id, const char* url, const char* bytes,
                                  uint32_t size, const char* gpu), {
  const modelId = UTF8ToString(id);
  const modelUrl = UTF8ToString(url);
  const gpuPolicy = UTF8ToString(gpu);
  // A copy in this scope: the session keeps none of it, and views of shared memory are not taken everywhere.
  const modelBytes = size ? HEAPU8.slice(bytes, bytes + size) : null;
  const open = async () => {
    globalThis.inference = await globalThis.inferenceComing;
    return globalThis.inference.load(slot, modelId, modelUrl, modelBytes, gpuPolicy,
                                     (batchTokens) => _lodestone_lane_on_gpu(token, batchTokens));
  };
  open().then((info) => {
    _lodestone_lane_loaded(token, info.dimension, info.pooled ? 1 : 0, info.needsTokenTypes ? 1 : 0, 0);
  }, (error) => {
    const text = stringToNewUTF8(String(error && error.message || error));
    _lodestone_lane_loaded(token, 0, 0, 0, text);
  });
});
EM_JS(void, lodestone_lane_run, (int token, int slot, uint32_t rows, uint32_t columns, uint32_t dimension,
                                 const void* ids, const void* mask, void* out), {
  const count = rows * columns;
  const buffer = wasmMemory.buffer;
  const views = {
    ids: new BigInt64Array(buffer, ids, count),
    mask: new BigInt64Array(buffer, mask, count),
    rows, columns, dimension,
  };
  globalThis.inference.run(slot, views).then((vectors) => {
    // The memory may have grown meanwhile: a fresh view.
    new Float32Array(wasmMemory.buffer, out, rows * dimension).set(vectors);
    _lodestone_lane_ran(token, 0);
  }, (error) => {
    const text = stringToNewUTF8(String(error && error.message || error));
    _lodestone_lane_ran(token, text);
  });
});

EM_JS(void, lodestone_lane_close, (int slot), {
  if (globalThis.inference) globalThis.inference.close(slot);
});

namespace {

// The threads of the lanes, and the calls that are under way in them.
class Lanes {
 public:
  Lanes(int count, std::string gpu_policy, Loop* loop)
      : count_(count), gpu_policy_(std::move(gpu_policy)), loop_(loop) {
    the_lanes = this;
#ifdef __EMSCRIPTEN_PTHREADS__
    queue_ = em_proxying_queue_create();
    StartThread();  // the others when they are needed: each takes a worker's start
#endif
  }

  int count() const { return count_; }
  // One lane uses the graphics processor: several would only share it.
  const char* GpuPolicyOf(int lane, int slot) const {
    const int gpu_lane = count_ > 1 ? 1 : 0;
    return slot == kLargerSlot && lane == gpu_lane ? gpu_policy_.c_str() : "off";
  }
  int started() const {
#ifdef __EMSCRIPTEN_PTHREADS__
    return static_cast<int>(threads_.size());
#else
    return 1;
#endif
  }
  int AddLoad(InferenceHost::LoadDone done) {
    loads_[next_token_] = std::move(done);
    return next_token_++;
  }
  // Of the model that was opened under this token.
  uint32_t gpu_batch_tokens(int token) const {
    const auto found = gpu_batch_tokens_.find(token);
    return found == gpu_batch_tokens_.end() ? 0 : found->second;
  }
  int AddRun(InferenceHost::RunDone done) {
    runs_[next_token_] = std::move(done);
    return next_token_++;
  }

  void Post(int lane, Work work) {
    if (!allowed_) {
      held_.emplace_back(lane, std::move(work));
      return;
    }
#ifdef __EMSCRIPTEN_PTHREADS__
    while (threads_.size() <= static_cast<size_t>(lane)) StartThread();
    emscripten_proxy_async(queue_, threads_[static_cast<size_t>(lane)],
                           [](void* argument) {
                             Work* task = static_cast<Work*>(argument);
                             (*task)();
                             delete task;
                           },
                           new Work(std::move(work)));
#else
    work();
#endif
  }

  void Allow() {
    allowed_ = true;
    for (auto& [lane, work] : std::exchange(held_, {})) Post(lane, std::move(work));
  }

  // Thread: the lane's.
  void Loaded(int token, ModelInfo info, std::string error) {
    loop_->Post(Priority::kInteractive, [this, token, info, error = std::move(error)] {
      InferenceHost::LoadDone done = std::move(loads_[token]);
      loads_.erase(token);
      if (error.empty()) {
        done(info);
      } else {
        done(Status(StatusCode::kBadData,
                    "The model could not be opened: the file is damaged, cut short or not an embedding model. "
                    "Choose another model.",
                    error));
      }
    });
  }
  void OnGpu(int token, uint32_t batch_tokens) {
    loop_->Post(Priority::kInteractive, [this, token, batch_tokens] {
      if (batch_tokens > 0) gpu_batch_tokens_[token] = batch_tokens;
      else gpu_batch_tokens_.erase(token);
    });
  }
  void Ran(int token, std::string error) {
    loop_->Post(Priority::kInteractive, [this, token, error = std::move(error)] {
      InferenceHost::RunDone done = std::move(runs_[token]);
      runs_.erase(token);
      done(error.empty() ? OkStatus()
                         : Status(StatusCode::kBadData, "The model failed on a text. Choose another model.", error));
    });
  }

 private:
#ifdef __EMSCRIPTEN_PTHREADS__
  void StartThread() {
    pthread_t thread;
    // The thread's event loop goes on after its main function: it belongs to the session's promises.
    pthread_create(&thread, nullptr, [](void*) -> void* {
      emscripten_exit_with_live_runtime();
      return nullptr;
    }, nullptr);
    threads_.push_back(thread);
  }
#endif

  int count_;
  std::string gpu_policy_;
  Loop* loop_;
  std::map<int, InferenceHost::LoadDone> loads_;
  std::map<int, uint32_t> gpu_batch_tokens_;  // by the token of the load
  std::map<int, InferenceHost::RunDone> runs_;
  int next_token_ = 1;
  bool allowed_ = false;
  std::vector<std::pair<int, Work>> held_;
#ifdef __EMSCRIPTEN_PTHREADS__
  em_proxying_queue* queue_ = nullptr;
  std::vector<pthread_t> threads_;
#endif
};

class SlotHost final : public InferenceHost {
 public:
  SlotHost(Lanes* lanes, int slot, int lane_count) : lanes_(lanes), slot_(slot), lane_count_(lane_count) {}

  int lane_count() const override { return lane_count_; }

  void Prepare(const ModelSource& source) override {
    lanes_->Post(0, [slot = slot_, source] {
      lodestone_lane_init();
      lodestone_lane_prepare(slot, source.id.c_str(), source.onnx_url.c_str());
    });
  }

  void Load(const ModelSource& source, LoadDone done) override {
    source_ = source;
    opened_.clear();
    OpenLane(0, std::move(done));
  }

  void OpenLane(int lane, LoadDone done) override {
    const int token = lanes_->AddLoad(std::move(done));
    opened_[lane] = token;
    lanes_->Post(lane, [slot = slot_, token, source = source_, gpu = lanes_->GpuPolicyOf(lane, slot_)] {
      const std::string* bytes = source.onnx_bytes.get();
      lodestone_lane_init();
      lodestone_lane_load(token, slot, source.id.c_str(), source.onnx_url.c_str(), bytes ? bytes->data() : nullptr,
                          bytes ? static_cast<uint32_t>(bytes->size()) : 0, gpu);
    });
  }

  void Run(int lane, InferenceBatch* batch, RunDone done) override {
    lanes_->Post(lane, [slot = slot_, token = lanes_->AddRun(std::move(done)), batch] {
      lodestone_lane_run(token, slot, batch->row_count, batch->column_count, batch->dimension, batch->ids.data(),
                         batch->mask.data(), batch->out.data());
    });
  }

  uint32_t gpu_batch_tokens(int lane) const override {
    const auto found = opened_.find(lane);
    return found == opened_.end() ? 0 : lanes_->gpu_batch_tokens(found->second);
  }

  void Close() override {
    source_ = {};
    opened_.clear();
    for (int lane = 0; lane < lanes_->started(); ++lane) {
      lanes_->Post(lane, [slot = slot_] { lodestone_lane_close(slot); });
    }
  }

 private:
  Lanes* lanes_;
  int slot_;
  int lane_count_;
  ModelSource source_;
  std::map<int, int> opened_;  // token of the load by lane
};

class WebInferenceImpl final : public WebInference {
 public:
  WebInferenceImpl(int lane_count, std::string gpu_policy, Loop* loop)
      : lanes_(lane_count, std::move(gpu_policy), loop) {
    for (int slot = 0; slot < kModelSlots; ++slot) {
      // One is enough for the site's own model, whose batches take 1 ms: the runtime's start in a further one takes 1.5 s
      // of a core just when documents come in, and never pays.
      slots_.push_back(std::make_unique<SlotHost>(&lanes_, slot, slot == kInstantSlot ? 1 : lane_count));
    }
  }
  InferenceHost* slot(int index) override { return slots_[static_cast<size_t>(index)].get(); }

 private:
  Lanes lanes_;
  std::vector<std::unique_ptr<SlotHost>> slots_;
};

// Takes over text that JavaScript allocated.
std::string TakeText(char* text) {
  if (!text) return {};
  std::string copy(text);
  free(text);
  if (copy.empty()) copy = "unknown failure";
  return copy;
}

}  // namespace

extern "C" EMSCRIPTEN_KEEPALIVE void lodestone_lane_loaded(int token, uint32_t dimension, int pooled, int token_types,
                                                           char* error) {
  ModelInfo info;
  info.dimension = dimension;
  info.pooled_output = pooled != 0;
  info.needs_token_type_ids = token_types != 0;
  the_lanes->Loaded(token, info, TakeText(error));
}
extern "C" EMSCRIPTEN_KEEPALIVE void lodestone_lane_on_gpu(int token, uint32_t batch_tokens) {
  the_lanes->OnGpu(token, batch_tokens);
}
extern "C" EMSCRIPTEN_KEEPALIVE void lodestone_lane_ran(int token, char* error) {
  the_lanes->Ran(token, TakeText(error));
}

void AllowWebInference() { the_lanes->Allow(); }

std::unique_ptr<WebInference> MakeWebInference(int lane_count, std::string gpu_policy, Loop* loop) {
  return std::make_unique<WebInferenceImpl>(lane_count, std::move(gpu_policy), loop);
}

}  // namespace lodestone
