#include "index/scan_pieces.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace lodestone {
namespace {

TEST(ScanPieces, CoverEveryRowOnce) {
  for (const Row rows : {Row{1}, ScanPieces::kPieceRows, ScanPieces::kPieceRows + 1, 3 * ScanPieces::kPieceRows - 1}) {
    ScanPieces pieces(rows);
    Row covered = 0;
    for (ScanPieces::Piece piece; pieces.Take(&piece);) {
      EXPECT_EQ(piece.begin, covered);
      EXPECT_EQ(piece.begin, piece.number * ScanPieces::kPieceRows);
      EXPECT_GT(piece.end, piece.begin);
      covered = piece.end;
      EXPECT_EQ(pieces.Done(), covered == rows);
    }
    EXPECT_EQ(covered, rows);
  }
}

TEST(ScanPieces, WhoeverHearsOfTheLastSeesAll) {
  constexpr Row kRows = 200 * ScanPieces::kPieceRows;
  ScanPieces pieces(kRows);
  std::vector<Row> sizes(pieces.count());  // no atomics: the thread sanitizer looks on
  std::atomic<int> heard = 0;
  const auto work = [&] {
    for (ScanPieces::Piece piece; pieces.Take(&piece);) {
      sizes[piece.number] = piece.end - piece.begin;
      if (!pieces.Done()) continue;
      ++heard;
      Row rows = 0;
      for (const Row size : sizes) rows += size;
      EXPECT_EQ(rows, kRows);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(heard, 1);
}

}  // namespace
}  // namespace lodestone
