#include "store/checksum.h"

#include "base/hash.h"

namespace lodestone {

int64_t DocumentChecksum(std::string_view text, const std::vector<Passage>& passages) {
  uint64_t checksum = Checksum(text);
  for (const Passage& passage : passages) {
    const uint32_t range[] = {passage.start, passage.end};
    checksum = Checksum({reinterpret_cast<const char*>(range), sizeof range}, checksum);
    checksum = Checksum(passage.heading_path, checksum);
  }
  return static_cast<int64_t>(checksum);
}

int64_t VectorChecksum(std::string_view vector, uint32_t position) {
  return static_cast<int64_t>(Checksum(vector, position));
}

}  // namespace lodestone
