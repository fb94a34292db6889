#pragma once

#include <cstdint>

namespace lodestone {

// Time that tests can hold still.
// Thread: any.
class Clock {
 public:
  virtual ~Clock() = default;
  // Monotonic, from an arbitrary start.
  virtual double NowMs() const = 0;
  // Milliseconds since 1970 in UTC.
  virtual int64_t WallMs() const = 0;
};

// The machine's own clock; never destroyed.
const Clock& SystemClock();

}  // namespace lodestone
