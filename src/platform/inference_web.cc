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

class WebInferenceHost;
WebInferenceHost* the_host = nullptr;

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
EM_JS(void, lodestone_lane_prepare, (const char* id, const char* url), {
  const modelId = UTF8ToString(id);
  const modelUrl = UTF8ToString(url);
  // The load that follows tells what is wrong.
  globalThis.inferenceComing.then((host) => host.prepare(modelId, modelUrl), () => {});
});
EM_JS(void, lodestone_lane_load, (int token, const char* id, const char* url, const char* bytes, uint32_t size), {
  const modelId = UTF8ToString(id);
  const modelUrl = UTF8ToString(url);
  // A copy in this scope: the session keeps none of it, and views of shared memory are not taken everywhere.
  const modelBytes = size ? HEAPU8.slice(bytes, bytes + size) : null;
  const open = async () => {
    globalThis.inference = await globalThis.inferenceComing;
    return globalThis.inference.load(modelId, modelUrl, modelBytes);
  };
  open().then((info) => {
    _lodestone_lane_loaded(token, info.dimension, info.pooled ? 1 : 0, info.needsTokenTypes ? 1 : 0, 0);
  }, (error) => {
    const text = stringToNewUTF8(String(error && error.message || error));
    _lodestone_lane_loaded(token, 0, 0, 0, text);
  });
});
EM_JS(void, lodestone_lane_run, (int token, uint32_t rows, uint32_t columns, uint32_t dimension,
                                 const void* ids, const void* mask, void* out), {
  const count = rows * columns;
  const buffer = wasmMemory.buffer;
  const views = {
    ids: new BigInt64Array(buffer, ids, count),
    mask: new BigInt64Array(buffer, mask, count),
    rows, columns, dimension,
  };
  globalThis.inference.run(views).then((vectors) => {
    // The memory may have grown meanwhile: a fresh view.
    new Float32Array(wasmMemory.buffer, out, rows * dimension).set(vectors);
    _lodestone_lane_ran(token, 0);
  }, (error) => {
    const text = stringToNewUTF8(String(error && error.message || error));
    _lodestone_lane_ran(token, text);
  });
});

namespace {

class WebInferenceHost final : public InferenceHost {
 public:
  WebInferenceHost(int lane_count, Loop* loop) : lane_count_(lane_count), loop_(loop) {
    the_host = this;
#ifdef __EMSCRIPTEN_PTHREADS__
    queue_ = em_proxying_queue_create();
    StartThread();  // the others when they are needed: each takes a worker's start
#endif
  }

  int lane_count() const override { return lane_count_; }

  void Prepare(const ModelSource& source) override {
    OnLane(0, [source] {
      lodestone_lane_init();
      lodestone_lane_prepare(source.id.c_str(), source.onnx_url.c_str());
    });
  }

  void Load(const ModelSource& source, LoadDone done) override {
    source_ = source;
    OpenLane(0, std::move(done));
  }

  void OpenLane(int lane, LoadDone done) override {
    const int token = next_token_++;
    loads_[token] = std::move(done);
    OnLane(lane, [token, source = source_] {
      const std::string* bytes = source.onnx_bytes.get();
      lodestone_lane_init();
      lodestone_lane_load(token, source.id.c_str(), source.onnx_url.c_str(), bytes ? bytes->data() : nullptr,
                          bytes ? static_cast<uint32_t>(bytes->size()) : 0);
    });
  }

  void Run(int lane, InferenceBatch* batch, RunDone done) override {
    const int token = next_token_++;
    runs_[token] = std::move(done);
    OnLane(lane, [token, batch] {
      lodestone_lane_run(token, batch->row_count, batch->column_count, batch->dimension, batch->ids.data(),
                         batch->mask.data(), batch->out.data());
    });
  }

  void Allow() {
    allowed_ = true;
    for (auto& [lane, work] : std::exchange(held_, {})) OnLane(lane, std::move(work));
  }

  // Thread: the lane's.
  void Loaded(int token, ModelInfo info, std::string error) {
    loop_->Post([this, token, info, error = std::move(error)] {
      LoadDone done = std::move(loads_[token]);
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
  void Ran(int token, std::string error) {
    loop_->Post([this, token, error = std::move(error)] {
      RunDone done = std::move(runs_[token]);
      runs_.erase(token);
      done(error.empty() ? OkStatus()
                         : Status(StatusCode::kBadData, "The model failed on a text. Choose another model.", error));
    });
  }

 private:
  void OnLane(int lane, Work work) {
    if (!allowed_) {
      held_.emplace_back(lane, std::move(work));
      return;
    }
#ifdef __EMSCRIPTEN_PTHREADS__
    while (lanes_.size() <= static_cast<size_t>(lane)) StartThread();
    emscripten_proxy_async(queue_, lanes_[static_cast<size_t>(lane)],
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

#ifdef __EMSCRIPTEN_PTHREADS__
  void StartThread() {
    pthread_t thread;
    // The thread's event loop goes on after its main function: it belongs to the session's promises.
    pthread_create(&thread, nullptr, [](void*) -> void* {
      emscripten_exit_with_live_runtime();
      return nullptr;
    }, nullptr);
    lanes_.push_back(thread);
  }
#endif

  int lane_count_;
  Loop* loop_;
  ModelSource source_;
  std::map<int, LoadDone> loads_;
  std::map<int, RunDone> runs_;
  int next_token_ = 1;
  bool allowed_ = false;
  std::vector<std::pair<int, Work>> held_;
#ifdef __EMSCRIPTEN_PTHREADS__
  em_proxying_queue* queue_ = nullptr;
  std::vector<pthread_t> lanes_;
#endif
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
  the_host->Loaded(token, info, TakeText(error));
}
extern "C" EMSCRIPTEN_KEEPALIVE void lodestone_lane_ran(int token, char* error) {
  the_host->Ran(token, TakeText(error));
}

void AllowWebInference() { the_host->Allow(); }

std::unique_ptr<InferenceHost> MakeWebInferenceHost(int lane_count, Loop* loop) {
  return std::make_unique<WebInferenceHost>(lane_count, loop);
}

}  // namespace lodestone
