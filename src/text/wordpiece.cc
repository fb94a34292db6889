#include "text/wordpiece.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "text/utf8.h"

namespace lodestone {
namespace {

// A polynomial hash: the hash of every piece that begins at one place comes out of one pass over the word,
// so that the longest match costs a table probe per candidate and no hashing.
constexpr uint64_t kMultiplier = 0x9E3779B97F4A7C15ull;
constexpr uint64_t kInitialSeed = 0x243F6A8885A308D3ull;
constexpr uint64_t kContinuingSeed = 0x452821E638D01377ull;

inline uint64_t Extend(uint64_t hash, char c) {
  return (hash ^ static_cast<unsigned char>(c)) * kMultiplier;
}

inline size_t SlotOf(uint64_t hash) { return static_cast<size_t>(hash >> 24); }

}  // namespace

WordPiece::WordPiece(size_t piece_count, std::string continuing_prefix, size_t max_characters_per_word,
                     int32_t unknown_id)
    : continuing_prefix_(std::move(continuing_prefix)),
      max_characters_per_word_(max_characters_per_word),
      unknown_id_(unknown_id) {
  slots_.resize(std::bit_ceil(std::max<size_t>(piece_count, 8) * 3));
  mask_ = slots_.size() - 1;
  pieces_.reserve(piece_count * 8);
}

void WordPiece::Add(std::string_view piece, int32_t id) {
  uint64_t hash = kInitialSeed;
  // The bare prefix is an ordinary word.
  if (!continuing_prefix_.empty() && piece.size() > continuing_prefix_.size() &&
      piece.starts_with(continuing_prefix_)) {
    hash = kContinuingSeed;
    piece.remove_prefix(continuing_prefix_.size());
  }
  if (piece.empty() || piece.size() > kMaxWordBytes) return;
  for (const char c : piece) hash = Extend(hash, c);
  size_t index = SlotOf(hash) & mask_;
  while (slots_[index].id != kNone) index = (index + 1) & mask_;
  slots_[index] = {hash, static_cast<uint32_t>(pieces_.size()), static_cast<uint16_t>(piece.size()), id};
  pieces_.append(piece);
  longest_piece_ = std::max(longest_piece_, piece.size());
}

int32_t WordPiece::Lookup(uint64_t hash, std::string_view piece) const {
  size_t index = SlotOf(hash) & mask_;
  while (slots_[index].id != kNone) {
    const Slot& slot = slots_[index];
    if (slot.hash == hash && slot.length == piece.size() &&
        std::memcmp(pieces_.data() + slot.offset, piece.data(), piece.size()) == 0) {
      return slot.id;
    }
    index = (index + 1) & mask_;
  }
  return kNone;
}

int32_t WordPiece::Find(std::string_view word) const {
  uint64_t hash = kInitialSeed;
  for (const char c : word) hash = Extend(hash, c);
  return Lookup(hash, word);
}

void WordPiece::Split(std::string_view word, size_t character_count, std::vector<int32_t>* ids) const {
  if (character_count > max_characters_per_word_ || word.size() > kMaxWordBytes) {
    ids->push_back(unknown_id_);
    return;
  }
  const size_t first_new = ids->size();
  uint64_t hashes[kMaxWordBytes];
  size_t position = 0;
  while (position < word.size()) {
    uint64_t hash = position == 0 ? kInitialSeed : kContinuingSeed;
    const size_t limit = std::min(word.size() - position, longest_piece_);
    for (size_t i = 0; i < limit; ++i) {
      hash = Extend(hash, word[position + i]);
      hashes[i] = hash;
    }
    int32_t id = kNone;
    size_t length = limit;
    for (; length > 0; --length) {
      const size_t end = position + length;
      if (end < word.size() && IsUtf8Continuation(word[end])) continue;
      id = Lookup(hashes[length - 1], word.substr(position, length));
      if (id != kNone) break;
    }
    if (id == kNone) {
      ids->resize(first_new);
      ids->push_back(unknown_id_);
      return;
    }
    ids->push_back(id);
    position += length;
  }
}

}  // namespace lodestone
