// The model's part of Engine: opening one, and living without.

#include <utility>

#include "engine/engine.h"

namespace lodestone {
namespace {

constexpr uint32_t kReadBytes = 1u << 20;

void ReadRest(FileSource* files, FileId file, std::function<bool()> wanted, std::shared_ptr<std::string> read,
              std::function<void(Result<std::string>)> done) {
  files->Read(file, read->size(), kReadBytes, [=](Result<std::string> bytes) {
    if (!wanted()) bytes = Status(StatusCode::kCancelled, "This file is not wanted any more.");
    if (!bytes.ok() || bytes.value().empty()) {
      files->Release(file);
      if (bytes.ok()) done(std::move(*read));
      else done(bytes.status());
      return;
    }
    *read += bytes.value();
    ReadRest(files, file, wanted, read, done);
  });
}

// All of a file that is known to fit in memory, as long as it is wanted. Thread: coordinator.
void ReadWholeFile(FileSource* files, FileId file, std::function<bool()> wanted,
                   std::function<void(Result<std::string>)> done) {
  ReadRest(files, file, std::move(wanted), std::make_shared<std::string>(), std::move(done));
}

}  // namespace

void Engine::ConnectFiller(ModelSlot* slot) {
  VectorFiller& filler = fillers_.of(slot);
  filler.anyone_waits = [this, slot] { return &context_.best_model() == slot && ingest_.waits_for_vectors(); };
  filler.on_embedded = [this, slot](const std::vector<PassageId>& passages) {
    if (&context_.best_model() == slot) ingest_.PassagesEmbedded(passages);
    words_.LoadDue();  // the vectors that came first are there
    StateMayHaveChanged();
  };
  filler.on_failure = [this, slot](const Status& status) { EmbeddingFailed(slot, status); };
  filler.on_idle = [this] {
    housekeeper_.Kick();
    if (!context_.tasks.idle()) StateMayHaveChanged();
    CheckIdle();
  };
}

void Engine::ModelChanged() {
  const ModelSlot& best = context_.best_model();
  if (best.ready()) {
    model_error_.clear();
    model_id_ = best.model().id;
  }
  model_state_ = models_opening_ > 0    ? protocol::ModelState::kLoading
                 : best.ready()         ? protocol::ModelState::kReady
                 : model_error_.empty() ? protocol::ModelState::kNone
                                        : protocol::ModelState::kFailed;
  StateMayHaveChanged();
}

void Engine::OnSetModel(RequestId id, const protocol::SetModel& request) {
  Result<ModelDescription> description = ModelDescription{};
  if (!request.manifest_json.empty()) description = ParseManifest(request.manifest_json);
  ++models_opening_;
  if (request.built_in) site_model_failure_ = OkStatus();
  else BeginOpening(id);
  if (!request.failure.empty()) {
    return RefuseModel(id, request.built_in, Status(StatusCodeFromName(request.failure_code), request.failure));
  }
  if (!description.ok()) return RefuseModel(id, request.built_in, description.status());
  ModelDescription model = std::move(description).value();
  if (model.id.empty()) model.id = request.id;
  ModelChanged();
  // The runtime, the weights and the stored vectors come while the vocabulary is read.
  if (request.built_in) {
    context_.platform.instant_inference->Prepare({model.id, request.onnx_url, nullptr});
    fillers_.of(&context_.instant).Expect(model);
  }
  const uint64_t turn = ++(request.built_in ? instant_turn_ : larger_turn_);
  if (!request.built_in) openings_[id].turn = turn;
  using Parsed = Result<std::unique_ptr<Tokenizer>>;
  context_.OnCompute<Parsed>(
      Priority::kInteractive, [json = request.tokenizer_json] { return Tokenizer::FromJson(json); },
      [this, id, model, turn, url = request.onnx_url, file = FileId{request.onnx_file_id},
       built_in = request.built_in](Parsed tokenizer) mutable {
        if (!tokenizer.ok()) return RefuseModel(id, built_in, tokenizer.status());
        std::shared_ptr<const Tokenizer> shared = std::move(tokenizer).value();
        if (built_in || !context_.passage_tokenizer) context_.passage_tokenizer = shared;
        ingest_.Pump();
        StateMayHaveChanged();
        if (file.value == 0) return OpenModel(id, built_in, turn, model, shared, {model.id, url, nullptr});
        const auto wanted = [this, id, built_in] { return built_in || openings_.contains(id); };
        ReadWholeFile(context_.platform.files, file, wanted, [this, id, built_in, turn, model, shared](Result<std::string> bytes) {
          if (!bytes.ok()) return RefuseModel(id, built_in, bytes.status());
          OpenModel(id, built_in, turn, model, shared,
                    {model.id, "", std::make_shared<const std::string>(std::move(bytes).value())});
        });
      });
}

void Engine::OpenModel(RequestId id, bool built_in, uint64_t turn, const ModelDescription& description,
                       std::shared_ptr<const Tokenizer> tokenizer, const ModelSource& source) {
  // Vocabularies are read side by side, and a long one may be overtaken.
  if (turn != (built_in ? instant_turn_ : larger_turn_)) return LeaveOpening(id, built_in);
  ModelSlot& slot = built_in ? context_.instant : context_.larger;
  VectorFiller& filler = fillers_.of(&slot);
  if (!built_in) openings_[id].took_the_place = true;
  filler.Stop();
  slot.embedder.SetModel(description, source, [this, id, built_in, &slot, &filler, tokenizer](Status status) {
    if (!status.ok()) {
      if (status.code() == StatusCode::kCancelled) return LeaveOpening(id, built_in);
      CloseModel(&slot);
      return RefuseModel(id, built_in, status);
    }
    slot.tokenizer = tokenizer;
    // The very same model twice would hold every vector twice.
    if (!built_in && context_.instant.model().id == slot.model().id) CloseModel(&context_.instant);
    EndOpening(id, built_in, OkStatus());
    filler.Begin();
    ModelChanged();
    Respond(id, protocol::SetModelReply{slot.model().id, slot.model().dimension});
  });
  // Until it is open, the other one is what passages wait for.
  if (context_.best_model().ready()) fillers_.best().TellAll();
}

void Engine::BeginOpening(RequestId id) {
  const Result<TaskId> task =
      context_.tasks.Adopt({.kind = "model", .title = "Loading the model", .priority = Priority::kVisible},
                           {.cancel = [this, id] { CancelModel(id); }});
  openings_[id].task = task.ok() ? task.value() : TaskId{};
}

bool Engine::EndOpening(RequestId id, bool built_in, const Status& status) {
  if (!built_in) {
    const auto opening = openings_.find(id);
    if (opening == openings_.end()) return false;
    const TaskId task = opening->second.task;
    openings_.erase(opening);
    context_.tasks.Finish(task, status);
  }
  --models_opening_;
  return true;
}

void Engine::CancelModel(RequestId id) {
  const auto opening = openings_.find(id);
  if (opening == openings_.end()) return;
  const bool is_latest = opening->second.turn == larger_turn_;
  const bool took_the_place = opening->second.took_the_place;
  const Status status(StatusCode::kCancelled, "Loading the model was cancelled.");
  EndOpening(id, /*built_in=*/false, status);
  if (is_latest) {
    ++larger_turn_;  // for what is yet to be read
    if (took_the_place) CloseModel(&context_.larger);
    WithoutModel(status, /*notify=*/true);
  }
  RespondError(id, status);
}

// A later request's model takes the place.
void Engine::LeaveOpening(RequestId id, bool built_in) {
  const Status status(StatusCode::kCancelled, "The model was changed again.");
  if (EndOpening(id, built_in, status)) RespondError(id, status);
}

// Why a model cannot be had; what there was goes on.
void Engine::RefuseModel(RequestId id, bool built_in, const Status& status) {
  if (built_in) {
    fillers_.of(&context_.instant).Forget();
    SiteModelFailed(status);
  }
  if (!EndOpening(id, built_in, status)) return;
  WithoutModel(status, /*notify=*/!built_in);  // the page asked for that one by itself and tells of it
  RespondError(id, status);
}

// It may have done so before there was a task to tell of.
void Engine::SiteModelFailed(const Status& status) {
  site_model_failure_ = status;
  FollowSiteModel();
}

void Engine::WithoutModel(const Status& status, bool notify) {
  if (context_.best_model().ready()) {
    ModelChanged();
    fillers_.best().TellAll();
    if (!notify) return;
    const bool is_wanted = status.code() == StatusCode::kCancelled;
    return Notify(is_wanted ? protocol::NoticeLevel::kInfo : protocol::NoticeLevel::kError,
                  status.message() + " The model that was there stays in use.");
  }
  model_error_ = status.message();
  ModelChanged();
  if (model_state_ != protocol::ModelState::kFailed) return;  // another one is still being opened
  ingest_.GiveUpEmbedding();
  if (notify) Notify(protocol::NoticeLevel::kError, status.message() + " Until then, search works by words only.");
}

void Engine::CloseModel(ModelSlot* slot) {
  fillers_.of(slot).Close();
  slot->embedder.Close();
}

void Engine::EmbeddingFailed(ModelSlot* slot, const Status& status) {
  if (status.code() == StatusCode::kStorageFull) {
    fillers_.Stop();
    SetIndexingPaused(true);
    ingest_.GiveUpEmbedding();
    Notify(protocol::NoticeLevel::kError, status.message());
    StateMayHaveChanged();
  } else {
    CloseModel(slot);
    if (slot == &context_.instant) SiteModelFailed(status);
    WithoutModel(status, /*notify=*/true);
  }
  context_.larger.embedder.Pump();  // the other one's batches are no longer before it
  CheckIdle();
}

}  // namespace lodestone
