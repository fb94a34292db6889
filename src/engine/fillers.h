#pragma once

#include "engine/vector_filler.h"

namespace lodestone {

// The fillers of both models, which begin, pause and stop together.
// Thread: coordinator.
class Fillers {
 public:
  explicit Fillers(EngineContext* context)
      : context_(context), instant_(context, &context->instant), larger_(context, &context->larger) {}

  VectorFiller& of(const ModelSlot* slot) { return slot == &context_->larger ? larger_ : instant_; }
  // Of the model that passages should have a vector of.
  VectorFiller& best() { return of(&context_->best_model()); }
  const VectorFiller& best() const { return const_cast<Fillers*>(this)->best(); }
  bool idle() const { return instant_.idle() && larger_.idle(); }

  void Kick();
  void LoadCopied(PassageId first, uint32_t count);
  void DocumentsRemoved();
  void SetPaused(bool paused);
  void SetTask(TaskId task);
  void Stop();
  // The library is another one: those that run begin anew.
  void Restart();
  // Those that stopped as the storage was full.
  void Resume();

 private:
  EngineContext* context_;
  VectorFiller instant_;
  VectorFiller larger_;
};

}  // namespace lodestone
