#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/document.h"
#include "base/ids.h"
#include "base/query.h"
#include "base/status.h"

namespace lodestone {

// What the rest of the engine keeps of a stored document.
struct DocumentRecord {
  DocumentId id;
  std::string path;
  std::string title;
  std::string type;          // file extension in lower case, for type:
  uint64_t size_bytes = 0;   // of the file or record
  int64_t modified_ms = 0;
  std::string content_hash;  // of the file's bytes (or the record's), hex
  uint32_t passage_count = 0;
  bool lossy_encoding = false;
};

// A document with its passages on the way in.
struct NewDocument {
  Document document;
  std::vector<Passage> passages;
  uint64_t size_bytes = 0;
  int64_t modified_ms = 0;
  std::string content_hash;
};

struct StoredIds {
  DocumentId document;
  PassageId first_passage;  // passages have consecutive ids, in order
  // What this document replaced (same path), already gone from every search.
  std::optional<DocumentId> replaced;
  std::vector<PassageId> replaced_passages;
  // Vectors of a document of equal content were stored with it: they need not be made again.
  bool vectors_copied = false;
};

// The passages a query's filters leave.
struct FilterResult {
  bool restricts = false;            // false: no filter, everything is allowed
  std::vector<PassageId> allowed;    // ascending; meaningful when restricts
};

struct LexicalResult {
  std::vector<LexicalHit> hits;      // every visible passage with at least one term, any order, already filtered
  std::vector<uint32_t> term_document_counts;  // per query term, in how many documents it stands
};

// A passage as results show it.
struct PassageText {
  PassageId passage;
  DocumentId document;
  std::string path;
  std::string title;
  std::string text;
  std::string heading_path;
  uint32_t start = 0;
  uint32_t end = 0;
  std::pair<uint32_t, uint32_t> best_sentence = {0, 0};  // byte range in `text`, filled in by the search
};

// The vectors of one model at rest, in passage order.
struct VectorBatch {
  std::vector<PassageId> passages;
  std::vector<uint16_t> half_bits;  // [passages.size() x dimension] f16
};

// A passage of equal content that got a vector along with the one it was made for.
struct CopiedVector {
  PassageId passage;
  size_t source = 0;  // index in what was given
};

struct StoredModel {
  std::string id;
  uint32_t dimension = 0;
};

enum class ImportMode {
  kReplace,  // the file's documents are the library from now on
  kMerge,    // of two documents with one path the one modified later stays
  kSalvage,  // as kMerge, from a damaged file: what is sound of it
};

struct ImportResult {
  uint32_t added = 0;
  uint32_t updated = 0;
  uint32_t unchanged = 0;
  uint32_t damaged = 0;  // kSalvage: documents that were not sound
  // Why merging ended before the end of the file; what is counted above stays.
  Status ended_early;
};

// Whoever asked for a long piece of work, looking on. Both may be empty.
// Thread: the store's.
struct Watch {
  std::function<bool()> stop = {};  // true: it is no longer wanted, and ends with kCancelled as soon as it can
  std::function<void(uint64_t done, uint64_t total)> report = {};  // often; in units of its own, one total
};

struct DamagedDocument {
  DocumentId document;
  std::string path;
  PassageId first_passage;
  uint32_t passage_count = 0;
};

struct VerifyResult {
  DocumentId last;    // where to go on
  bool done = false;  // it was the last document
  std::vector<DamagedDocument> damaged;
};

struct WordMatch {
  uint32_t start = 0;  // byte offsets into the text that was given
  uint32_t end = 0;
  uint32_t term = 0;   // which query term
};

// The library at rest: documents, passages, vectors by model, and their full-text index, in one SQLite database.
// Thread: one only (the storage thread), for every call.
// Errors: kStorageFull when the disk or quota is full (nothing half-written stays), kBadData when the
// database is damaged, kMismatch when it is of a newer version.
class Store {
 public:
  // `path` is a file name, or ":memory:".
  static Result<std::unique_ptr<Store>> Open(const std::string& path);
  virtual ~Store() = default;

  virtual Result<std::vector<DocumentRecord>> ListDocuments() = 0;
  // passage id -> document id for all visible passages, ascending by passage.
  virtual Result<std::vector<std::pair<PassageId, DocumentId>>> ListPassages() = 0;

  // Writes documents with passages and full-text entries, visible on return, in transactions bounded by
  // `budget_ms` each; `between` runs between transactions (interactive work gets its turn there).
  // A document whose path is there already replaces it. Results are in order; one document's failure leaves the others.
  // `between` may search and read, not write.
  virtual std::vector<Result<StoredIds>> AddDocuments(std::span<const NewDocument> documents, double budget_ms,
                                                      const std::function<void()>& between) = 0;
  // Vectors of passages, by model. Passages that have gone meanwhile are skipped; those of documents of equal
  // content get theirs too and come back.
  // Shape: half_bits [passages.size() x dimension] f16.
  virtual Result<std::vector<CopiedVector>> AddVectors(const std::string& model_id, uint32_t dimension,
                                                       std::span<const PassageId> passages,
                                                       std::span<const uint16_t> half_bits) = 0;
  // Vectors by this name of another dimension are of another model: they go.
  virtual Status DropVectorsUnless(const std::string& model_id, uint32_t dimension) = 0;
  // Up to `limit` vectors with passage id over `after`, visible documents only; none where they have another dimension.
  // Those that fail their checksum are dropped.
  virtual Result<VectorBatch> LoadVectors(const std::string& model_id, uint32_t dimension, PassageId after, size_t limit) = 0;
  // Up to `limit` visible passages over `after` that have no vector of this model; of documents of equal
  // content those of one stand for all.
  virtual Result<std::vector<PassageText>> PassagesWithoutVector(const std::string& model_id, PassageId after, size_t limit) = 0;

  // Keeps the graph over a model's vectors in place of the former one; with a model unknown to the library, nothing. In
  // transactions of a piece each with `between` after each, as in AddDocuments: after a crash amid them the bytes that
  // LoadGraph gives fail their own checksum.
  virtual Status SaveGraph(const std::string& model_id, std::string_view bytes, const std::function<void()>& between) = 0;
  // Empty where there is none.
  virtual Result<std::string> LoadGraph(const std::string& model_id) = 0;

  // Removes documents with all that belongs to them; the ids of their passages come back. They are gone from
  // every search at once; their rows go in transactions bounded as in AddDocuments.
  virtual Result<std::vector<PassageId>> RemoveDocuments(std::span<const DocumentId> documents,
                                                         double budget_ms = 10,
                                                         const std::function<void()>& between = {}) = 0;
  virtual Status RemoveAll() = 0;

  virtual Result<FilterResult> Filter(const ParsedQuery& query) = 0;
  // OR of the query's terms (stemmed), BM25 over text and heading path; `filter` applied.
  virtual Result<LexicalResult> SearchLexical(const ParsedQuery& query, const FilterResult& filter) = 0;
  // In the order asked; passages that have gone are left out.
  virtual Result<std::vector<PassageText>> LoadPassages(std::span<const PassageId> passages) = 0;
  // The stored text. Errors: kNotFound.
  virtual Result<Document> LoadDocument(const std::string& path) = 0;
  // All that AddDocuments needs to store it elsewhere. Errors: kNotFound.
  virtual Result<NewDocument> LoadWhole(DocumentId document) = 0;
  virtual Result<std::vector<StoredModel>> ListModels() = 0;
  // Where the terms of a query stand in `text`, by the index's own tokenizer and stemmer.
  virtual std::vector<WordMatch> MatchWords(const ParsedQuery& query, std::string_view text) = 0;

  // Holds the documents over `after`, as many as `budget_ms` allows, against their checksums. Damaged ones are
  // gone from the library on return, and their paths are remembered until they are read again.
  virtual Result<VerifyResult> Verify(DocumentId after, double budget_ms) = 0;
  virtual Result<std::vector<std::string>> ListDamaged() = 0;
  // Whether something was removed, or so much replaced, that the file should be made anew.
  virtual Result<bool> NeedsCompaction() = 0;
  // Makes the file as small as it can be, with no byte left of what was removed. False when `stop` ended it
  // early, with nothing lost.
  virtual Result<bool> Compact(const std::function<bool()>& stop) = 0;

  // Writes the library to a new file, as small as it can be, readable by any SQLite from 3.40 on. No file is left after
  // an error. `between` runs until the copying begins, and may search and read.
  virtual Status Export(const std::string& path, const std::function<void()>& between = {}, const Watch& watch = {}) = 0;
  // Takes in an exported file. All ids change with kReplace. But for kSalvage a file that is damaged anywhere, or not a
  // library, is refused whole; with kReplace the new library is there whole or the old one stays. An error: nothing has
  // changed. `budget_ms` and `between` as in AddDocuments; `between` runs while the file is checked, too.
  virtual Result<ImportResult> Import(const std::string& path, ImportMode mode, double budget_ms,
                                      const std::function<void()>& between, const Watch& watch = {}) = 0;

  virtual Result<uint64_t> SizeBytes() = 0;
};

}  // namespace lodestone
