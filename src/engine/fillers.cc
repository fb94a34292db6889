#include "engine/fillers.h"

namespace lodestone {

void Fillers::Kick() {
  instant_.Kick();
  larger_.Kick();
}

void Fillers::LoadCopied(PassageId first, uint32_t count) {
  instant_.LoadCopied(first, count);
  larger_.LoadCopied(first, count);
}

void Fillers::DocumentsRemoved() {
  instant_.DocumentsRemoved();
  larger_.DocumentsRemoved();
}

void Fillers::SetPaused(bool paused) {
  instant_.SetPaused(paused);
  larger_.SetPaused(paused);
  if (!paused) Resume();
}

void Fillers::SetTask(TaskId task) { instant_.task = larger_.task = task; }

void Fillers::Stop() {
  instant_.Stop();
  larger_.Stop();
}

void Fillers::Restart() {
  instant_.Restart();
  larger_.Restart();
}

void Fillers::Resume() {
  if (context_->instant.ready() && !instant_.active()) instant_.Begin();
  if (context_->larger.ready() && !larger_.active()) larger_.Begin();
}

}  // namespace lodestone
