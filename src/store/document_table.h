#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "store/store.h"

namespace lodestone {

// A stored document and where its passages are: ids first_passage to first_passage + passage_count - 1.
struct DocumentEntry {
  DocumentRecord record;
  int64_t date_ms = 0;  // the record's own date, else 0
  uint32_t first_passage = 0;
  int64_t checksum = 0;  // store/checksum.h
};

// The visible documents, in memory: what is not in here is pending or removed, whatever the database holds.
// Thread: the store's.
class DocumentTable {
 public:
  void Add(DocumentEntry entry);
  void Remove(DocumentId document);
  void Clear();

  const DocumentEntry* Find(DocumentId document) const;
  const DocumentEntry* FindPath(const std::string& path) const;
  // The visible documents of the same content, cut into the same passages, ascending; `entry` itself, which
  // need not be in here, is left out.
  std::vector<DocumentId> TwinsOf(const DocumentEntry& entry) const;
  // 0 for a passage that is not visible.
  DocumentId DocumentOf(PassageId passage) const {
    return passage.value < document_of_passage_.size() ? document_of_passage_[passage.value] : DocumentId{};
  }
  // Ascending by id, and so by passages too.
  const std::map<DocumentId, DocumentEntry>& entries() const { return entries_; }

 private:
  std::map<DocumentId, DocumentEntry> entries_;
  std::unordered_map<std::string, DocumentId> by_path_;
  std::unordered_map<int64_t, std::vector<DocumentId>> by_checksum_;  // ascending
  std::vector<DocumentId> document_of_passage_;
};

// The extension of a document's file in lower case, as type: compares it; a record's is that of its file.
std::string TypeOfPath(const std::string& path, Format format);

// Whether a document passes type:, path:, after: and before:.
bool PassesFilters(const DocumentEntry& entry, const ParsedQuery& query);

}  // namespace lodestone
