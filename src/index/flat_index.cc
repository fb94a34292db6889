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
constexpr uint32_t kMagic = 0x54414c46;  // "FLAT"
constexpr uint32_t kVersion = 1;
static_assert(std::endian::native == std::endian::little);

// What saved rows begin with; then, block by block, the arrays of Block as far as rows go, and all its tombstones.
struct SavedHead {
  uint32_t magic = kMagic;
  uint32_t version = kVersion;
  uint32_t dimension = 0;
  uint32_t row_count = 0;
};

struct alignas(64) CacheLine {
  int8_t bytes[64];
};

// Rows that stay where they are. Written only past the published row count, but for `dead`.
struct Block {
  Block(uint32_t dimension, uint32_t padded_dimension)
      : codes(std::make_unique_for_overwrite<CacheLine[]>(
            (size_t{kBlockRows} * padded_dimension + sizeof(CacheLine) - 1) / sizeof(CacheLine))),
        halves(std::make_unique_for_overwrite<uint16_t[]>(size_t{kBlockRows} * dimension)),
        scales(kBlockRows),
        inverse_norms(kBlockRows),
        passages(kBlockRows) {}

  int8_t* code_bytes() { return codes[0].bytes; }
  const int8_t* code_bytes() const { return codes[0].bytes; }

  // Both are written row by row: clearing them first would be a quarter of the time that loading takes.
  std::unique_ptr<CacheLine[]> codes;   // [kBlockRows x padded_dimension] i8
  std::unique_ptr<uint16_t[]> halves;   // [kBlockRows x dimension] f16
  std::vector<float> scales;         // a code times this is its part of the unit vector
  std::vector<float> inverse_norms;  // of the f16 values: 0 for a row without direction
  std::vector<PassageId> passages;
  std::array<std::atomic<uint64_t>, kBlockRows / kWordRows> dead{};  // a bit a row

  // Calls move(address, size) for all that is kept of `rows` rows, in order.
  template <typename Self, typename Move>
  static void ForEachPart(Self& block, Row rows, uint32_t dimension, uint32_t padded_dimension, Move move) {
    move(block.code_bytes(), size_t{rows} * padded_dimension);
    move(block.halves.get(), size_t{rows} * dimension * sizeof(uint16_t));
    move(block.scales.data(), rows * sizeof(float));
    move(block.inverse_norms.data(), rows * sizeof(float));
    move(block.passages.data(), rows * sizeof(PassageId));
    move(block.dead.data(), sizeof block.dead);
  }
};
static_assert(std::atomic<uint64_t>::is_always_lock_free);

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
    int8_t* const codes = block.code_bytes() + size_t{i} * padded_dimension;
    const float scale = Quantise(floats.data(), dimension, kMaxRowCode, codes);
    std::memset(codes + dimension, 0, padded_dimension - dimension);
    const float inverse_norm = scale > 0 ? 1 / std::sqrt(sum_of_squares) : 0;
    block.scales[i] = scale * inverse_norm;
    block.inverse_norms[i] = inverse_norm;
    // What is not finite must not be multiplied by that 0.
    uint16_t* const kept = &block.halves[size_t{i} * dimension];
    if (scale > 0) std::memcpy(kept, half_bits, dimension * sizeof(uint16_t));
    else std::memset(kept, 0, dimension * sizeof(uint16_t));
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
  int32_t block_dots[kBlockRows];
  const int32_t* dots = block_dots;
  for (Row row = begin; row < end;) {
    const Block& block = impl_->BlockOf(row);
    const Row first = row % kBlockRows;
    if (row == begin || first == 0) {
      const Row block_rows = std::min(end - row, kBlockRows - first);
      DotRows(query.codes.data(), block.code_bytes() + size_t{first} * impl_->padded_dimension,
              impl_->padded_dimension, block_rows, block_dots);
      dots = block_dots;
    }
    // Up to the next multiple of kWordRows: one word of tombstones.
    const Row next = std::min(end, (row / kWordRows + 1) * kWordRows);
    const Row count = next - row;
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
    dots += count;
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

size_t FlatIndex::saved_bytes() const {
  const size_t rows = row_count();
  const size_t blocks = (rows + kBlockRows - 1) / kBlockRows;
  const size_t row_bytes = impl_->padded_dimension + impl_->dimension * sizeof(uint16_t) + 2 * sizeof(float) + sizeof(PassageId);
  return sizeof(SavedHead) + rows * row_bytes + blocks * sizeof(Block::dead);
}

void FlatIndex::SaveTo(char* bytes) const {
  const Row rows = row_count();
  const SavedHead head{.dimension = impl_->dimension, .row_count = rows};
  std::memcpy(bytes, &head, sizeof head);
  bytes += sizeof head;
  for (Row row = 0; row < rows; row += kBlockRows) {
    Block::ForEachPart(impl_->BlockOf(row), std::min(rows - row, kBlockRows), impl_->dimension, impl_->padded_dimension,
                       [&bytes](const void* part, size_t size) {
                         std::memcpy(bytes, part, size);
                         bytes += size;
                       });
  }
}

Result<std::unique_ptr<FlatIndex>> FlatIndex::Load(std::string_view bytes) {
  const auto bad = [](const char* why) { return Status(StatusCode::kBadData, "The saved vectors are damaged.", why); };
  SavedHead head;
  if (bytes.size() < sizeof head) return bad("too short");
  std::memcpy(&head, bytes.data(), sizeof head);
  if (head.magic != kMagic || head.version != kVersion) return bad("another format or version");
  if (head.dimension == 0 || head.dimension > kMaxDimension || head.row_count > kMaxBlocks * kBlockRows) return bad("shape");
  auto index = std::make_unique<FlatIndex>(head.dimension);
  Impl& impl = *index->impl_;
  bytes.remove_prefix(sizeof head);
  for (Row row = 0; row < head.row_count; row += kBlockRows) {
    const Row rows = std::min(head.row_count - row, kBlockRows);
    size_t wanted = 0;
    Block& block = impl.BlockForNext(row);
    const auto size_up = [&wanted](const void*, size_t size) { wanted += size; };
    Block::ForEachPart(block, rows, impl.dimension, impl.padded_dimension, size_up);
    if (bytes.size() < wanted) return bad("too short");
    const auto fill = [&bytes](void* part, size_t size) {
      std::memcpy(part, bytes.data(), size);
      bytes.remove_prefix(size);
    };
    Block::ForEachPart(block, rows, impl.dimension, impl.padded_dimension, fill);
    if (rows < kBlockRows) {
      // No row that is yet to come is removed.
      for (Row i = rows; i < kBlockRows; ++i) block.dead[i / kWordRows] &= ~(uint64_t{1} << (i % kWordRows));
    }
    uint32_t removed = 0;
    for (const auto& word : block.dead) removed += static_cast<uint32_t>(std::popcount(word.load(std::memory_order_relaxed)));
    impl.live_count.fetch_add(rows - removed, std::memory_order_relaxed);
  }
  if (!bytes.empty()) return bad("too long");
  impl.row_count.store(head.row_count, std::memory_order_release);
  return index;
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
    if (best.size() == count) {
      // Nearly all rows end here.
      const float worst = best.front().score;
      while (i < scores.size() && !(scores[i] > worst)) ++i;
      if (i == scores.size()) break;
    }
    const float score = scores[i];
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
