#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace lodestone {

void CheckFailed(const char* file, int line, const char* message) {
  std::fprintf(stderr, "%s:%d: check failed: %s\n", file, line, message);
  std::abort();
}

}  // namespace lodestone
