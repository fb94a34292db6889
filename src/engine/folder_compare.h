#pragma once

#include <functional>
#include <memory>

#include "engine/context.h"
#include "engine/file_list.h"
#include "protocol/messages.h"

namespace lodestone {

// Tells how much of a folder in the library is found again in one that a person adds under the same name: files
// of the same path, else of the same content. `done` is called on the coordinator. Reads no file once half of the
// stored ones are found. Thread: coordinator.
void CompareFolder(EngineContext* context, const FileList& files, const protocol::CompareFolder& request,
                   std::function<void(protocol::CompareFolderReply)> done);

}  // namespace lodestone
