#include "engine/library.h"

#include <utility>

namespace lodestone {

void Tier::Add(PassageId passage, std::span<const uint16_t> half_bits) {
  if (passage.value >= row_of_passage.size()) {
    row_of_passage.resize(passage.value + row_of_passage.size() / 2 + 1, kNoRow);
  }
  row_of_passage[passage.value] = index->AddHalf(passage, half_bits);
}

void Tier::Remove(PassageId passage) {
  const Row removed = row(passage);
  if (removed == kNoRow) return;
  index->Remove(removed);
  row_of_passage[passage.value] = kNoRow;
}

void Library::AddStoredDocument(DocumentRecord record) {
  by_path_[record.path] = record.id;
  documents_[record.id] = std::move(record);
}

void Library::AddStoredPassage(PassageId passage, DocumentId document) {
  if (passage.value >= passages_.size()) passages_.resize(passage.value + 1);
  passages_[passage.value].document = document;
  ++live_passages_;
}

void Library::AddDocument(DocumentRecord record, PassageId first_passage) {
  const DocumentId id = record.id;
  const uint32_t count = record.passage_count;
  AddStoredDocument(std::move(record));
  for (uint32_t i = 0; i < count; ++i) AddStoredPassage(PassageId{first_passage.value + i}, id);
}

void Library::RemoveDocument(DocumentId document, const std::vector<PassageId>& passages) {
  std::vector<PassageId> gone;
  for (PassageId passage : passages) {
    if (document_of(passage) != document) continue;
    passages_[passage.value].document = {};
    --live_passages_;
    for (auto& [id, tier] : tiers_) tier->Remove(passage);
    gone.push_back(passage);
  }
  words_.Remove(gone);
  const auto found = documents_.find(document);
  if (found == documents_.end()) return;
  const auto path = by_path_.find(found->second.path);
  if (path != by_path_.end() && path->second == document) by_path_.erase(path);
  documents_.erase(found);
}

void Library::Clear() {
  documents_.clear();
  by_path_.clear();
  passages_.clear();
  live_passages_ = 0;
  tiers_.clear();
  words_.Clear();
}

const DocumentRecord* Library::FindDocument(DocumentId id) const {
  const auto found = documents_.find(id);
  return found == documents_.end() ? nullptr : &found->second;
}

const DocumentRecord* Library::FindPath(const std::string& path) const {
  const auto found = by_path_.find(path);
  return found == by_path_.end() ? nullptr : FindDocument(found->second);
}

Tier& Library::TierFor(const std::string& model_id, uint32_t dimension) {
  auto& tier = tiers_[model_id];
  if (!tier || tier->index->dimension() != dimension) tier = std::make_unique<Tier>(dimension);
  return *tier;
}

Tier* Library::FindTier(const std::string& model_id) {
  const auto found = tiers_.find(model_id);
  return found == tiers_.end() ? nullptr : found->second.get();
}

bool Library::AddVector(Tier& tier, PassageId passage, std::span<const uint16_t> half_bits) {
  if (document_of(passage).value == 0) return false;  // removed while its vector was made
  if (tier.row(passage) != Tier::kNoRow) return false;
  tier.Add(passage, half_bits);
  return true;
}

void Library::TakeTier(const std::string& model_id, std::unique_ptr<Tier> tier) {
  for (uint32_t id = 0; id < tier->row_of_passage.size(); ++id) {
    const PassageId passage{id};
    if (document_of(passage).value == 0) tier->Remove(passage);
  }
  tiers_[model_id] = std::move(tier);
}

void Library::AddWords(PostingSegmentPtr segment) {
  std::vector<PassageId> gone;
  for (uint32_t row = 0; row < segment->row_count(); ++row) {
    if (document_of(segment->passage(row)).value == 0) gone.push_back(segment->passage(row));
  }
  words_.Add(std::move(segment));
  words_.Remove(gone);
}

size_t Library::memory_bytes() const {
  size_t bytes = passages_.capacity() * sizeof(PassageInfo) + words_.memory_bytes();
  for (const auto& [id, tier] : tiers_) {
    bytes += tier->index->memory_bytes() + tier->row_of_passage.capacity() * sizeof(Row);
    if (tier->graph) bytes += tier->graph->memory_bytes();
  }
  return bytes;
}

}  // namespace lodestone
