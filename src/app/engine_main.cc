// The engine module's exports: started and fed by web/coordinator.worker.mjs.
// Thread: every export is called on the coordinator.

#include <emscripten.h>
#include <emscripten/em_js.h>
#include <emscripten/eventloop.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "engine/engine.h"
#include "platform/file_source_web.h"
#include "platform/inference_web.h"
#include "platform/loop_web.h"
#include "platform/raw_files_web.h"
#include "platform/storage_web.h"
#include "store/raw_file_vfs.h"
#ifdef __EMSCRIPTEN_PTHREADS__
#include "platform/thread_pool.h"
#else
#include "platform/inline_executor.h"
#endif

namespace lodestone {
namespace {

// One for the life of the worker: a restart makes a new worker with a new heap.
struct App {
  WebLoop loop;
  WebFileSource files;
  std::unique_ptr<WebInference> inference;
#ifdef __EMSCRIPTEN_PTHREADS__
  std::unique_ptr<ThreadPool> compute;
  std::unique_ptr<SerialThread> storage;
#else
  InlineExecutor inline_work{&loop};
#endif
  std::unique_ptr<Engine> engine;
};
App* app = nullptr;

// What a browser takes to let go of a closed tab's files, several times over.
constexpr double kStoragePatienceMs = 3000;

}  // namespace
}  // namespace lodestone

// Module.onMessage(kind, type, id, bytes): `bytes` is a copy that the receiver may transfer.
EM_JS(void, lodestone_send, (int kind, const char* type, uint32_t id, const char* bytes, uint32_t size), {
  Module.onMessage(kind, UTF8ToString(type), id, HEAPU8.slice(bytes, bytes + size));
});
EM_JS(void, lodestone_warn, (const char* text), { console.warn(UTF8ToString(text)); });
EM_JS(void, lodestone_opened, (const char* error), { Module.onOpened(UTF8ToString(error)); });

// `threads` compute threads and `lanes` inference lanes, for which `gpu_policy` is as MakeWebInference says; `persistent`
// asks for storage that outlives the tab.
extern "C" EMSCRIPTEN_KEEPALIVE void lodestone_start(int threads, int lanes, const char* gpu_policy, int isolated,
                                                     int persistent, const char* scope, const char* build_id) {
  using namespace lodestone;
  // There is no main(): without this the runtime exits after the first callback, and every thread with it.
  emscripten_runtime_keepalive_push();
  app = new App;
  app->inference = MakeWebInference(lanes, gpu_policy, &app->loop);
  Platform platform;
  platform.loop = &app->loop;
  platform.files = &app->files;
  platform.instant_inference = app->inference->slot(kInstantSlot);
  platform.larger_inference = app->inference->slot(kLargerSlot);
  platform.clock = &SystemClock();
  platform.threads = static_cast<uint32_t>(threads);
  platform.isolated = isolated != 0;
#ifdef __EMSCRIPTEN_PTHREADS__
  const auto cores = std::make_shared<CoreBudget>(threads);
  app->compute = std::make_unique<ThreadPool>(threads, cores);
  ThreadPool::Start open_files;
  if (persistent) {
    open_files = [scope = std::string(scope)](Work loop) { OpenOriginRawFiles(scope, std::move(loop)); };
  }
  app->storage = std::make_unique<SerialThread>(cores, std::move(open_files));
  platform.compute = app->compute.get();
  platform.storage = app->storage.get();
  platform.rehearse = true;
#else
  platform.threaded = false;
  platform.compute = &app->inline_work;
  platform.storage = &app->inline_work;
#endif
  platform.warn = [](const std::string& text) { lodestone_warn(text.c_str()); };
  platform.mount_storage = [persistent, scope = std::string(scope)] {
    StoragePlace place{":memory:", "memory"};
    if (!persistent) return place;
    RawFiles* const files = OriginRawFiles();
    const bool is_raw = files && UseRawFiles(files).ok();
    const Result<std::string> path = MountOriginStorage(scope);
    if (path.ok()) {
      place = {path.value(), "opfs", path.value().substr(0, path.value().rfind('/')), kStoragePatienceMs};
    } else if (is_raw) {
      place = {"library.sqlite", "opfs"};
    } else {
      place.notice = path.status().message() + " What you add here is kept until this tab is closed.";
    }
    return place;
  };
  app->engine = std::make_unique<Engine>(
      platform, build_id,
      [](MessageKind kind, protocol::MessageType type, RequestId id, std::string bytes) {
        lodestone_send(static_cast<int>(kind), std::string(protocol::MessageTypeName(type)).c_str(), id.value,
                       bytes.data(), static_cast<uint32_t>(bytes.size()));
      });
  app->engine->Start([](const Status& status) { lodestone_opened(status.message().c_str()); });
}

// kind: 0 request, 3 cancel (MessageKind). Takes over neither pointer.
extern "C" EMSCRIPTEN_KEEPALIVE void lodestone_message(int kind, const char* type, uint32_t id, const char* bytes,
                                                       uint32_t size) {
  using namespace lodestone;
  app->engine->OnMessage(static_cast<MessageKind>(kind), type, RequestId{id}, std::string_view(bytes, size));
}

// The page has its first frame: what was asked of the inference lanes may begin.
extern "C" EMSCRIPTEN_KEEPALIVE void lodestone_allow_inference() { lodestone::AllowWebInference(); }
