#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/status.h"
#include "embed/model.h"
#include "platform/inference.h"

namespace lodestone {

// One text to embed in bulk, already as token ids (special tokens included).
struct EmbedItem {
  PassageId passage;
  uint32_t window = 0;        // which window of the passage
  uint32_t window_count = 1;  // passages longer than the model's limit have several, averaged
  std::vector<int32_t> ids;
};

// Vectors of whole passages, unit length.
// Shape: values [passages.size() x dimension] f32.
struct EmbeddedPassages {
  std::vector<PassageId> passages;
  std::vector<float> values;
  uint64_t token_count = 0;  // without padding
};

// Groups texts of like length into batches bounded by total tokens, and keeps the inference lanes busy.
// Queries go first: while one waits, no bulk batch starts.
// Thread: coordinator.
class Embedder {
 public:
  using LoadDone = std::function<void(Status)>;
  using EmbedDone = std::function<void(Result<std::vector<float>>)>;
  using BulkDone = std::function<void(Result<EmbeddedPassages>)>;

  Embedder(InferenceHost* inference, const Clock* clock);

  // Opens a model; bulk items of the former one are dropped. The description's dimension is checked
  // against the opened model. Errors: kBadData when the model is cut short or of the wrong shape.
  void SetModel(const ModelDescription& model, const ModelSource& source, LoadDone done);
  // Frees the model; what waits for it is cancelled.
  void Close();
  bool ready() const { return ready_; }
  const ModelDescription& model() const { return model_; }
  // Whether a lane has the graphics processor run its bulk batches.
  bool uses_gpu() const;

  // Embeds a few texts at once on the lane kept for queries, ahead of everything.
  // Shape: result [texts x dimension] f32, unit length.
  void EmbedNow(std::vector<std::vector<int32_t>> texts, EmbedDone done);

  void AddBulk(std::vector<EmbedItem> items);
  void set_on_bulk_done(BulkDone done) { on_bulk_done_ = std::move(done); }
  void SetPaused(bool paused);
  // Waiting and running items.
  size_t bulk_pending() const { return waiting_.size() + running_items_; }
  void DropBulk();
  // How many bulk lanes may run at once, 0 for none now (then Pump has to be called later); asked before each batch.
  std::function<int()> bulk_lane_limit = [] { return 8; };
  int bulk_lanes_busy() const { return bulk_lanes_busy_; }
  // Another number of lanes runs bulk batches now.
  std::function<void()> on_bulk_lanes_busy = [] {};

  // Starts whatever may start.
  void Pump();

  double busy_ms() const;  // time in which at least one bulk batch ran

 private:
  struct Running;
  enum class Lane { kClosed, kOpening, kFree, kBusy, kFailed };
  struct NowJob {
    std::vector<std::vector<int32_t>> texts;
    EmbedDone done;
  };

  // Nothing of the model that was there goes on.
  void Leave();
  void StartNow();
  void StartBulk(int lane);
  size_t TokenBudget(int lane) const;  // of the next batch, padding included
  std::vector<EmbedItem> TakeBatch(int lane);
  void FinishBulk(int lane, std::shared_ptr<Running> run, Status status);
  void AddWindow(const EmbedItem& item, const float* values, EmbeddedPassages* out);

  InferenceHost* inference_;
  const Clock* clock_;
  ModelDescription model_;
  uint64_t generation_ = 0;  // of the model; replies of an older one are dropped
  bool ready_ = false;
  std::function<void()> pending_change_;  // of the model, once no lane runs
  LoadDone pending_load_;                 // who waits for that change
  std::vector<Lane> lanes_;
  std::deque<NowJob> now_;
  std::vector<EmbedItem> waiting_;  // ascending by length
  struct Partial {
    PassageId passage;
    uint32_t seen = 0;
    std::vector<float> sum;
  };
  std::vector<Partial> partials_;
  size_t running_items_ = 0;
  BulkDone on_bulk_done_;
  bool paused_ = false;
  int bulk_lanes_busy_ = 0;
  double busy_since_ms_ = 0;
  double bulk_since_ms_ = 0;  // since when there has been bulk work without a pause
  double busy_ms_ = 0;
};

// Padded ids and mask for some texts. Thread: any.
InferenceBatch MakeBatch(const std::vector<const std::vector<int32_t>*>& texts, uint32_t dimension, int32_t padding_id);

}  // namespace lodestone
