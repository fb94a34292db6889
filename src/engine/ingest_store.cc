// The storing part of Ingest: documents become visible, a batch a transaction.

#include <set>
#include <utility>

#include "engine/ingest_file.h"

namespace lodestone {
namespace {

using protocol::FileState;

constexpr size_t kStoreBatchDocuments = 256;
constexpr size_t kStoreBatchBytes = 1u << 20;
constexpr size_t kInlineStoreBatchBytes = 32u << 10;
constexpr double kTransactionBudgetMs = 10;

std::string TypeOf(const std::string& path) {
  const std::string file = FileOfDocument(path);
  const size_t slash = file.rfind('/');
  const size_t dot = file.rfind('.');
  if (dot == std::string::npos || (slash != std::string::npos && dot < slash)) return {};
  std::string type = file.substr(dot + 1);
  for (char& c : type) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return type;
}

}  // namespace

void Ingest::StoreBatch() {
  if (storing_ || to_store_.empty()) return;
  storing_ = true;
  std::vector<Parsed> batch;
  size_t bytes = 0;
  const size_t max_bytes = context_->platform.threaded ? kStoreBatchBytes : kInlineStoreBatchBytes;
  // A path twice in one batch would hide which of the two a result belongs to.
  std::set<std::string> paths;
  while (!to_store_.empty() && batch.size() < kStoreBatchDocuments && bytes < max_bytes) {
    if (!paths.insert(to_store_.front().document.document.path).second) break;
    bytes += to_store_.front().document.document.text.size();
    to_store_bytes_ -= to_store_.front().size_bytes();
    batch.push_back(std::move(to_store_.front()));
    to_store_.pop_front();
  }
  context_->OnStorage<Written>(
      Priority::kVisible,
      [batch = std::move(batch), queue = context_->platform.storage](Store& store) mutable {
        std::vector<NewDocument> documents;
        documents.reserve(batch.size());
        for (Parsed& parsed : batch) documents.push_back(std::move(parsed.document));
        Written written;
        written.ids = store.AddDocuments(documents, kTransactionBudgetMs, [queue] {
          if (queue->InteractiveWaiting()) queue->RunInteractive();
        });
        PostingBuilder words;
        for (size_t i = 0; i < batch.size(); ++i) {
          if (queue->InteractiveWaiting()) queue->RunInteractive();
          batch[i].document = std::move(documents[i]);
          batch[i].document.document.text = {};  // stored; the coordinator needs no copy
          if (written.ids[i].ok()) {
            words.Add(written.ids[i].value().document, written.ids[i].value().first_passage, batch[i].words);
          }
          batch[i].words = {};
        }
        written.segments = words.Finish();
        written.batch = std::move(batch);
        return written;
      },
      [this](Written written) { Stored(std::move(written)); });
}

void Ingest::Stored(Written written) {
  storing_ = false;
  std::vector<Parsed>& batch = written.batch;
  std::vector<Result<StoredIds>>& ids = written.ids;
  bool any = false;
  Status storage_failure;
  for (size_t i = 0; i < batch.size(); ++i) {
    const FilePtr& file = batch[i].file;
    --file->steps;
    if (!ids[i].ok()) {
      if (ids[i].status().code() == StatusCode::kStorageFull) storage_failure = ids[i].status();
      FailFile(file, ids[i].status());
      continue;
    }
    const StoredIds& stored = ids[i].value();
    if (stored.replaced) {
      file->stale.erase(*stored.replaced);
      DocumentComplete(*stored.replaced);
      context_->library.RemoveDocument(*stored.replaced, stored.replaced_passages);
      on_documents_removed();
    }
    NewDocument& document = batch[i].document;
    DocumentRecord record;
    record.id = stored.document;
    record.path = document.document.path;
    record.title = document.document.title;
    record.type = TypeOf(record.path);
    record.size_bytes = document.size_bytes;
    record.modified_ms = document.modified_ms;
    record.content_hash = document.content_hash;
    record.passage_count = static_cast<uint32_t>(document.passages.size());
    record.lossy_encoding = document.document.lossy_encoding;
    const uint32_t passage_count = record.passage_count;
    if (file->job->scan != 0) scans->Added(file->job->scan, record.content_hash);
    context_->library.AddDocument(std::move(record), stored.first_passage);
    ++(stored.replaced ? file->updated : file->added);
    files_->AddPassages(file->entry.path, passage_count);
    any = true;
    if (embedding_possible()) {
      unembedded_[stored.document] = {file, passage_count};
      ++file->unembedded;
      if (!file->ended) files_->SetState(file->entry.path, FileState::kEmbedding);
      if (stored.vectors_copied) on_vectors_copied(stored.first_passage, passage_count);
    }
    MaybeFinishFile(file);
  }
  for (PostingSegmentPtr& segment : written.segments) context_->library.AddWords(std::move(segment));
  if (any && on_documents_stored) on_documents_stored();
  if (!storage_failure.ok() && on_storage_failure) on_storage_failure(storage_failure);
  StoreBatch();
  Pump();
}

void Ingest::RemoveStale(const FilePtr& file) {
  const std::vector<DocumentId> gone(file->stale.begin(), file->stale.end());
  file->stale.clear();
  ++file->steps;
  context_->OnStorage<Result<std::vector<PassageId>>>(
      Priority::kVisible,
      [gone, queue = context_->platform.storage](Store& store) {
        return store.RemoveDocuments(gone, kTransactionBudgetMs, [queue] {
          if (queue->InteractiveWaiting()) queue->RunInteractive();
        });
      },
      [this, file, gone](Result<std::vector<PassageId>> passages) {
        --file->steps;
        if (!passages.ok()) return FailFile(file, passages.status());
        std::unordered_map<DocumentId, std::vector<PassageId>> by_document;
        for (PassageId passage : passages.value()) {
          by_document[context_->library.document_of(passage)].push_back(passage);
        }
        for (DocumentId document : gone) {
          DocumentComplete(document);
          context_->library.RemoveDocument(document, by_document[document]);
        }
        on_documents_removed();
        file->job->reply.removed += static_cast<uint32_t>(gone.size());
        MaybeFinishFile(file);
      });
}

}  // namespace lodestone
