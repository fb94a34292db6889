#pragma once

#include <algorithm>
#include <atomic>

#include "index/flat_index.h"

namespace lodestone {

// Shares the rows of one scan out to threads, in pieces: none waits long for another's last piece, whoever is awake first
// takes most, and a thread that wakes too late is not waited for.
// Thread: any.
class ScanPieces {
 public:
  static constexpr Row kPieceRows = 4096;
  struct Piece {
    Row number = 0;
    Row begin = 0;
    Row end = 0;
  };

  explicit ScanPieces(Row rows) : rows_(rows), left_(count()) {}

  Row count() const { return (rows_ + kPieceRows - 1) / kPieceRows; }
  // False when all are taken.
  bool Take(Piece* piece) {
    const Row number = next_.fetch_add(1, std::memory_order_relaxed);
    if (number >= count()) return false;
    *piece = {number, number * kPieceRows, std::min(rows_, (number + 1) * kPieceRows)};
    return true;
  }
  // A piece that was taken is done. True for the last of all: what the others wrote is seen by whoever hears that.
  bool Done() { return left_.fetch_sub(1, std::memory_order_acq_rel) == 1; }

 private:
  const Row rows_;
  std::atomic<Row> next_ = 0;
  std::atomic<Row> left_;
};

}  // namespace lodestone
