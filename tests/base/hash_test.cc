#include "base/hash.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace lodestone {
namespace {

// Stored values depend on these: XXH3 as its specification has it.
TEST(Hash, ValuesAreThoseOfTheStandard) {
  EXPECT_EQ(ContentHash(""), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(Checksum(""), 0x2d06800538d394c2u);
}

TEST(Hash, EveryByteCounts) {
  std::string text(1000, 'a');
  std::set<std::string> hashes = {ContentHash(text)};
  std::set<uint64_t> checksums = {Checksum(text)};
  for (char& byte : text) {
    byte ^= 1;
    hashes.insert(ContentHash(text));
    checksums.insert(Checksum(text));
    byte ^= 1;
  }
  EXPECT_EQ(hashes.size(), 1001u);
  EXPECT_EQ(checksums.size(), 1001u);
  EXPECT_NE(Checksum("b", Checksum("a")), Checksum("a", Checksum("b")));
}

}  // namespace
}  // namespace lodestone
