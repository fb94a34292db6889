#include "platform/raw_files_web.h"

#include <emscripten/em_js.h>

#include <string>

namespace lodestone {

// Module.originFiles is a list of {name, handle}: FileSystemSyncAccessHandles, whose methods return at once.
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

RawFiles* OriginRawFiles() {
  static WebRawFiles files;
  return lodestone_raw_count() > 0 ? &files : nullptr;
}

}  // namespace lodestone
