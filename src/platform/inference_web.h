#pragma once

#include <memory>

#include "platform/executor.h"
#include "platform/inference.h"

namespace lodestone {

// ONNX Runtime Web behind the port: with threads each lane is a pthread that hosts one session in its
// own JavaScript scope, and batches stay in shared memory; without threads one plain worker serves
// every lane and batches are copied.
// Thread: coordinator.
std::unique_ptr<InferenceHost> MakeWebInferenceHost(int lane_count, Loop* loop);

// Until this call what is asked of the lanes waits: opening a model takes the processor from whoever draws the
// page's first frame. REQUIRES: a host.
void AllowWebInference();

}  // namespace lodestone
