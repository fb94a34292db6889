#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"

namespace lodestone {

// What an inference lane needs to open a model.
struct ModelSource {
  std::string id;        // e.g. "lodestone-static-1"
  std::string onnx_url;  // address on the site, or "" when the bytes are here
  std::shared_ptr<const std::string> onnx_bytes;  // of a file that the person picked
};

// One padded batch. The caller keeps the memory alive until `done`.
// Shape: ids, mask [row_count x column_count] i64, row-major; out [row_count x dimension] f32.
struct InferenceBatch {
  uint32_t row_count = 0;
  uint32_t column_count = 0;
  uint32_t dimension = 0;
  std::vector<int64_t> ids;
  std::vector<int64_t> mask;
  std::vector<float> out;
};

// What a model said of itself when a lane opened it.
struct ModelInfo {
  uint32_t dimension = 0;
  bool needs_token_type_ids = false;
  bool pooled_output = true;  // false: output is [rows x columns x dimension], the host mean-pools and normalises
};

// The lanes that run one embedding model, each a session on a thread that it may share with a lane of another model.
// Thread: coordinator; callbacks come on the coordinator, exactly once. Runs of one lane are serial.
class InferenceHost {
 public:
  virtual ~InferenceHost() = default;
  using LoadDone = std::function<void(Result<ModelInfo>)>;
  using RunDone = std::function<void(Status)>;
  // Lane 0 answers queries; lanes 1.. carry bulk work.
  virtual int lane_count() const = 0;
  // A Load of this model will follow: what can be done ahead in lane 0 may begin.
  virtual void Prepare(const ModelSource& source) = 0;
  // Opens the model in lane 0 and reports; replaces the former model. No run may be under way.
  virtual void Load(const ModelSource& source, LoadDone done) = 0;
  // Opens the model of the last Load in a further lane.
  virtual void OpenLane(int lane, LoadDone done) = 0;
  virtual void Run(int lane, InferenceBatch* batch, RunDone done) = 0;
  // How many tokens a bulk batch of this lane may have while the graphics processor runs it, 0 while it does not.
  virtual uint32_t gpu_batch_tokens(int lane) const {
    (void)lane;
    return 0;
  }
  // Frees the model in every lane. No run may be under way.
  virtual void Close() = 0;
};

}  // namespace lodestone
