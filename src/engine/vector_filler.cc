#include "engine/vector_filler.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "engine/token_windows.h"
#include "text/text_builder.h"

namespace lodestone {
namespace {

// How many vectors come from the store in one go, so that a query meanwhile waits a few milliseconds.
constexpr size_t kLoadRows = 4096;
constexpr size_t kInlineLoadRows = 512;
// Passages fetched for embedding at once, and how few may wait before the next are fetched: enough
// for batches of like length, few enough that a pause or a change of model loses little.
constexpr size_t kFetchPassages = 256;
constexpr size_t kInlineFetchPassages = 32;  // without threads, between two messages
constexpr size_t kLowWater = 512;
// Vectors written in one transaction: a query that meanwhile wants its texts waits for it.
constexpr size_t kSaveVectors = 512;

// The words around a passage that say what it is about.
std::string TextToEmbed(const PassageText& passage) {
  std::string context = passage.title;
  if (passage.heading_path.starts_with(passage.title)) context = passage.heading_path;
  else if (!passage.heading_path.empty()) context += " > " + passage.heading_path;
  // A record without a title of its own repeats its first words as one.
  if (context.empty() || BeginsWithLine(passage.text, context)) return passage.text;
  return context + "\n" + passage.text;
}

}  // namespace

VectorFiller::VectorFiller(EngineContext* context, ModelSlot* slot) : context_(context), slot_(slot) {
  slot_->embedder.set_on_bulk_done([this](Result<EmbeddedPassages> result) { Embedded(std::move(result)); });
}

struct VectorFiller::Piece {
  Status status;
  PassageId last;
  bool more = false;
};

void VectorFiller::Expect(const ModelDescription& model) {
  if (active_ || model.dimension == 0 || IsLoading(model)) return;
  Load(model);
}

void VectorFiller::Forget() {
  if (!active_) loading_.reset();
}

void VectorFiller::Restart() {
  loading_.reset();
  if (active_) Begin();
}

bool VectorFiller::IsLoading(const ModelDescription& model) const {
  return loading_ && loading_->model_id == model.id && loading_->dimension == model.dimension;
}

void VectorFiller::Begin() {
  ++generation_;
  active_ = true;
  unsaved_ = {};
  loaded_ = exhausted_ = fetching_ = look_again_ = false;
  cursor_ = {};
  const ModelDescription& model = slot_->embedder.model();
  if (tier_ != model.id) context_->library.DropTier(tier_);
  tier_ = model.id;
  context_->library.TierFor(model.id, model.dimension);
  // Only now is its dimension known for certain. Vectors of another one would keep passages from being embedded.
  context_->OnStorage<Status>(
      Priority::kVisible, [id = model.id, dimension = model.dimension](Store& store) { return store.DropVectorsUnless(id, dimension); },
      [this, generation = generation_](Status status) {
        if (generation == generation_ && !status.ok()) on_failure(status);
      });
  if (!IsLoading(model)) Load(model);
  else if (!loading_->is_reading) LoadNext();  // what has come since
}

void VectorFiller::Stop() {
  ++generation_;
  active_ = false;
  fetching_ = look_again_ = false;
  unsaved_ = {};
  slot_->embedder.DropBulk();
}

void VectorFiller::Close() {
  Stop();
  loading_.reset();
  context_->library.DropTier(std::exchange(tier_, {}));
}

void VectorFiller::SetPaused(bool paused) {
  paused_ = paused;
  slot_->embedder.SetPaused(paused);
  if (!paused) Kick();
}

void VectorFiller::Load(const ModelDescription& model) {
  loading_ = std::make_shared<Loading>(Loading{model.id, model.dimension, std::make_unique<Tier>(model.dimension), {}});
  LoadNext();
}

// The index is made on the storage thread and handed over whole.
void VectorFiller::LoadNext() {
  loading_->is_reading = true;
  context_->OnStorage<Piece>(
      Priority::kVisible,
      [loading = loading_, limit = context_->platform.threaded ? kLoadRows : kInlineLoadRows](Store& store) {
        const uint32_t dimension = loading->dimension;
        const Result<VectorBatch> batch = store.LoadVectors(loading->model_id, dimension, loading->last, limit);
        Piece piece{.status = batch.status(), .last = loading->last};
        if (!batch.ok()) return piece;
        const VectorBatch& vectors = batch.value();
        for (size_t i = 0; i < vectors.passages.size(); ++i) {
          loading->tier->Add(vectors.passages[i], std::span(vectors.half_bits).subspan(i * dimension, dimension));
        }
        piece.more = vectors.passages.size() == limit;
        if (!vectors.passages.empty()) piece.last = vectors.passages.back();
        return piece;
      },
      [this, loading = loading_](Piece piece) {
        if (loading != loading_) return;
        loading->is_reading = false;
        loading->last = piece.last;
        if (!piece.status.ok()) {
          loading_.reset();
          if (active_) on_failure(piece.status);
        } else if (piece.more) {
          LoadNext();
        } else if (active_) {
          Loaded();
        }
      });
}

void VectorFiller::Loaded() {
  context_->library.TakeTier(tier_, std::move(std::exchange(loading_, nullptr)->tier));
  loaded_ = true;
  TellAll();
  Kick();
  CheckIdle();
}

void VectorFiller::TellAll() {
  std::vector<PassageId> passages;
  if (const Tier* tier = context_->library.FindTier(tier_); tier && anyone_waits()) {
    for (uint32_t id = 0; id < tier->row_of_passage.size(); ++id) {
      if (tier->row(PassageId{id}) != Tier::kNoRow) passages.push_back(PassageId{id});
    }
  }
  on_embedded(passages);
}

void VectorFiller::LoadCopied(PassageId first, uint32_t count) {
  if (!active_ || !loaded_) return;  // they come with the others
  const ModelDescription& model = slot_->embedder.model();
  const uint64_t generation = generation_;
  context_->OnStorage<Result<VectorBatch>>(
      Priority::kVisible,
      [id = model.id, dimension = model.dimension, first, count](Store& store) {
        return store.LoadVectors(id, dimension, PassageId{first.value - 1}, count);
      },
      [this, generation, first, count](Result<VectorBatch> batch) {
        if (generation != generation_) return;
        if (!batch.ok()) return on_failure(batch.status());
        // Removed meanwhile, the ids after these are of other documents.
        std::vector<PassageId>& passages = batch.value().passages;
        std::erase_if(passages, [&](PassageId passage) { return passage.value >= first.value + count; });
        Copied(std::move(batch));
      });
}

void VectorFiller::Copied(Result<VectorBatch> batch) {
  const ModelDescription& model = slot_->embedder.model();
  Tier& tier = context_->library.TierFor(model.id, model.dimension);
  std::vector<PassageId> added;
  const VectorBatch& vectors = batch.value();
  for (size_t i = 0; i < vectors.passages.size(); ++i) {
    const auto half_bits = std::span(vectors.half_bits).subspan(i * model.dimension, model.dimension);
    if (context_->library.AddVector(tier, vectors.passages[i], half_bits)) added.push_back(vectors.passages[i]);
  }
  on_embedded(added);
  CheckIdle();
}

void VectorFiller::DocumentsRemoved() {
  if (active_ && loaded_ && !drained()) look_again_ = true;
}

void VectorFiller::Kick() {
  exhausted_ = false;
  Fetch();
}

void VectorFiller::Fetch() {
  if (look_again_ && loaded_ && drained()) {
    look_again_ = exhausted_ = false;
    cursor_ = {};
  }
  if (!active_ || !loaded_ || fetching_ || exhausted_ || paused_) return;
  if (slot_->embedder.bulk_pending() >= kLowWater) return;
  fetching_ = true;
  exhausted_ = true;  // until the answer, or a Kick meanwhile, says otherwise
  const uint64_t generation = generation_;
  const std::string model_id = slot_->embedder.model().id;
  context_->OnStorage<Result<std::vector<PassageText>>>(
      Priority::kBackground,
      [model_id, after = cursor_, limit = context_->platform.threaded ? kFetchPassages : kInlineFetchPassages](
          Store& store) { return store.PassagesWithoutVector(model_id, after, limit); },
      [this, generation](Result<std::vector<PassageText>> passages) {
        if (generation != generation_) return;
        if (!passages.ok()) {
          fetching_ = false;
          on_failure(passages.status());
          return;
        }
        if (passages.value().empty()) {
          fetching_ = false;
          Fetch();
          CheckIdle();
          return;
        }
        exhausted_ = false;
        cursor_ = passages.value().back().passage;
        context_->OnComputeFor<std::vector<EmbedItem>>(
            task, Priority::kVisible,
            [passages = std::move(passages).value(), model = slot_->embedder.model(),
             tokenizer = slot_->tokenizer] {
              std::vector<EmbedItem> items;
              items.reserve(passages.size());
              for (const PassageText& passage : passages) {
                for (EmbedItem& item : PassageWindows(*tokenizer, model, passage.passage, TextToEmbed(passage))) {
                  items.push_back(std::move(item));
                }
              }
              return items;
            },
            [this, generation](Result<std::vector<EmbedItem>> items) {
              if (generation != generation_) return;
              fetching_ = false;
              if (!items.ok()) return on_failure(items.status());
              slot_->embedder.AddBulk(std::move(items).value());
              Fetch();
            },
            "Fetch");
      });
}

void VectorFiller::Embedded(Result<EmbeddedPassages> result) {
  if (!active_) return;
  if (!result.ok()) {
    on_failure(result.status());
    return;
  }
  Fetch();
  const EmbeddedPassages embedded = std::move(result).value();
  tokens_embedded_ += embedded.token_count;
  const ModelDescription& model = slot_->embedder.model();
  std::vector<uint16_t> half_bits(embedded.values.size());
  std::transform(embedded.values.begin(), embedded.values.end(), half_bits.begin(), FloatToHalf);
  Tier& tier = context_->library.TierFor(model.id, model.dimension);
  for (size_t i = 0; i < embedded.passages.size(); ++i) {
    context_->library.AddVector(tier, embedded.passages[i],
                                std::span(half_bits).subspan(i * model.dimension, model.dimension));
  }
  unsaved_.passages.insert(unsaved_.passages.end(), embedded.passages.begin(), embedded.passages.end());
  unsaved_.half_bits.insert(unsaved_.half_bits.end(), half_bits.begin(), half_bits.end());
  Save();
}

void VectorFiller::Save() {
  if (saving_ || unsaved_.passages.empty()) return;
  saving_ = true;
  const ModelDescription& model = slot_->embedder.model();
  auto batch = std::make_shared<Unsaved>(std::exchange(unsaved_, {}));
  if (batch->passages.size() > kSaveVectors) {
    unsaved_.passages.assign(batch->passages.begin() + kSaveVectors, batch->passages.end());
    unsaved_.half_bits.assign(batch->half_bits.begin() + static_cast<ptrdiff_t>(kSaveVectors * model.dimension),
                              batch->half_bits.end());
    batch->passages.resize(kSaveVectors);
    batch->half_bits.resize(kSaveVectors * model.dimension);
  }
  const uint64_t generation = generation_;
  context_->OnStorage<Result<std::vector<CopiedVector>>>(
      Priority::kVisible,
      [id = model.id, dimension = model.dimension, batch](Store& store) {
        return store.AddVectors(id, dimension, batch->passages, batch->half_bits);
      },
      [this, batch, generation, dimension = model.dimension](Result<std::vector<CopiedVector>> copied) {
        saving_ = false;
        if (generation == generation_) {
          if (!copied.ok()) return on_failure(copied.status());
          Tier& tier = context_->library.TierFor(slot_->embedder.model().id, dimension);
          for (const CopiedVector& copy : copied.value()) {
            const auto half_bits = std::span(batch->half_bits).subspan(copy.source * dimension, dimension);
            if (context_->library.AddVector(tier, copy.passage, half_bits)) batch->passages.push_back(copy.passage);
          }
        }
        passages_embedded_ += batch->half_bits.size() / dimension;
        on_embedded(batch->passages);
        Save();
        Fetch();
        CheckIdle();
      });
}

void VectorFiller::CheckIdle() {
  if (idle() && on_idle) on_idle();
}

}  // namespace lodestone
