#pragma once

#include <cstdint>
#include <functional>

namespace lodestone {

// An integer that cannot be mixed up with another kind of id.
template <typename Tag, typename Int = uint32_t>
struct Id {
  Int value = 0;
  friend bool operator==(Id, Id) = default;
  friend auto operator<=>(Id, Id) = default;
};

using DocumentId = Id<struct DocumentTag>;   // row id in the store; 0 is none
using PassageId = Id<struct PassageTag>;     // row id in the store; 0 is none
using RequestId = Id<struct RequestTag>;     // the page's number for one request
using FileId = Id<struct FileTag>;           // the host's handle for one readable file
// A word's stem by its hash: of a million stems two are alike once in 40 million libraries.
using TermId = Id<struct TermTag, uint64_t>;

}  // namespace lodestone

template <typename Tag, typename Int>
struct std::hash<lodestone::Id<Tag, Int>> {
  size_t operator()(lodestone::Id<Tag, Int> id) const noexcept { return std::hash<Int>{}(id.value); }
};
