// The exports of a module that scripts/bench measures the indexes with; no part of the site.
// Thread: every export is called on one worker, which may block.

#include <emscripten.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "index/flat_index.h"
#include "index/hnsw_index.h"
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
  std::string saved;
  std::vector<float> scores;
};
Bench bench;

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
  bench.saved = {};
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
  const PreparedVector prepared = bench.flat->Prepare({query, bench.flat->dimension()});
  const Row count = bench.flat->row_count();
  bench.scores.resize(count);
  std::vector<std::vector<ScoredRow>> best(static_cast<size_t>(threads));
  InParallel(threads, [&](int part) {
    const Row begin = static_cast<Row>(uint64_t{count} * static_cast<uint32_t>(part) / static_cast<uint32_t>(threads));
    const Row end = static_cast<Row>(uint64_t{count} * static_cast<uint32_t>(part + 1) / static_cast<uint32_t>(threads));
    float* scores = bench.scores.data() + begin;
    bench.flat->Scan(prepared, begin, end, scores);
    best[static_cast<size_t>(part)] = SelectTop({scores, end - begin}, begin, 4 * size_t{top});
  });
  std::vector<ScoredRow> hits;
  for (const std::vector<ScoredRow>& some : best) hits.insert(hits.end(), some.begin(), some.end());
  for (ScoredRow& hit : hits) hit.score = bench.flat->Rescore(prepared, hit.row);
  std::sort(hits.begin(), hits.end(), [](const ScoredRow& a, const ScoredRow& b) { return a.score > b.score; });
  return bench.TopOf(hits, top, rows);
}

// Returns the size in bytes.
EMSCRIPTEN_KEEPALIVE uint32_t bench_save() {
  bench.saved = bench.graph->Save();
  return static_cast<uint32_t>(bench.saved.size());
}

// Puts what was saved in the graph's place.
EMSCRIPTEN_KEEPALIVE void bench_load() {
  bench.graph.reset();
  Result<std::unique_ptr<HnswIndex>> loaded = HnswIndex::Load(bench.flat, bench.saved);
  LODESTONE_CHECK(loaded.ok());
  bench.graph = std::move(loaded).value();
}

}  // extern "C"
