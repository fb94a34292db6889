#include "platform/raw_files_web.h"

#include <emscripten.h>
#include <emscripten/em_js.h>
#include <emscripten/eventloop.h>

#include <memory>
#include <string>
#include <utility>

namespace lodestone {

// Module.originFiles is a list of {name, handle}: FileSystemSyncAccessHandles, whose methods return at once.
EM_JS(void, lodestone_raw_open, (const char* scope, void* done), {
  const path = UTF8ToString(scope);
  import(new URL("./origin_files.mjs", import.meta.url).href)
      .then(({ openOriginFiles }) => openOriginFiles(path))
      .catch(() => [])
      .then((files) => {
        Module.originFiles = files;
        // From a timer, not from here: what fails in a promise is not told to the coordinator.
        setTimeout(() => _lodestone_raw_opened(done), 0);
      });
});
EM_JS(int, lodestone_raw_count, (), { return (Module.originFiles || []).length; });
EM_JS(int, lodestone_raw_find, (const char* name), {
  const wanted = UTF8ToString(name);
  return (Module.originFiles || []).findIndex((file) => file.name === wanted);
});
EM_JS(double, lodestone_raw_read, (int file, void* to, double size, double offset), {
  try {
    return Module.originFiles[file].handle.read(HEAPU8.subarray(to, to + size), { at: offset });
  } catch (error) {
    return -1;
  }
});
EM_JS(double, lodestone_raw_write, (int file, const void* from, double size, double offset), {
  try {
    return Module.originFiles[file].handle.write(HEAPU8.subarray(from, from + size), { at: offset });
  } catch (error) {
    return -1; // most often there is no room
  }
});
EM_JS(double, lodestone_raw_size, (int file), {
  try {
    return Module.originFiles[file].handle.getSize();
  } catch (error) {
    return -1;
  }
});
EM_JS(int, lodestone_raw_truncate, (int file, double size), {
  try {
    Module.originFiles[file].handle.truncate(size);
    return 0;
  } catch (error) {
    return -1;
  }
});
EM_JS(int, lodestone_raw_flush, (int file), {
  try {
    Module.originFiles[file].handle.flush();
    return 0;
  } catch (error) {
    return -1;
  }
});

namespace {

class WebRawFiles final : public RawFiles {
 public:
  int Find(std::string_view name) override { return lodestone_raw_find(std::string(name).c_str()); }
  int64_t Read(int file, void* to, int64_t size_bytes, int64_t offset) override {
    return static_cast<int64_t>(
        lodestone_raw_read(file, to, static_cast<double>(size_bytes), static_cast<double>(offset)));
  }
  int64_t Write(int file, const void* from, int64_t size_bytes, int64_t offset) override {
    return static_cast<int64_t>(
        lodestone_raw_write(file, from, static_cast<double>(size_bytes), static_cast<double>(offset)));
  }
  int64_t SizeBytes(int file) override { return static_cast<int64_t>(lodestone_raw_size(file)); }
  int Truncate(int file, int64_t size_bytes) override {
    return lodestone_raw_truncate(file, static_cast<double>(size_bytes));
  }
  int Flush(int file) override { return lodestone_raw_flush(file); }
};

}  // namespace

extern "C" EMSCRIPTEN_KEEPALIVE void lodestone_raw_opened(void* done) {
  const std::unique_ptr<std::function<void()>> call(static_cast<std::function<void()>*>(done));
  (*call)();
}

void OpenOriginRawFiles(const std::string& scope, std::function<void()> done) {
  emscripten_runtime_keepalive_push();
  lodestone_raw_open(scope.c_str(), new std::function<void()>(std::move(done)));
}

RawFiles* OriginRawFiles() {
  static WebRawFiles files;
  return lodestone_raw_count() > 0 ? &files : nullptr;
}

}  // namespace lodestone
