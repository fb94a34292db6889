#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lodestone {

// What tells contents apart: 128 bits as 32 hexadecimal digits, the same on every machine and in
// every version, as it is stored. Not for secrets: collisions can be made on purpose.
std::string ContentHash(std::string_view bytes);

// 64 bits for finding damage, stored too. `seed` chains pieces: Checksum(b, Checksum(a)).
uint64_t Checksum(std::string_view bytes, uint64_t seed = 0);

}  // namespace lodestone
