#include "engine/folder_compare.h"

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/hash.h"

namespace lodestone {
namespace {

// Larger files are told apart by their paths alone.
constexpr uint64_t kMaxHashedBytes = 16u << 20;

struct Comparison {
  EngineContext* context;
  protocol::CompareFolderReply reply;
  std::unordered_set<std::string> missing_hashes;  // stored files whose paths were not found
  std::vector<protocol::FileEntry> to_hash;
  std::vector<uint32_t> file_ids;
  std::function<void(protocol::CompareFolderReply)> done;
};

void Finish(const std::shared_ptr<Comparison>& comparison) {
  for (const uint32_t id : comparison->file_ids) comparison->context->platform.files->Release(FileId{id});
  comparison->done(comparison->reply);
}

void HashNext(const std::shared_ptr<Comparison>& comparison) {
  const protocol::CompareFolderReply& reply = comparison->reply;
  if (comparison->to_hash.empty() || reply.found * 2 >= reply.stored) return Finish(comparison);
  const protocol::FileEntry entry = std::move(comparison->to_hash.back());
  comparison->to_hash.pop_back();
  comparison->context->platform.files->Read(
      FileId{entry.file_id}, 0, static_cast<uint32_t>(entry.size_bytes), [comparison](Result<std::string> bytes) {
        if (!bytes.ok()) return HashNext(comparison);
        comparison->context->OnCompute<std::string>(
            Priority::kVisible, [bytes = std::move(bytes).value()] { return ContentHash(bytes); },
            [comparison](std::string hash) {
              comparison->reply.found += static_cast<uint32_t>(comparison->missing_hashes.erase(hash));
              HashNext(comparison);
            },
            "HashNext");
      });
}

}  // namespace

void CompareFolder(EngineContext* context, const FileList& files, const protocol::CompareFolder& request,
                   std::function<void(protocol::CompareFolderReply)> done) {
  auto comparison = std::make_shared<Comparison>();
  comparison->context = context;
  comparison->done = std::move(done);
  std::unordered_map<std::string, const protocol::FileEntry*> given;
  for (const protocol::FileEntry& entry : request.files) {
    given[entry.path] = &entry;
    comparison->file_ids.push_back(entry.file_id);
  }
  std::unordered_set<uint64_t> missing_sizes;
  for (const std::string& path : files.Paths()) {
    if (!path.starts_with(request.root + "/")) continue;
    ++comparison->reply.stored;
    if (given.contains(path)) {
      ++comparison->reply.found;
    } else if (const DocumentRecord* record = context->library.FindPath(path)) {
      comparison->missing_hashes.insert(record->content_hash);
      missing_sizes.insert(record->size_bytes);
    }
  }
  for (const protocol::FileEntry& entry : request.files) {
    if (files.Has(entry.path) || entry.size_bytes > kMaxHashedBytes) continue;
    if (missing_sizes.contains(entry.size_bytes)) comparison->to_hash.push_back(entry);
  }
  HashNext(comparison);
}

}  // namespace lodestone
