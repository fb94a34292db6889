#include "platform/file_source_web.h"

#include <emscripten.h>
#include <emscripten/em_js.h>

#include <utility>

namespace lodestone {
namespace {

WebFileSource* the_source = nullptr;

}  // namespace

// Module.readFile(file, offset, size) resolves to a Uint8Array; Module.releaseFile forgets a file.
EM_JS(void, lodestone_file_read, (uint32_t file, double offset, uint32_t size, int token), {
  Module.readFile(file, offset, size).then((bytes) => {
    const at = _malloc(Math.max(1, bytes.length));
    HEAPU8.set(bytes, at);
    _lodestone_file_read_done(token, at, bytes.length, 0);
    _free(at);
  }, (error) => {
    const text = stringToNewUTF8(String(error && error.message || error));
    _lodestone_file_read_done(token, 0, 0, text);
    _free(text);
  });
});
EM_JS(void, lodestone_file_release, (uint32_t file), { Module.releaseFile(file); });

extern "C" EMSCRIPTEN_KEEPALIVE void lodestone_file_read_done(int token, const char* bytes, uint32_t size_bytes,
                                                              const char* error) {
  the_source->Finish(token, bytes, size_bytes, error);
}

WebFileSource::WebFileSource() { the_source = this; }

void WebFileSource::Read(FileId file, uint64_t offset, uint32_t size_bytes, ReadDone done) {
  const int token = next_token_++;
  reads_[token] = std::move(done);
  lodestone_file_read(file.value, static_cast<double>(offset), size_bytes, token);
}

void WebFileSource::Release(FileId file) { lodestone_file_release(file.value); }

void WebFileSource::Finish(int token, const char* bytes, uint32_t size_bytes, const char* error) {
  const auto found = reads_.find(token);
  if (found == reads_.end()) return;
  ReadDone done = std::move(found->second);
  reads_.erase(found);
  if (error) {
    done(Status(StatusCode::kNotFound, "The file could not be read: it was moved, changed or removed. Add it again.",
                error));
  } else {
    done(std::string(bytes, size_bytes));
  }
}

}  // namespace lodestone
