// The library's part of Engine: opening it, showing a document, removing some.

#include <algorithm>
#include <utility>

#include "engine/engine.h"

namespace lodestone {

void Engine::OpenLibrary(std::function<void(const Status&)> opened) {
  struct Opened {
    Status status;
    std::vector<DocumentRecord> documents;
    std::vector<std::pair<PassageId, DocumentId>> passages;
    uint64_t size_bytes = 0;
    std::string storage_name;
    std::string notice;
    std::vector<std::string> damaged_paths;
    bool needs_compaction = false;
  };
  ++context_.storage_tasks;
  context_.platform.storage->Post(Priority::kVisible, [this, opened = std::move(opened)]() mutable {
    auto result = std::make_shared<Opened>();
    const StoragePlace place = context_.platform.mount_storage();
    result->storage_name = place.name;
    Result<std::unique_ptr<Store>> store = Store::Open(place.path);
    if (!store.ok() && store.status().code() == StatusCode::kUnavailable) {
      // Most often another tab has it open. What is added here lives as long as the tab does.
      result->notice = "The library could not be opened: " + store.status().message() +
                       " What you add here is kept until this tab is closed.";
      result->storage_name = "memory";
      store = Store::Open(":memory:");
    }
    if (store.ok()) {
      context_.store = std::move(store).value();
      Result<std::vector<DocumentRecord>> documents = context_.store->ListDocuments();
      auto passages = context_.store->ListPassages();
      if (!documents.ok()) result->status = documents.status();
      else if (!passages.ok()) result->status = passages.status();
      else {
        result->documents = std::move(documents).value();
        result->passages = std::move(passages).value();
      }
      if (Result<uint64_t> size = context_.store->SizeBytes(); size.ok()) result->size_bytes = size.value();
      if (auto paths = context_.store->ListDamaged(); paths.ok()) result->damaged_paths = std::move(paths).value();
      if (Result<bool> needed = context_.store->NeedsCompaction(); needed.ok()) result->needs_compaction = needed.value();
    } else {
      result->status = store.status();
    }
    context_.platform.loop->Post([this, result, opened = std::move(opened)] {
      --context_.storage_tasks;
      open_status_ = result->status;
      for (DocumentRecord& record : result->documents) {
        files_.AddStored(FileOfDocument(record.path), record.title, record.size_bytes, record.passage_count,
                         record.lossy_encoding ? "Some characters could not be read." : "");
        context_.library.AddStoredDocument(std::move(record));
      }
      for (const auto& [passage, document] : result->passages) context_.library.AddStoredPassage(passage, document);
      for (const std::string& path : result->damaged_paths) ListAsDamaged(path);
      if (open_status_.ok()) housekeeper_.LibraryOpened(result->needs_compaction);
      storage_bytes_ = result->size_bytes;
      storage_name_ = result->storage_name;
      if (!result->notice.empty()) Notify(protocol::NoticeLevel::kWarning, result->notice);
      opened_ = true;
      opened(open_status_);
      for (auto& work : std::exchange(after_open_, {})) work();
      StateMayHaveChanged();
    });
  });
}

void Engine::ListAsDamaged(const std::string& path) {
  const std::string file = FileOfDocument(path);
  if (file != path && files_.Has(file)) {
    return files_.SetWarning(file, "Some of its records were damaged in storage. Add the file again.");
  }
  files_.AddStored(file, file, 0, 0, "");
  files_.SetState(file, protocol::FileState::kFailed, "What was stored of it is damaged. Add the file again.");
}

void Engine::DocumentsDamaged(const std::vector<DamagedDocument>& damaged) {
  std::vector<DocumentId> documents;
  for (const DamagedDocument& document : damaged) {
    documents.push_back(document.document);
    std::vector<PassageId> passages;
    for (uint32_t i = 0; i < document.passage_count; ++i) passages.push_back(PassageId{document.first_passage.value + i});
    context_.library.RemoveDocument(document.document, passages);
    ListAsDamaged(document.path);
  }
  ingest_.DocumentsRemoved(documents);
  filler_.DocumentsRemoved();
  const std::string first = "\"" + damaged.front().path + "\"";
  Notify(protocol::NoticeLevel::kWarning,
         damaged.size() == 1
             ? first + " was damaged in storage and is out of the library. Add the file again."
             : first + " and " + std::to_string(damaged.size() - 1) +
                   " more were damaged in storage and are out of the library. Add these files again.");
  StateMayHaveChanged();
}

void Engine::OnRemove(RequestId id, const protocol::Remove& request) {
  if (!open_status_.ok()) return RespondError(id, open_status_);
  std::vector<DocumentId> documents;
  std::vector<std::string> paths = request.paths;
  if (request.everything) {
    ingest_.CancelAll();
    paths.clear();
    for (const auto& [document, record] : context_.library.documents()) documents.push_back(document);
  }
  for (const std::string& path : paths) {
    if (const DocumentRecord* record = context_.library.FindPath(path)) {
      documents.push_back(record->id);
      continue;
    }
    // A file of records, or a folder: everything under it.
    for (const auto& [document, record] : context_.library.documents()) {
      if (record.path.starts_with(path + "#") || record.path.starts_with(path + "/")) documents.push_back(document);
    }
  }
  std::sort(documents.begin(), documents.end());
  documents.erase(std::unique(documents.begin(), documents.end()), documents.end());
  context_.OnStorage<Result<std::vector<PassageId>>>(
      Priority::kVisible,
      [documents, everything = request.everything](Store& store) -> Result<std::vector<PassageId>> {
        if (!everything) return store.RemoveDocuments(documents);
        Status status = store.RemoveAll();
        if (!status.ok()) return status;
        return std::vector<PassageId>{};
      },
      [this, id, documents, paths, everything = request.everything](Result<std::vector<PassageId>> passages) {
        if (!passages.ok()) return RespondError(id, passages.status());
        if (everything) {
          context_.library.Clear();
          files_.Clear();
          if (filler_.active()) filler_.Restart();
        } else {
          std::map<DocumentId, std::vector<PassageId>> by_document;
          for (DocumentId document : documents) by_document[document];
          for (PassageId passage : passages.value()) by_document[context_.library.document_of(passage)].push_back(passage);
          for (const auto& [document, gone] : by_document) {
            if (const DocumentRecord* record = context_.library.FindDocument(document)) {
              const std::string file = FileOfDocument(record->path);
              if (file == record->path) files_.Remove(file);
            }
            context_.library.RemoveDocument(document, gone);
          }
          for (const std::string& path : paths) files_.Remove(path);
        }
        ingest_.DocumentsRemoved(documents);
        filler_.DocumentsRemoved();
        if (!everything && !documents.empty()) housekeeper_.DocumentsRemoved();
        MeasureStorage();
        Respond(id, protocol::RemoveReply{static_cast<uint32_t>(documents.size())});
      });
}

void Engine::OnGetDocument(RequestId id, const protocol::GetDocument& request) {
  if (!open_status_.ok()) return RespondError(id, open_status_);
  // Encoded on the storage thread: a long text must not hold up the coordinator.
  context_.OnStorage<Result<std::string>>(
      Priority::kInteractive,
      [path = request.path](Store& store) -> Result<std::string> {
        Result<Document> document = store.LoadDocument(path);
        if (!document.ok()) return document.status();
        protocol::GetDocumentReply reply;
        reply.path = path;
        reply.title = std::move(document.value().title);
        reply.text = std::move(document.value().text);
        for (Heading& heading : document.value().headings) {
          reply.headings.push_back({heading.offset, heading.level, std::move(heading.text)});
        }
        return protocol::Encode(reply);
      },
      [this, id](Result<std::string> bytes) {
        if (!bytes.ok()) return RespondError(id, bytes.status());
        if (open_requests_.erase(id) == 0) return;
        send_(MessageKind::kResponse, protocol::MessageType::kGetDocumentReply, id, std::move(bytes).value());
        CheckIdle();
      });
}

}  // namespace lodestone
