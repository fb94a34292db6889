// The part of Search that finds what is near in meaning: the query's vectors, and who is similar to them.

#include <algorithm>
#include <random>
#include <utility>

#include "engine/search_run.h"
#include "engine/token_windows.h"
#include "index/scan_pieces.h"

namespace lodestone {
namespace {

// By a graph: so many nearest passages for each document that is asked for (a document may have several among
// them), found with this much wider a walk; past the most that pays, all are scanned.
constexpr size_t kNearestPerResult = 16;
constexpr size_t kLeastNearest = 200;
constexpr uint32_t kMostGraphTop = 100;
constexpr double kWalkWidth = 1.25;
// Rows from all over the library that tell mean and deviation of the similarity: with so many, both are within a
// fiftieth of a deviation of the whole library's.
constexpr Row kSampleRows = 4096;
// Rows that have the query's words: so many are worth another thread's waking.
constexpr size_t kWordRowsPerSlice = 2048;

// Their estimates, also at their places in `by_row`.
std::vector<float> ScoreInto(const FlatIndex& index, const PreparedVector& query, const std::vector<Row>& rows,
                             std::vector<float>* by_row) {
  std::vector<float> scores(rows.size());
  index.ScoreRows(query, rows, scores.data());
  for (size_t i = 0; i < rows.size(); ++i) (*by_row)[rows[i]] = scores[i];
  return scores;
}

}  // namespace

// By every model that has vectors of passages which no better one has.
void Search::EmbedQuery(RunPtr run) {
  for (ModelSlot* slot : {&context_->larger, &context_->instant}) {
    if (!slot->ready()) continue;
    const ModelDescription& model = slot->model();
    const Tier* tier = context_->library.FindTier(model.id);
    const bool has_all = tier && tier->index->live_count() >= context_->library.passage_count();
    auto meaning = std::make_shared<Meaning>();
    meaning->model_id = model.id;
    meaning->fusion_weight = model.fusion_weight;
    meaning->similarity_floor = model.similarity_floor;
    run->meanings.push_back(meaning);
    ++run->waiting_for;
    std::vector<std::vector<int32_t>> texts;
    texts.push_back(QueryTokens(*slot->tokenizer, model, run->query.scored_text));
    slot->embedder.EmbedNow(std::move(texts), [this, run, meaning, begun_ms = NowMs()](Result<std::vector<float>> vector) {
      run->parts.embedding_ms = std::max(run->parts.embedding_ms, NowMs() - begun_ms);
      if (vector.ok()) return Scan(run, meaning, std::move(vector).value());
      run->note = "Meaning could not be used: " + vector.status().message();
      if (run->mode == FusionMode::kSemantic) run->status = vector.status();
      Arrived(run);
    });
    if (has_all) return;
  }
}

void Search::Scan(RunPtr run, std::shared_ptr<Meaning> meaning, std::vector<float> vector) {
  const Tier* tier = context_->library.FindTier(meaning->model_id);
  if (*run->finished || !tier || tier->index->row_count() == 0) return Arrived(run);
  meaning->index = tier->index;
  meaning->query = tier->index->Prepare(vector);
  const Row rows = tier->index->row_count();
  // A filter would have to be walked around, models that fill each other's gaps need each other's scores, and what the
  // graph does not have yet is scanned, by one thread.
  const bool walks = run->may_walk && tier->graph && tier->graph->complete_below() > rows / 10 * 9 &&
                     !run->query.has_filters() && run->meanings.size() == 1 && run->request.top <= kMostGraphTop;
  meaning->graph = walks ? tier->graph : nullptr;
  const double begun_ms = NowMs();
  if (walks) return Walk(run, meaning, begun_ms);
  meaning->scores.by_row.resize(rows);

  struct Shared {
    Shared(Row rows, RunPtr asked) : pieces(rows), sums(pieces.count()), run(std::move(asked)) {}
    ScanPieces pieces;
    std::vector<ScoreSums> sums;  // by piece: added up in the same order each time, however they were shared out
    RunPtr run;  // taken by whoever is last: a thread that wakes too late must not let go of it
  };
  const auto shared = std::make_shared<Shared>(rows, run);
  ++context_->compute_tasks;
  const bool threaded = context_->platform.threaded;
  const auto scan = [this, meaning, shared, threaded, begun_ms] {
    for (ScanPieces::Piece piece; shared->pieces.Take(&piece);) {
      shared->sums[piece.number] =
          meaning->index->Scan(meaning->query, piece.begin, piece.end, meaning->scores.by_row.data() + piece.begin);
      if (shared->pieces.Done()) {
        context_->platform.loop->Post(Priority::kInteractive, [this, run = std::move(shared->run), meaning, shared, begun_ms] {
          --context_->compute_tasks;
          run->parts.vectors_ms = std::max(run->parts.vectors_ms, NowMs() - begun_ms);
          ScoreSums total;
          for (const ScoreSums& sums : shared->sums) total.Add(sums);
          meaning->scores.scale = SemanticScale(total);
          Arrived(run);
          context_->TaskEnded();
        }, "Scan");
      }
      if (!threaded) return;  // the coordinator's other work comes in between
    }
  };
  const int pieces = static_cast<int>(shared->pieces.count());
  const int posts = threaded ? std::min(context_->platform.compute->thread_count(), pieces) : pieces;
  for (int i = 0; i < posts; ++i) context_->platform.compute->Post(Priority::kInteractive, scan, "Scan");
}

// The nearest rows, and a sample for the scale: the same one each time, so that the same query has the same scores.
void Search::Walk(RunPtr run, std::shared_ptr<Meaning> meaning, double begun_ms) {
  const Row rows = meaning->index->row_count();
  const size_t nearest = std::max<size_t>(kLeastNearest, run->request.top * kNearestPerResult);
  context_->OnCompute<bool>(
      Priority::kInteractive,
      [meaning, rows, nearest] {
        std::vector<float>& by_row = meaning->scores.by_row;
        by_row.assign(rows, kUnscored);
        std::mt19937 random(1);
        std::vector<Row> sample;
        for (Row i = 0; i < kSampleRows; ++i) {
          const Row row = static_cast<Row>(uint64_t{random()} * rows >> 32);
          if (meaning->index->IsLive(row)) sample.push_back(row);
        }
        ScoreSums sums;
        for (float score : ScoreInto(*meaning->index, meaning->query, sample, &by_row)) sums.Add(score);
        meaning->scores.scale = SemanticScale(sums);
        const size_t width = static_cast<size_t>(static_cast<double>(nearest) * kWalkWidth);
        std::vector<Row> found;
        for (const ScoredRow& near : meaning->graph->Search(meaning->query, nearest, width)) {
          if (near.row < rows) found.push_back(near.row);
        }
        ScoreInto(*meaning->index, meaning->query, found, &by_row);
        return true;
      },
      [this, run, begun_ms](bool) {
        run->parts.vectors_ms = NowMs() - begun_ms;
        Arrived(run);
      });
}

// What has the query's words is ranked by its true similarity, however far it is.
void Search::ScoreWordHits(RunPtr run, std::shared_ptr<Meaning> meaning) {
  const Tier* tier = context_->library.FindTier(meaning->model_id);
  std::vector<Row> rows;
  if (tier && tier->index == meaning->index) {
    rows.reserve(run->words.hits.size());
    for (const LexicalHit& hit : run->words.hits) {
      const Row row = tier->row(hit.passage);
      if (row != Tier::kNoRow && row < meaning->scores.by_row.size()) rows.push_back(row);
    }
  }
  const size_t threads = static_cast<size_t>(context_->platform.compute->thread_count());
  const size_t slices = std::clamp<size_t>(rows.size() / kWordRowsPerSlice, 1, threads);
  const auto left = std::make_shared<size_t>(slices);  // the coordinator's
  for (size_t i = 0; i < slices; ++i) {
    std::vector<Row> slice(rows.begin() + static_cast<ptrdiff_t>(rows.size() * i / slices),
                           rows.begin() + static_cast<ptrdiff_t>(rows.size() * (i + 1) / slices));
    context_->OnCompute<bool>(
        Priority::kInteractive,
        [meaning, slice = std::move(slice)] {
          ScoreInto(*meaning->index, meaning->query, slice, &meaning->scores.by_row);
          return true;
        },
        [this, run, left](bool) {
          if (--*left == 0 && !*run->finished) Rank(run);
        },
        "ScoreWordHits");
  }
}

// The nearest passages were all of a few documents: the others are found by looking at every one.
void Search::ScanInstead(RunPtr run) {
  const std::shared_ptr<Meaning> meaning = run->meanings[0];
  run->may_walk = false;
  run->semantic.clear();
  run->waiting_for = 1;
  meaning->scores = {};
  Scan(run, meaning, meaning->query.values);
}

}  // namespace lodestone
