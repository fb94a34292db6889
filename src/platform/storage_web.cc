#include "platform/storage_web.h"

#include <sys/stat.h>

#ifdef __EMSCRIPTEN_PTHREADS__
#include <emscripten/wasmfs.h>
#endif

namespace lodestone {

Result<std::string> MountOriginStorage([[maybe_unused]] const std::string& scope) {
#ifdef __EMSCRIPTEN_PTHREADS__
  const backend_t backend = wasmfs_create_opfs_backend();
  if (!backend || wasmfs_create_directory("/opfs", 0777, backend) != 0) {
    return Status(StatusCode::kUnavailable, "This browser gives the page no storage of its own.");
  }
  std::string folder = "/opfs/lodestone";
  // One folder a site, as web/origin_files.mjs names it: no two paths have one name.
  constexpr char kHex[] = "0123456789abcdef";
  for (const char c : scope) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain) folder += c;
    else if (c == '/') folder += '-';
    else (folder += '_').append({kHex[(c >> 4) & 15], kHex[c & 15]});
  }
  mkdir(folder.c_str(), 0777);  // there already on every visit but the first
  struct stat info;
  if (stat(folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    return Status(StatusCode::kUnavailable, "This browser gives the page no storage of its own.");
  }
  return folder + "/library.sqlite";
#else
  return Status(StatusCode::kUnavailable, "This browser gives the page no storage of its own.");
#endif
}

}  // namespace lodestone
