// The exports of a module that scripts/bench measures the indexes with; no part of the site.
// Thread: every export is called on one worker, which may block.

#include <emscripten.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <latch>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "index/flat_index.h"
#include "index/hnsw_index.h"
#include "index/scan_pieces.h"
#include "platform/thread_pool.h"

namespace lodestone {
namespace {

struct Bench {
  Row TopOf(const std::vector<ScoredRow>& hits, uint32_t count, Row* rows) {
    const Row found = static_cast<Row>(std::min<size_t>(hits.size(), count));
    for (Row i = 0; i < found; ++i) rows[i] = hits[i].row;
    return found;
  }

  std::shared_ptr<FlatIndex> flat;
  std::unique_ptr<HnswIndex> graph;
  std::unique_ptr<ThreadPool> pool;
  std::unique_ptr<char[]> saved;  // the flat index, then the graph
  size_t flat_bytes = 0;
  size_t room_bytes = 0;
};
Bench bench;

// What one search's threads share.
struct ExactScan {
  ExactScan(std::shared_ptr<FlatIndex> index, const float* vector, size_t top)
      : flat(std::move(index)),
        query(flat->Prepare({vector, flat->dimension()})),
        wanted(2 * top),
        pieces(flat->row_count()) {}

  // Until no piece is left; then `best` has this thread's, rescored.
  void Run(std::vector<ScoredRow>* best) {
    std::vector<float> scores(ScanPieces::kPieceRows);
    float floor = FlatIndex::kDeadScore;
    const auto keep_best = [&] {
      if (best->size() <= wanted) return;
      const auto better = [](const ScoredRow& a, const ScoredRow& b) { return a.score > b.score; };
      std::nth_element(best->begin(), best->begin() + static_cast<ptrdiff_t>(wanted - 1), best->end(), better);
      best->resize(wanted);
      floor = best->back().score;
    };
    for (ScanPieces::Piece piece; pieces.Take(&piece);) {
      flat->Scan(query, piece.begin, piece.end, scores.data());
      for (Row row = piece.begin; row < piece.end; ++row) {
        const float score = scores[row - piece.begin];
        if (!(score > floor)) continue;
        best->push_back({row, score});
        if (best->size() == 4 * wanted) keep_best();
      }
    }
    keep_best();
    for (ScoredRow& hit : *best) hit.score = flat->Rescore(query, hit.row);
  }

  // False when the caller has gone on without this thread.
  bool Join() {
    if ((helpers.fetch_add(1, std::memory_order_acq_rel) & kClosed) == 0) return true;
    Leave();
    return false;
  }
  void Leave() {
    helpers.fetch_sub(1, std::memory_order_acq_rel);
    helpers.notify_all();
  }
  // Nobody joins any more, and those who have are done.
  void Close() {
    uint32_t now = helpers.fetch_or(kClosed, std::memory_order_acq_rel) | kClosed;
    while (now != kClosed) {
      helpers.wait(now, std::memory_order_acquire);
      now = helpers.load(std::memory_order_acquire);
    }
  }

  static constexpr uint32_t kClosed = 1u << 31;
  const std::shared_ptr<FlatIndex> flat;
  const PreparedVector query;
  const size_t wanted;
  ScanPieces pieces;
  std::atomic<uint32_t> helpers = 0;
  std::vector<std::vector<ScoredRow>> best;  // by thread
};

// Runs part(0) to part(threads - 1) at once, the first here.
template <typename Part>
void InParallel(int threads, Part part) {
  std::latch others(threads - 1);
  for (int i = 1; i < threads; ++i) {
    bench.pool->Post(Priority::kInteractive, [&, i] {
      part(i);
      others.count_down();
    });
  }
  part(0);
  others.wait();
}

}  // namespace
}  // namespace lodestone

extern "C" {

using namespace lodestone;

// Starts over with nothing in the index; `threads` at most are used later.
EMSCRIPTEN_KEEPALIVE void bench_reset(uint32_t dimension, int threads) {
  bench.graph.reset();
  bench.saved.reset();
  bench.flat = std::make_shared<FlatIndex>(dimension);
  if (threads > 1 && !bench.pool) bench.pool = std::make_unique<ThreadPool>(threads - 1);
}

// `vectors` is [count x dimension] f32, unit length.
EMSCRIPTEN_KEEPALIVE void bench_add(const float* vectors, uint32_t count) {
  const uint32_t dimension = bench.flat->dimension();
  for (uint32_t i = 0; i < count; ++i) {
    bench.flat->Add(PassageId{bench.flat->row_count() + 1}, {vectors + size_t{i} * dimension, dimension});
  }
}

EMSCRIPTEN_KEEPALIVE void bench_begin_graph(uint32_t links, uint32_t build_width) {
  bench.graph = std::make_unique<HnswIndex>(bench.flat, HnswOptions{.links = links, .build_width = build_width});
}

EMSCRIPTEN_KEEPALIVE void bench_insert(int threads, Row begin, Row end) {
  std::atomic<Row> next = begin;
  InParallel(threads, [&](int) {
    for (Row row; (row = next.fetch_add(1, std::memory_order_relaxed)) < end;) bench.graph->Insert(row);
  });
}

// Write the best rows to `rows` [top] and return how many there are.
EMSCRIPTEN_KEEPALIVE uint32_t bench_search_graph(const float* query, uint32_t top, uint32_t width, Row* rows) {
  const PreparedVector prepared = bench.flat->Prepare({query, bench.flat->dimension()});
  return bench.TopOf(bench.graph->Search(prepared, top, width), top, rows);
}

EMSCRIPTEN_KEEPALIVE uint32_t bench_search_exact(const float* query, uint32_t top, int threads, Row* rows) {
  const auto scan = std::make_shared<ExactScan>(bench.flat, query, top);
  // As in the engine: waking a thread takes longer than one piece does.
  threads = std::max(1, std::min(threads, static_cast<int>(scan->pieces.count())));
  scan->best.resize(static_cast<size_t>(threads));
  // A thread that wakes too late is not waited for.
  for (int i = 1; i < threads; ++i) {
    bench.pool->Post(Priority::kInteractive, [scan, i] {
      if (!scan->Join()) return;
      scan->Run(&scan->best[static_cast<size_t>(i)]);
      scan->Leave();
    });
  }
  scan->Run(&scan->best[0]);
  scan->Close();
  std::vector<ScoredRow> hits;
  for (const std::vector<ScoredRow>& some : scan->best) hits.insert(hits.end(), some.begin(), some.end());
  std::sort(hits.begin(), hits.end(), [](const ScoredRow& a, const ScoredRow& b) { return a.score > b.score; });
  return bench.TopOf(hits, top, rows);
}

// A buffer with room for vectors and graph, every page of it touched: what the machine takes to give a page is not ours.
EMSCRIPTEN_KEEPALIVE void bench_make_room() {
  bench.room_bytes = bench.flat->saved_bytes() + bench.graph->Save().size();
  bench.saved = std::make_unique<char[]>(bench.room_bytes);
}

// Puts vectors, int8 and f16, and graph into the buffer.
EMSCRIPTEN_KEEPALIVE void bench_save() {
  bench.flat_bytes = bench.flat->saved_bytes();
  bench.flat->SaveTo(bench.saved.get());
  const std::string graph = bench.graph->Save();
  LODESTONE_CHECK(bench.flat_bytes + graph.size() == bench.room_bytes);
  std::memcpy(bench.saved.get() + bench.flat_bytes, graph.data(), graph.size());
}

// Nothing but the buffer is left.
EMSCRIPTEN_KEEPALIVE void bench_drop() {
  bench.graph.reset();
  bench.flat.reset();
}

// Makes both anew from the buffer.
EMSCRIPTEN_KEEPALIVE void bench_load() {
  const std::string_view saved(bench.saved.get(), bench.room_bytes);
  Result<std::unique_ptr<FlatIndex>> flat = FlatIndex::Load(saved.substr(0, bench.flat_bytes));
  LODESTONE_CHECK(flat.ok());
  bench.flat = std::move(flat).value();
  Result<std::unique_ptr<HnswIndex>> graph = HnswIndex::Load(bench.flat, saved.substr(bench.flat_bytes));
  LODESTONE_CHECK(graph.ok());
  bench.graph = std::move(graph).value();
}

}  // extern "C"
