#pragma once

namespace lodestone {

// Prints `file:line: message` to standard error and aborts: for bugs of ours, never for bad input.
[[noreturn]] void CheckFailed(const char* file, int line, const char* message);

}  // namespace lodestone

#define LODESTONE_CHECK(condition)                                        \
  do {                                                                    \
    if (!(condition)) ::lodestone::CheckFailed(__FILE__, __LINE__, #condition); \
  } while (false)
