#include "index/flat_index.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "index/kernels.h"

namespace lodestone {
namespace {

constexpr Row kBlockRows = 1024;
constexpr size_t kMaxBlocks = 16384;
constexpr Row kWordRows = 64;  // rows that one word of tombstones covers

struct alignas(64) CacheLine {
  int8_t bytes[64];
};

// Rows that stay where they are. Written only past the published row count, but for `dead`.
struct Block {
  Block(uint32_t dimension, uint32_t padded_dimension)
      : codes((size_t{kBlockRows} * padded_dimension + sizeof(CacheLine) - 1) / sizeof(CacheLine)),
        halves(size_t{kBlockRows} * dimension),
        scales(kBlockRows),
        inverse_norms(kBlockRows),
        passages(kBlockRows) {}

  int8_t* code_bytes() { return codes.data()->bytes; }
  const int8_t* code_bytes() const { return codes.data()->bytes; }

  std::vector<CacheLine> codes;   // [kBlockRows x padded_dimension] i8
  std::vector<uint16_t> halves;   // [kBlockRows x dimension] f16
  std::vector<float> scales;         // a code times this is its part of the unit vector
  std::vector<float> inverse_norms;  // of the f16 values: 0 for a row without direction
  std::vector<PassageId> passages;
  std::array<std::atomic<uint64_t>, kBlockRows / kWordRows> dead{};  // a bit a row
};

}  // namespace

struct FlatIndex::Impl {
  explicit Impl(uint32_t dimension)
      : dimension(dimension),
        padded_dimension((dimension + kKernelLanes - 1) / kKernelLanes * kKernelLanes),
        blocks(kMaxBlocks),
        floats(dimension),
        halves(dimension) {}

  const Block& BlockOf(Row row) const { return *blocks[row / kBlockRows]; }

  // The block where the next row goes; its pointer is published with the row.
  Block& BlockForNext(Row row) {
    LODESTONE_CHECK(row / kBlockRows < kMaxBlocks);
    std::unique_ptr<Block>& block = blocks[row / kBlockRows];
    if (!block) block = std::make_unique<Block>(dimension, padded_dimension);
    return *block;
  }

  // Rounding to f16 moves a vector's length by more than it turns it: divided by the length of what
  // is stored, cosines are several times closer to those of the f32 vectors.
  Row Append(PassageId passage, const uint16_t* half_bits) {
    const Row row = row_count.load(std::memory_order_relaxed);
    Block& block = BlockForNext(row);
    const Row i = row % kBlockRows;
    const float sum_of_squares = FromHalf(half_bits, dimension, floats.data());
    const float scale = Quantise(floats.data(), dimension, kMaxRowCode, block.code_bytes() + size_t{i} * padded_dimension);
    const float inverse_norm = scale > 0 ? 1 / std::sqrt(sum_of_squares) : 0;
    block.scales[i] = scale * inverse_norm;
    block.inverse_norms[i] = inverse_norm;
    // What is not finite must not be multiplied by that 0.
    if (scale > 0) std::memcpy(&block.halves[size_t{i} * dimension], half_bits, dimension * sizeof(uint16_t));
    block.passages[i] = passage;
    live_count.fetch_add(1, std::memory_order_relaxed);
    row_count.store(row + 1, std::memory_order_release);
    return row;
  }

  const int8_t* Codes(Row row) const {
    return BlockOf(row).code_bytes() + size_t{row % kBlockRows} * padded_dimension;
  }
  float Scale(Row row) const { return BlockOf(row).scales[row % kBlockRows]; }

  template <typename Code>
  void Score(const Code* query, float scale, std::span<const Row> rows, float* scores) const {
    constexpr size_t kRowsAtOnce = 16;
    const Row known = row_count.load(std::memory_order_acquire);
    const int8_t* codes[kRowsAtOnce];
    int32_t dots[kRowsAtOnce];
    for (size_t begin = 0; begin < rows.size(); begin += kRowsAtOnce) {
      const size_t count = std::min(kRowsAtOnce, rows.size() - begin);
      for (size_t i = 0; i < count; ++i) {
        LODESTONE_CHECK(rows[begin + i] < known);
        codes[i] = Codes(rows[begin + i]);
      }
      DotScattered(query, codes, padded_dimension, static_cast<uint32_t>(count), dots);
      for (size_t i = 0; i < count; ++i) {
        scores[begin + i] = static_cast<float>(dots[i]) * (scale * Scale(rows[begin + i]));
      }
    }
  }

  const uint32_t dimension;
  const uint32_t padded_dimension;
  std::vector<std::unique_ptr<Block>> blocks;  // never resized
  std::atomic<Row> row_count{0};               // publishes rows: stored with release
  std::atomic<uint32_t> live_count{0};
  std::vector<float> floats;      // of the writing thread
  std::vector<uint16_t> halves;   // of the writing thread
};

FlatIndex::FlatIndex(uint32_t dimension) {
  LODESTONE_CHECK(dimension > 0 && dimension <= kMaxDimension);
  impl_ = std::make_unique<Impl>(dimension);
}

FlatIndex::~FlatIndex() = default;

uint32_t FlatIndex::dimension() const { return impl_->dimension; }

Row FlatIndex::Add(PassageId passage, std::span<const float> vector) {
  LODESTONE_CHECK(vector.size() == impl_->dimension);
  std::transform(vector.begin(), vector.end(), impl_->halves.begin(), FloatToHalf);
  return impl_->Append(passage, impl_->halves.data());
}

Row FlatIndex::AddHalf(PassageId passage, std::span<const uint16_t> half_bits) {
  LODESTONE_CHECK(half_bits.size() == impl_->dimension);
  return impl_->Append(passage, half_bits.data());
}

void FlatIndex::Remove(Row row) {
  LODESTONE_CHECK(row < row_count());
  std::atomic<uint64_t>& word = impl_->blocks[row / kBlockRows]->dead[row % kBlockRows / kWordRows];
  const uint64_t bit = uint64_t{1} << (row % kWordRows);
  if ((word.fetch_or(bit, std::memory_order_relaxed) & bit) == 0) {
    impl_->live_count.fetch_sub(1, std::memory_order_relaxed);
  }
}

Row FlatIndex::row_count() const { return impl_->row_count.load(std::memory_order_acquire); }

uint32_t FlatIndex::live_count() const { return impl_->live_count.load(std::memory_order_relaxed); }

bool FlatIndex::IsLive(Row row) const {
  LODESTONE_CHECK(row < row_count());
  const uint64_t dead = impl_->BlockOf(row).dead[row % kBlockRows / kWordRows].load(std::memory_order_relaxed);
  return (dead >> (row % kWordRows) & 1) == 0;
}

PassageId FlatIndex::passage(Row row) const {
  LODESTONE_CHECK(row < row_count());
  return impl_->BlockOf(row).passages[row % kBlockRows];
}

size_t FlatIndex::memory_bytes() const {
  const size_t row_bytes = impl_->padded_dimension + impl_->dimension * sizeof(uint16_t) +
                           2 * sizeof(float) + sizeof(PassageId);
  const size_t block_count = (size_t{row_count()} + kBlockRows - 1) / kBlockRows;
  return block_count * (sizeof(Block) + kBlockRows * row_bytes) + kMaxBlocks * sizeof(void*);
}

PreparedVector FlatIndex::Prepare(std::span<const float> query) const {
  LODESTONE_CHECK(query.size() == impl_->dimension);
  PreparedVector prepared;
  prepared.values.assign(query.begin(), query.end());
  prepared.codes.resize(impl_->padded_dimension);
  prepared.scale = Quantise(query.data(), impl_->dimension, kMaxQueryCode, prepared.codes.data());
  if (prepared.scale == 0) std::fill(prepared.values.begin(), prepared.values.end(), 0.0f);
  return prepared;
}

ScoreSums FlatIndex::Scan(const PreparedVector& query, Row begin, Row end, float* scores) const {
  LODESTONE_CHECK(end <= row_count() && begin <= end && query.codes.size() == impl_->padded_dimension);
  ScoreSums sums;
  int32_t dots[kWordRows];
  for (Row row = begin; row < end;) {
    // Up to the next multiple of kWordRows: one block, one word of tombstones.
    const Row next = std::min(end, (row / kWordRows + 1) * kWordRows);
    const Row count = next - row;
    const Block& block = impl_->BlockOf(row);
    const Row first = row % kBlockRows;
    DotRows(query.codes.data(), block.code_bytes() + size_t{first} * impl_->padded_dimension, impl_->padded_dimension,
            count, dots);
    float* out = scores + (row - begin);
    float sum = 0;
    float sum_of_squares = 0;
    for (Row i = 0; i < count; ++i) {
      out[i] = static_cast<float>(dots[i]) * (query.scale * block.scales[first + i]);
      sum += out[i];
      sum_of_squares += out[i] * out[i];
    }
    uint64_t dead = block.dead[first / kWordRows].load(std::memory_order_relaxed) >> (first % kWordRows);
    if (count < kWordRows) dead &= (uint64_t{1} << count) - 1;
    sums.count += count - static_cast<uint32_t>(std::popcount(dead));
    for (; dead != 0; dead &= dead - 1) {
      float& score = out[std::countr_zero(dead)];
      sum -= score;
      sum_of_squares -= score * score;
      score = kDeadScore;
    }
    sums.sum += sum;
    sums.sum_of_squares += sum_of_squares;
    row = next;
  }
  return sums;
}

void FlatIndex::ScoreRows(const PreparedVector& query, std::span<const Row> rows, float* scores) const {
  LODESTONE_CHECK(query.codes.size() == impl_->padded_dimension);
  impl_->Score(query.codes.data(), query.scale, rows, scores);
}

void FlatIndex::ScoreRows(Row query, std::span<const Row> rows, float* scores) const {
  LODESTONE_CHECK(query < row_count());
  impl_->Score(impl_->Codes(query), impl_->Scale(query), rows, scores);
}

bool FlatIndex::SameCodes(Row a, Row b) const {
  LODESTONE_CHECK(a < row_count() && b < row_count());
  return impl_->Scale(a) == impl_->Scale(b) &&
         std::memcmp(impl_->Codes(a), impl_->Codes(b), impl_->padded_dimension) == 0;
}

float FlatIndex::Rescore(const PreparedVector& query, Row row) const {
  LODESTONE_CHECK(row < row_count() && query.values.size() == impl_->dimension);
  const Block& block = impl_->BlockOf(row);
  const Row i = row % kBlockRows;
  return block.inverse_norms[i] *
         DotHalf(query.values.data(), &block.halves[size_t{i} * impl_->dimension], impl_->dimension);
}

std::vector<ScoredRow> SelectTop(std::span<const float> scores, Row first_row, size_t count) {
  // The heap's front is the worst of the best so far. Rows come in order, so one that only equals
  // the front is behind it.
  const auto better = [](const ScoredRow& a, const ScoredRow& b) {
    return a.score > b.score || (a.score == b.score && a.row < b.row);
  };
  std::vector<ScoredRow> best;
  if (count == 0) return best;
  best.reserve(std::min(count, scores.size()));
  for (size_t i = 0; i < scores.size(); ++i) {
    const float score = scores[i];
    if (best.size() == count && !(score > best.front().score)) continue;
    if (score == FlatIndex::kDeadScore || std::isnan(score)) continue;
    if (best.size() == count) {
      std::pop_heap(best.begin(), best.end(), better);
      best.pop_back();
    }
    best.push_back({first_row + static_cast<Row>(i), score});
    std::push_heap(best.begin(), best.end(), better);
  }
  std::sort_heap(best.begin(), best.end(), better);
  return best;
}

}  // namespace lodestone
