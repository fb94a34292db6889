#include "embed/embedder.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace lodestone {
namespace {

// A batch is bounded by padded tokens: large enough that the call's own cost vanishes. A heavy model gains nothing
// from more than this many, as its activations leave the cache; fewer rows are less padding, and a shorter wait for
// a query that shares the lane.
constexpr size_t kInstantBatchTokens = 2048;
constexpr size_t kBatchTokens = 256;
// The last batches may have as few: they take no longer a token.
constexpr size_t kLeastBatchTokens = 64;
// What ends sooner is left to the query lane: a further lane costs a worker's start and the runtime's.
constexpr double kLaneWorthMs = 150;
constexpr size_t kMaxRows = 256;
// Padding at most a tenth of a batch.
constexpr size_t kPaddingDivisor = 10;

bool Normalise(float* values, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; ++i) sum += double{values[i]} * values[i];
  if (!std::isfinite(sum)) return false;
  if (sum < 1e-24) return true;  // nothing known in the text: a zero vector, which scores 0
  const float scale = static_cast<float>(1.0 / std::sqrt(sum));
  for (size_t i = 0; i < count; ++i) values[i] *= scale;
  return true;
}

Status NotFinite() {
  return Status(StatusCode::kBadData, "The model gave values that are not numbers. Choose another model.");
}

}  // namespace

InferenceBatch MakeBatch(const std::vector<const std::vector<int32_t>*>& texts, uint32_t dimension,
                         int32_t padding_id) {
  InferenceBatch batch;
  size_t columns = 1;  // a tensor with no columns is refused by some graphs
  for (const auto* text : texts) columns = std::max(columns, text->size());
  batch.row_count = static_cast<uint32_t>(texts.size());
  batch.column_count = static_cast<uint32_t>(columns);
  batch.dimension = dimension;
  batch.ids.assign(texts.size() * columns, padding_id);
  batch.mask.assign(texts.size() * columns, 0);
  for (size_t row = 0; row < texts.size(); ++row) {
    std::copy(texts[row]->begin(), texts[row]->end(), batch.ids.begin() + static_cast<ptrdiff_t>(row * columns));
    std::fill_n(batch.mask.begin() + static_cast<ptrdiff_t>(row * columns), texts[row]->size(), 1);
  }
  batch.out.assign(texts.size() * dimension, 0.0f);
  return batch;
}

struct Embedder::Running {
  std::vector<EmbedItem> items;
  InferenceBatch batch;
  EmbedDone now_done;  // set for a query
  uint64_t generation = 0;
};

Embedder::Embedder(InferenceHost* inference, const Clock* clock)
    : inference_(inference), clock_(clock), lanes_(static_cast<size_t>(inference->lane_count()), Lane::kClosed) {}

double Embedder::busy_ms() const { return busy_ms_ + (running_items_ > 0 ? clock_->NowMs() - busy_since_ms_ : 0); }

bool Embedder::uses_gpu() const {
  for (int lane = 0; ready_ && lane < static_cast<int>(lanes_.size()); ++lane) {
    if (inference_->gpu_batch_tokens(lane) > 0) return true;
  }
  return false;
}

void Embedder::Leave() {
  ++generation_;
  ready_ = false;
  DropBulk();
  for (NowJob& job : std::exchange(now_, {})) {
    job.done(Status(StatusCode::kCancelled, "The model was changed."));
  }
  if (LoadDone done = std::exchange(pending_load_, nullptr)) {
    done(Status(StatusCode::kCancelled, "The model was changed again."));
  }
}

void Embedder::Close() {
  Leave();
  pending_change_ = [this] {
    inference_->Close();
    std::fill(lanes_.begin(), lanes_.end(), Lane::kClosed);
    model_ = {};
  };
  Pump();
}

void Embedder::SetModel(const ModelDescription& model, const ModelSource& source, LoadDone done) {
  Leave();
  const uint64_t generation = generation_;
  pending_load_ = std::move(done);
  pending_change_ = [this, model, source, generation] {
    model_ = model;
    // Taken until it answers: a lane that is told to load two models at once keeps whichever comes last.
    lanes_[0] = Lane::kOpening;
    inference_->Load(source, [this, done = std::exchange(pending_load_, nullptr), generation](Result<ModelInfo> info) {
      if (generation != generation_) {
        lanes_[0] = Lane::kClosed;
        done(Status(StatusCode::kCancelled, "The model was changed again."));
        Pump();
        return;
      }
      Status status = info.ok() ? OkStatus() : info.status();
      if (status.ok() && model_.dimension == 0) model_.dimension = info.value().dimension;
      if (status.ok() && info.value().dimension != 0 && info.value().dimension != model_.dimension) {
        status = Status(StatusCode::kBadData, "This model does not match its description: it gives vectors of " +
                                                  std::to_string(info.value().dimension) + " numbers, not " +
                                                  std::to_string(model_.dimension) + ". Choose another model.");
      }
      std::fill(lanes_.begin(), lanes_.end(), Lane::kClosed);
      ready_ = status.ok();
      lanes_[0] = ready_ ? Lane::kFree : Lane::kFailed;
      done(status);
      Pump();
    });
  };
  Pump();
}

void Embedder::EmbedNow(std::vector<std::vector<int32_t>> texts, EmbedDone done) {
  if (!ready_) {
    done(Status(StatusCode::kUnavailable, "The model is not loaded yet."));
    return;
  }
  now_.push_back({std::move(texts), std::move(done)});
  Pump();
}

void Embedder::AddBulk(std::vector<EmbedItem> items) {
  if (waiting_.empty() && running_items_ == 0) bulk_since_ms_ = clock_->NowMs();
  for (EmbedItem& item : items) waiting_.push_back(std::move(item));
  std::stable_sort(waiting_.begin(), waiting_.end(),
                   [](const EmbedItem& a, const EmbedItem& b) { return a.ids.size() < b.ids.size(); });
  Pump();
}

void Embedder::DropBulk() {
  waiting_.clear();
  partials_.clear();
}

void Embedder::SetPaused(bool paused) {
  paused_ = paused;
  Pump();
}

// Starts whatever may start; the one place where lanes are handed work.
void Embedder::Pump() {
  if (pending_change_) {
    // A lane that still runs would answer with the old model's vectors: wait for it.
    for (Lane lane : lanes_) {
      if (lane == Lane::kBusy || lane == Lane::kOpening) return;
    }
    std::exchange(pending_change_, nullptr)();
    return;
  }
  if (!ready_) return;
  while (!now_.empty() && lanes_[0] == Lane::kFree) StartNow();
  if (paused_ || !now_.empty()) return;
  bool any_bulk_lane = false;
  const int limit = bulk_lane_limit();
  if (limit <= 0) return;
  for (int lane = 1; lane < static_cast<int>(lanes_.size()) && lane <= limit; ++lane) {
    Lane& state = lanes_[static_cast<size_t>(lane)];
    any_bulk_lane |= state == Lane::kFree || state == Lane::kBusy;
    if (waiting_.empty()) return;
    if (state == Lane::kFree && bulk_lanes_busy_ < limit) StartBulk(lane);
    // One at a time, so that a short job never pays for all of them.
    if (state == Lane::kClosed) {
      if (clock_->NowMs() - bulk_since_ms_ < kLaneWorthMs) break;
      state = Lane::kOpening;
      const uint64_t generation = generation_;
      inference_->OpenLane(lane, [this, lane, generation](Result<ModelInfo> info) {
        lanes_[static_cast<size_t>(lane)] = generation != generation_ ? Lane::kClosed
                                            : info.ok()               ? Lane::kFree
                                                                      : Lane::kFailed;
        Pump();
      });
      break;
    }
    if (state == Lane::kOpening) break;
  }
  // Until a bulk lane is open, the query lane helps out.
  if (!any_bulk_lane && lanes_[0] == Lane::kFree && !waiting_.empty()) StartBulk(0);
}

void Embedder::StartNow() {
  NowJob job = std::move(now_.front());
  now_.pop_front();
  auto run = std::make_shared<Running>();
  std::vector<const std::vector<int32_t>*> texts;
  for (const auto& text : job.texts) texts.push_back(&text);
  run->batch = MakeBatch(texts, model_.dimension, 0);
  run->now_done = std::move(job.done);
  run->generation = generation_;
  lanes_[0] = Lane::kBusy;
  inference_->Run(0, &run->batch, [this, run](Status status) {
    lanes_[0] = Lane::kFree;
    if (run->generation != generation_) {
      status = Status(StatusCode::kCancelled, "The model was changed.");
    }
    const size_t dimension = run->batch.dimension;
    for (size_t row = 0; status.ok() && row < run->batch.row_count; ++row) {
      if (!Normalise(run->batch.out.data() + row * dimension, dimension)) status = NotFinite();
    }
    if (status.ok()) {
      run->now_done(std::move(run->batch.out));
    } else {
      run->now_done(status);
    }
    Pump();
  });
}

// What is left is shared out evenly, so that no lane waits for another's last batch.
size_t Embedder::TokenBudget(int lane) const {
  if (model_.instant) return kInstantBatchTokens;
  if (inference_->gpu_batch_tokens(lane) > kBatchTokens) return inference_->gpu_batch_tokens(lane);
  const auto takes_bulk = [](Lane state) { return state == Lane::kFree || state == Lane::kBusy; };
  const auto lanes = static_cast<size_t>(std::count_if(lanes_.begin() + 1, lanes_.end(), takes_bulk));
  size_t left = 0;
  for (auto item = waiting_.rbegin(); item != waiting_.rend() && left < lanes * kBatchTokens; ++item) left += item->ids.size();
  return lanes < 2 ? kBatchTokens : std::clamp(left / lanes, kLeastBatchTokens, kBatchTokens);
}

std::vector<EmbedItem> Embedder::TakeBatch(int lane) {
  const size_t budget = TokenBudget(lane);
  // The longest first: the batch then takes the next shorter ones while padding stays small.
  const size_t columns = std::max<size_t>(1, waiting_.back().ids.size());
  size_t count = 0;
  size_t real = 0;
  while (count < waiting_.size() && count < kMaxRows) {
    const size_t length = waiting_[waiting_.size() - 1 - count].ids.size();
    const size_t padded = (count + 1) * columns;
    if (count > 0 && (padded > budget || (padded - real - length) * kPaddingDivisor > padded)) break;
    real += length;
    ++count;
  }
  std::vector<EmbedItem> items(std::make_move_iterator(waiting_.end() - static_cast<ptrdiff_t>(count)),
                               std::make_move_iterator(waiting_.end()));
  waiting_.resize(waiting_.size() - count);
  return items;
}

void Embedder::StartBulk(int lane) {
  auto run = std::make_shared<Running>();
  run->items = TakeBatch(lane);
  run->generation = generation_;
  std::vector<const std::vector<int32_t>*> texts;
  for (const EmbedItem& item : run->items) texts.push_back(&item.ids);
  run->batch = MakeBatch(texts, model_.dimension, 0);
  if (running_items_ == 0) busy_since_ms_ = clock_->NowMs();
  running_items_ += run->items.size();
  lanes_[static_cast<size_t>(lane)] = Lane::kBusy;
  ++bulk_lanes_busy_;
  on_bulk_lanes_busy();
  inference_->Run(lane, &run->batch, [this, lane, run](Status status) { FinishBulk(lane, run, std::move(status)); });
}

void Embedder::AddWindow(const EmbedItem& item, const float* values, EmbeddedPassages* out) {
  const size_t dimension = model_.dimension;
  if (item.window_count <= 1) {
    out->passages.push_back(item.passage);
    out->values.insert(out->values.end(), values, values + dimension);
    return;
  }
  auto partial = std::find_if(partials_.begin(), partials_.end(),
                              [&](const Partial& p) { return p.passage == item.passage; });
  if (partial == partials_.end()) {
    partials_.push_back({item.passage, 0, std::vector<float>(dimension, 0.0f)});
    partial = partials_.end() - 1;
  }
  for (size_t i = 0; i < dimension; ++i) partial->sum[i] += values[i];
  if (++partial->seen < item.window_count) return;
  Normalise(partial->sum.data(), dimension);
  out->passages.push_back(item.passage);
  out->values.insert(out->values.end(), partial->sum.begin(), partial->sum.end());
  partials_.erase(partial);
}

void Embedder::FinishBulk(int lane, std::shared_ptr<Running> run, Status status) {
  lanes_[static_cast<size_t>(lane)] = Lane::kFree;
  --bulk_lanes_busy_;
  running_items_ -= run->items.size();
  if (running_items_ == 0) busy_ms_ += clock_->NowMs() - busy_since_ms_;
  if (run->generation == generation_) {
    EmbeddedPassages done;
    const size_t dimension = run->batch.dimension;
    for (size_t row = 0; status.ok() && row < run->items.size(); ++row) {
      float* values = run->batch.out.data() + row * dimension;
      if (!Normalise(values, dimension)) {
        status = NotFinite();
        break;
      }
      done.token_count += run->items[row].ids.size();
      AddWindow(run->items[row], values, &done);
    }
    // The next batch starts before the vectors of this one are put away: the lane never waits.
    Pump();
    on_bulk_lanes_busy();
    if (status.ok()) {
      on_bulk_done_(std::move(done));
    } else {
      on_bulk_done_(std::move(status));
    }
    return;
  }
  Pump();
  on_bulk_lanes_busy();
}

}  // namespace lodestone
