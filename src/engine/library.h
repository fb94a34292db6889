#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "index/flat_index.h"
#include "index/hnsw_index.h"
#include "index/posting_index.h"
#include "store/store.h"

namespace lodestone {

// What the coordinator knows of a stored passage.
struct PassageInfo {
  DocumentId document;  // 0: no such passage, or removed
};

// The vectors of one model in memory, and where each passage's row is.
struct Tier {
  static constexpr Row kNoRow = UINT32_MAX;
  explicit Tier(uint32_t dimension) : index(std::make_shared<FlatIndex>(dimension)) {}
  Row row(PassageId passage) const {
    return passage.value < row_of_passage.size() ? row_of_passage[passage.value] : kNoRow;
  }
  // REQUIRES: the passage has no row yet.
  void Add(PassageId passage, std::span<const uint16_t> half_bits);
  void Remove(PassageId passage);

  std::shared_ptr<FlatIndex> index;
  std::shared_ptr<HnswIndex> graph;  // over the same rows, once there are many: see GraphKeeper
  std::vector<Row> row_of_passage;  // by PassageId
};

// The coordinator's picture of the library: documents, passages, their words, and vectors by model.
// Thread: coordinator. Scans on other threads hold Tier::index, or a view of the words, alive themselves.
class Library {
 public:
  void AddDocument(DocumentRecord record, PassageId first_passage);
  // For starting from the store: passages one by one.
  void AddStoredDocument(DocumentRecord record);
  void AddStoredPassage(PassageId passage, DocumentId document);
  // Forgets the document and its passages, words and vectors included.
  void RemoveDocument(DocumentId document, const std::vector<PassageId>& passages);
  void Clear();

  const DocumentRecord* FindDocument(DocumentId id) const;
  const DocumentRecord* FindPath(const std::string& path) const;
  // The document of a visible passage, or 0.
  DocumentId document_of(PassageId passage) const {
    return passage.value < passages_.size() ? passages_[passage.value].document : DocumentId{};
  }
  size_t document_count() const { return documents_.size(); }
  size_t passage_count() const { return live_passages_; }
  // One past the highest passage id.
  uint32_t passage_limit() const { return static_cast<uint32_t>(passages_.size()); }
  const std::unordered_map<DocumentId, DocumentRecord>& documents() const { return documents_; }

  Tier& TierFor(const std::string& model_id, uint32_t dimension);
  Tier* FindTier(const std::string& model_id);
  // Frees the vectors of a model, if there are any (they stay in the store).
  void DropTier(const std::string& model_id) { tiers_.erase(model_id); }
  const std::unordered_map<std::string, std::unique_ptr<Tier>>& tiers() const { return tiers_; }
  // False when the passage has gone or has its vector already.
  bool AddVector(Tier& tier, PassageId passage, std::span<const uint16_t> half_bits);
  // Puts a tier that was filled elsewhere in place of the model's own, less what was removed meanwhile.
  void TakeTier(const std::string& model_id, std::unique_ptr<Tier> tier);
  // Adds the words of passages, less what was removed meanwhile.
  void AddWords(PostingSegmentPtr segment);
  PostingIndex& words() { return words_; }
  // Else some are still being loaded.
  bool has_all_words() const { return words_.passage_count() == live_passages_; }
  size_t memory_bytes() const;

 private:
  std::unordered_map<DocumentId, DocumentRecord> documents_;
  std::unordered_map<std::string, DocumentId> by_path_;
  std::vector<PassageInfo> passages_;  // by PassageId
  size_t live_passages_ = 0;
  std::unordered_map<std::string, std::unique_ptr<Tier>> tiers_;
  PostingIndex words_;
};

}  // namespace lodestone
