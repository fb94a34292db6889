// The model's part of Engine: opening one, and living without.

#include <utility>

#include "engine/engine.h"

namespace lodestone {
namespace {

constexpr uint32_t kReadBytes = 1u << 20;

void ReadRest(FileSource* files, FileId file, std::shared_ptr<std::string> read,
              std::function<void(Result<std::string>)> done) {
  files->Read(file, read->size(), kReadBytes, [=](Result<std::string> bytes) {
    if (!bytes.ok() || bytes.value().empty()) {
      files->Release(file);
      if (bytes.ok()) done(std::move(*read));
      else done(bytes.status());
      return;
    }
    *read += bytes.value();
    ReadRest(files, file, read, done);
  });
}

// All of a file that is known to fit in memory. Thread: coordinator.
void ReadWholeFile(FileSource* files, FileId file, std::function<void(Result<std::string>)> done) {
  ReadRest(files, file, std::make_shared<std::string>(), std::move(done));
}

}  // namespace

void Engine::OnSetModel(RequestId id, const protocol::SetModel& request) {
  Result<ModelDescription> description = ModelDescription{};
  if (!request.manifest_json.empty()) description = ParseManifest(request.manifest_json);
  if (!description.ok()) {
    if (request.built_in) {
      model_state_ = protocol::ModelState::kFailed;
      model_error_ = description.status().message();
    }
    return RespondError(id, description.status());
  }
  ModelDescription model = std::move(description).value();
  if (model.id.empty()) model.id = request.id;
  const protocol::ModelState former = model_state_;
  model_state_ = protocol::ModelState::kLoading;
  StateMayHaveChanged();
  // The runtime and the weights come while the vocabulary is read.
  context_.platform.inference->Prepare({model.id, request.onnx_url, nullptr});
  using Parsed = Result<std::unique_ptr<Tokenizer>>;
  context_.OnCompute<Parsed>(
      Priority::kInteractive, [json = request.tokenizer_json] { return Tokenizer::FromJson(json); },
      [this, id, model, former, url = request.onnx_url, file = FileId{request.onnx_file_id},
       built_in = request.built_in](Parsed tokenizer) mutable {
        if (!tokenizer.ok()) {
          model_state_ = built_in ? protocol::ModelState::kFailed : former;
          model_error_ = tokenizer.status().message();
          StateMayHaveChanged();
          return RespondError(id, tokenizer.status());
        }
        std::shared_ptr<const Tokenizer> shared = std::move(tokenizer).value();
        if (built_in || !context_.passage_tokenizer) context_.passage_tokenizer = shared;
        ingest_.Pump();
        StateMayHaveChanged();
        if (file.value == 0) return OpenModel(id, std::move(model), std::move(shared), {model.id, url, nullptr});
        ReadWholeFile(context_.platform.files, file, [this, id, model, shared](Result<std::string> bytes) {
          if (!bytes.ok()) {
            model_state_ = protocol::ModelState::kFailed;
            model_error_ = bytes.status().message();
            StateMayHaveChanged();
            return RespondError(id, bytes.status());
          }
          OpenModel(id, model, shared, {model.id, "", std::make_shared<const std::string>(std::move(bytes).value())});
        });
      });
}

void Engine::OpenModel(RequestId id, const ModelDescription& description, std::shared_ptr<const Tokenizer> tokenizer,
                       const ModelSource& source) {
  const std::string model_id = description.id;
  filler_.Stop();
  context_.model_tokenizer = std::move(tokenizer);
  context_.embedder.SetModel(description, source, [this, id, model_id](Status status) {
    if (!status.ok()) {
      if (status.code() != StatusCode::kCancelled) {
        model_state_ = protocol::ModelState::kFailed;
        model_error_ = status.message();
        ingest_.GiveUpEmbedding();
        Notify(protocol::NoticeLevel::kError, status.message() + " Until then, search works by words only.");
      }
      StateMayHaveChanged();
      return RespondError(id, status);
    }
    model_state_ = protocol::ModelState::kReady;
    model_error_.clear();
    model_id_ = model_id;
    filler_.Restart();
    StateMayHaveChanged();
    Respond(id, protocol::SetModelReply{model_id, context_.embedder.model().dimension});
  });
}

void Engine::EmbeddingFailed(const Status& status) {
  filler_.Stop();
  if (status.code() == StatusCode::kStorageFull) {
    ingest_.SetPaused(true);
  } else {
    model_state_ = protocol::ModelState::kFailed;
    model_error_ = status.message();
  }
  ingest_.GiveUpEmbedding();
  Notify(protocol::NoticeLevel::kError, status.message());
  StateMayHaveChanged();
  CheckIdle();
}

}  // namespace lodestone
