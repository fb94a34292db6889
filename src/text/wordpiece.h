#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lodestone {

// The vocabulary of a WordPiece model and its greedy longest-match-first split of one word.
// Thread: any at once after the last Add.
class WordPiece {
 public:
  static constexpr int32_t kNone = -1;
  // Words are given as at most this many bytes; longer ones are unknown without a look.
  static constexpr size_t kMaxWordBytes = 1024;

  WordPiece(size_t piece_count, std::string continuing_prefix, size_t max_characters_per_word, int32_t unknown_id);

  void Add(std::string_view piece, int32_t id);

  // Appends the ids of a normalised word: its pieces, or the unknown id alone when it has none.
  // `character_count` is its length in code points.
  void Split(std::string_view word, size_t character_count, std::vector<int32_t>* ids) const;

  // The id of a whole word, kNone if it is no piece by itself.
  int32_t Find(std::string_view word) const;

  int32_t unknown_id() const { return unknown_id_; }
  size_t max_characters_per_word() const { return max_characters_per_word_; }

 private:
  struct Slot {
    uint64_t hash = 0;
    uint32_t offset = 0;  // into pieces_
    uint16_t length = 0;
    int32_t id = kNone;
  };

  int32_t Lookup(uint64_t hash, std::string_view piece) const;

  std::string pieces_;  // continuing pieces without their prefix
  std::vector<Slot> slots_;
  size_t mask_ = 0;
  std::string continuing_prefix_;
  size_t max_characters_per_word_;
  size_t longest_piece_ = 0;
  int32_t unknown_id_;
};

}  // namespace lodestone
