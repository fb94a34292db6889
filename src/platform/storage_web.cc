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
  // One folder a site: the scope's path with everything but letters and digits as '-'.
  for (char c : scope) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    folder += plain ? c : '-';
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
