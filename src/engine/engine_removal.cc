// The removing part of Engine: by name, by a walk that met a file no more, and by damage.

#include <algorithm>
#include <map>
#include <utility>

#include "engine/engine.h"
#include "store/snapshot.h"

namespace lodestone {
namespace {

constexpr double kTransactionBudgetMs = 10;

}  // namespace

void Engine::ListAsDamaged(const std::string& path) {
  const std::string file = FileOfDocument(path);
  if (file != path && files_.Has(file)) {
    return files_.SetWarning(file, "Some of its records were damaged in storage. Add the file again.");
  }
  files_.AddStored(file, file, 0, 0, "");
  files_.SetState(file, protocol::FileState::kFailed, "What was stored of it is damaged. Add the file again.");
}

void Engine::DocumentsGone() {
  fillers_.DocumentsRemoved();
  words_.Tidy();
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
  DocumentsGone();
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
  if (request.everything) return RemoveEverything(id);
  std::vector<DocumentId> documents;
  for (const std::string& path : request.paths) {
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
  const auto count = static_cast<uint32_t>(documents.size());
  RemoveDocuments(std::move(documents), request.paths, [this, id, count](const Status& status) {
    if (status.ok()) Respond(id, protocol::RemoveReply{count});
    else RespondError(id, status);
  });
}

void Engine::RemoveDocuments(std::vector<DocumentId> documents, std::vector<std::string> files,
                             std::function<void(const Status&)> done) {
  context_.OnStorage<Result<std::vector<PassageId>>>(
      Priority::kVisible,
      [documents, queue = context_.platform.storage](Store& store) {
        return store.RemoveDocuments(documents, kTransactionBudgetMs, [queue] {
          if (queue->InteractiveWaiting()) queue->RunInteractive();
        });
      },
      [this, documents, files = std::move(files), done = std::move(done)](Result<std::vector<PassageId>> passages) {
        if (!passages.ok()) return done(passages.status());
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
        for (const std::string& file : files) files_.Remove(file);
        ingest_.DocumentsRemoved(documents);
        DocumentsGone();
        if (!documents.empty()) housekeeper_.DocumentsRemoved();
        MeasureStorage();
        done(OkStatus());
      });
}

void Engine::RemoveEverything(RequestId id) {
  ingest_.CancelAll();
  const auto count = static_cast<uint32_t>(context_.library.document_count());
  context_.OnStorage<Status>(
      Priority::kVisible,
      [this](Store& store) {
        RemoveAllSetAside(context_.place.path);
        return store.RemoveAll();
      },
      [this, id, count](Status status) {
        if (!status.ok()) return RespondError(id, status);
        context_.library.Clear();
        words_.Restart();
        files_.Clear();
        fillers_.Restart();
        MeasureStorage();
        Respond(id, protocol::RemoveReply{count});
      });
}

void Engine::OnFinishScan(RequestId id, const protocol::FinishScan& request) {
  if (!open_status_.ok()) return RespondError(id, open_status_);
  FolderScans::Gone gone = scans_.Finish(request.scan, request.root, request.unlisted, context_.library, files_);
  const protocol::FinishScanReply reply{static_cast<uint32_t>(gone.documents.size()), gone.renamed};
  if (gone.documents.empty()) {
    for (const std::string& file : gone.files) files_.Remove(file);
    return Respond(id, reply);
  }
  RemoveDocuments(std::move(gone.documents), std::move(gone.files), [this, id, reply](const Status& status) {
    if (status.ok()) Respond(id, reply);
    else RespondError(id, status);
  });
}

}  // namespace lodestone
