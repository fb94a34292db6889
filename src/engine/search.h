#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "engine/context.h"
#include "engine/fusion.h"
#include "protocol/messages.h"

namespace lodestone {

// Answers queries: words and meaning side by side, then fused, grouped by document and highlighted.
// Thread: coordinator.
class Search {
 public:
  using Done = std::function<void(Result<protocol::SearchReply>)>;

  explicit Search(EngineContext* context) : context_(context) {}

  // A newer query of the same group ends the older one with kCancelled. "" is a group of one.
  // `done` is called exactly once.
  void Start(RequestId id, const protocol::Search& request, Done done);
  void Cancel(RequestId id);
  size_t running() const { return runs_.size(); }
  // False while passages lack vectors of the model in use: set by the engine.
  std::function<bool()> library_complete;

 private:
  struct Run;
  struct Meaning;
  struct SentencePicker;
  using RunPtr = std::shared_ptr<Run>;

  double NowMs() const { return context_->platform.clock->NowMs(); }
  void Filter(RunPtr run);
  void Words(RunPtr run);
  void EmbedQuery(RunPtr run);
  void Scan(RunPtr run, std::shared_ptr<Meaning> meaning, std::vector<float> vector);
  void Walk(RunPtr run, std::shared_ptr<Meaning> meaning, double begun_ms);
  void ScoreWordHits(RunPtr run, std::shared_ptr<Meaning> meaning);
  void ScanInstead(RunPtr run);
  void Arrived(RunPtr run);
  void Rank(RunPtr run);
  void LoadTexts(RunPtr run);
  void PickSentences(RunPtr run, std::shared_ptr<SentencePicker> picker);
  void Answer(RunPtr run);
  void Finish(const RunPtr& run, Result<protocol::SearchReply> reply);

  EngineContext* context_;
  std::map<RequestId, RunPtr> runs_;
};

}  // namespace lodestone
