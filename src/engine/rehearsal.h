#pragma once

#include <functional>
#include <memory>

#include "engine/context.h"
#include "text/chunk.h"

namespace lodestone {

// Takes in a few made-up documents once, while a page that has just opened has nothing to do. A browser compiles what
// runs often the first time that it does, on the very cores that then have documents to take in: by then it is through.
// Nothing of it is kept or counted. Thread: coordinator.
class Rehearsal {
 public:
  explicit Rehearsal(EngineContext* context) : context_(context) {}

  // Something ended: there may be time now, if the site's model is open.
  void Kick();
  // The real thing has begun.
  void Skip() { done_ = true; }

  std::function<bool()> others_busy;

 private:
  struct Script;

  void Embed(std::shared_ptr<Script> script);
  void Save(std::shared_ptr<Script> script);

  EngineContext* context_;
  bool done_ = false;
};

}  // namespace lodestone
