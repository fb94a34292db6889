#pragma once

#include <memory>
#include <string>

#include "platform/executor.h"
#include "platform/inference.h"

namespace lodestone {

// ONNX Runtime Web behind the port: with threads each lane is a pthread with sessions in its own JavaScript
// scope, one for each model in use, and batches stay in shared memory; without threads one plain worker serves
// every lane and batches are copied.
// Thread: coordinator.
class WebInference {
 public:
  virtual ~WebInference() = default;
  // The way to the same lanes for one of the models in use, 0 to kModelSlots - 1.
  virtual InferenceHost* slot(int index) = 0;
};
inline constexpr int kInstantSlot = 0;
inline constexpr int kLargerSlot = 1;
inline constexpr int kModelSlots = 2;
// `gpu_policy` is GpuPolicy of inference_provider.mjs: how the first bulk lane of kLargerSlot uses the graphics processor.
std::unique_ptr<WebInference> MakeWebInference(int lane_count, std::string gpu_policy, Loop* loop);

// Until this call what is asked of the lanes waits: opening a model takes the processor from whoever draws the
// page's first frame. REQUIRES: a WebInference.
void AllowWebInference();

}  // namespace lodestone
