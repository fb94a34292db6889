#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "engine/context.h"

namespace lodestone {

// Gives every stored passage a vector of one of the models in use: loads those at rest, embeds the others in
// the background, resumable at any point because the store itself says what is missing.
// Thread: coordinator.
class VectorFiller {
 public:
  VectorFiller(EngineContext* context, ModelSlot* slot);

  // The slot is about to have this model: its stored vectors are loaded while it is opened. Ignored while another is
  // active, and where only the model itself knows its dimension.
  void Expect(const ModelDescription& model);
  // It will not have it after all.
  void Forget();
  // The slot has its model: loads the stored vectors, less what Expect has, then fills the gaps.
  void Begin();
  // The library is another one: begins anew if it is active, and has nothing loaded ahead.
  void Restart();
  // New passages were stored.
  void Kick();
  // These were stored together with vectors of equal content: only the copy in memory is missing.
  void LoadCopied(PassageId first, uint32_t count);
  // Documents were removed: passages of equal content that relied on theirs may need vectors of their own.
  void DocumentsRemoved();
  void SetPaused(bool paused);
  void Stop();  // the storage is full, or the model fails
  // Its vectors leave the memory, too.
  void Close();
  // Calls on_embedded for all that have their vectors.
  void TellAll();

  TaskId task;  // that its work is part of from now on

  bool idle() const { return !active_ || (loaded_ && !look_again_ && drained()); }
  bool active() const { return active_; }
  uint64_t tokens_embedded() const { return tokens_embedded_; }
  uint64_t passages_embedded() const { return passages_embedded_; }
  double embed_ms() const { return slot_->embedder.busy_ms(); }

  std::function<void(const std::vector<PassageId>&)> on_embedded;  // in memory and at rest
  std::function<bool()> anyone_waits;  // whether on_embedded is of use for vectors that were at rest already
  std::function<void(const Status&)> on_failure;
  std::function<void()> on_idle;

 private:
  // Stored vectors on their way into memory.
  struct Loading {
    std::string model_id;
    uint32_t dimension = 0;
    std::unique_ptr<Tier> tier;
    PassageId last;          // those up to this one are there: passages that come later have higher ids
    bool is_reading = false;  // the storage thread has it
  };
  struct Piece;
  bool IsLoading(const ModelDescription& model) const;
  void Load(const ModelDescription& model);
  void LoadNext();
  void Loaded();
  void Fetch();
  void Embedded(Result<EmbeddedPassages> result);
  void Save();
  void CheckIdle();

  bool drained() const { return exhausted_ && !fetching_ && !saving_ && slot_->embedder.bulk_pending() == 0; }
  void Copied(Result<VectorBatch> batch);

  EngineContext* context_;
  ModelSlot* slot_;
  std::string tier_;  // the model whose vectors this one put into memory
  uint64_t generation_ = 0;
  bool active_ = false;
  std::shared_ptr<Loading> loading_;  // null once the library has them
  bool loaded_ = false;
  bool exhausted_ = false;
  bool fetching_ = false;
  bool paused_ = false;
  bool look_again_ = false;  // from the first passage on, once nothing is under way
  // What is in memory and not yet at rest: written together, as each transaction waits for the disk.
  struct Unsaved {
    std::vector<PassageId> passages;
    std::vector<uint16_t> half_bits;
  };
  Unsaved unsaved_;
  bool saving_ = false;
  PassageId cursor_;
  uint64_t tokens_embedded_ = 0;
  uint64_t passages_embedded_ = 0;
};

}  // namespace lodestone
