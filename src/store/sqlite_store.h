#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "store/caretaker.h"
#include "store/database.h"
#include "store/document_purger.h"
#include "store/document_reader.h"
#include "store/document_table.h"
#include "store/document_writer.h"
#include "store/full_text.h"
#include "store/store.h"
#include "store/vector_table.h"

namespace lodestone {

// The one Store: its parts share a connection and the table of visible documents.
class SqliteStore final : public Store {
 public:
  // `as_far_as_it_goes`: for reading what is left of a damaged file.
  explicit SqliteStore(std::unique_ptr<Database> database, bool as_far_as_it_goes = false)
      : as_far_as_it_goes_(as_far_as_it_goes),
        database_(std::move(database)),
        vectors_(database_.get(), &documents_),
        reader_(database_.get(), &documents_),
        purger_(database_.get()),
        writer_(database_.get(), &documents_, &vectors_, &purger_),
        caretaker_(database_.get(), &documents_) {}

  // Comes first: migrates, reads the list of documents, sweeps what is pending.
  Status Init();
  Database& database() { return *database_; }
  // How many documents Init had to leave out.
  size_t left_out() const { return left_out_; }
  // Null without a visible document of that path. Lives until the next change.
  const DocumentRecord* FindRecord(const std::string& path) const;
  // Whether a visible document passes its checksum.
  bool IsSound(DocumentId document) { return caretaker_.IsSound(*documents_.Find(document)); }
  PassageId FirstPassage(DocumentId document) const { return PassageId{documents_.Find(document)->first_passage}; }

  Result<std::vector<DocumentRecord>> ListDocuments() override;
  Result<std::vector<std::pair<PassageId, DocumentId>>> ListPassages() override;
  Result<std::vector<StoredModel>> ListModels() override { return vectors_.ListModels(); }

  std::vector<Result<StoredIds>> AddDocuments(std::span<const NewDocument> documents, double budget_ms,
                                              const std::function<void()>& between) override {
    return writer_.Add(documents, budget_ms, between);
  }

  Status SaveGraph(const std::string& model_id, std::string_view bytes, const std::function<void()>& between) override {
    return vectors_.SaveGraph(model_id, bytes, between);
  }
  Result<std::string> LoadGraph(const std::string& model_id) override { return vectors_.LoadGraph(model_id); }

  Result<std::vector<CopiedVector>> AddVectors(const std::string& model_id, uint32_t dimension,
                                               std::span<const PassageId> passages,
                                               std::span<const uint16_t> half_bits) override {
    return vectors_.Add(model_id, dimension, passages, half_bits);
  }
  Status DropVectorsUnless(const std::string& model_id, uint32_t dimension) override {
    return vectors_.DropUnless(model_id, dimension);
  }
  Result<VectorBatch> LoadVectors(const std::string& model_id, uint32_t dimension, PassageId after,
                                  size_t limit) override {
    return vectors_.Load(model_id, dimension, after, limit);
  }
  Result<std::vector<PassageText>> PassagesWithoutVector(const std::string& model_id, PassageId after,
                                                         size_t limit) override;

  Result<std::vector<PassageId>> RemoveDocuments(std::span<const DocumentId> documents, double budget_ms,
                                                 const std::function<void()>& between) override {
    return writer_.Remove(documents, budget_ms, between);
  }
  Status RemoveAll() override { return writer_.RemoveAll(); }

  Result<FilterResult> Filter(const ParsedQuery& query) override;
  Result<LexicalResult> SearchLexical(const ParsedQuery& query, const FilterResult& filter) override {
    return full_text_->Search(query.terms, filter);
  }
  Result<std::vector<PassageText>> LoadPassages(std::span<const PassageId> passages) override {
    return reader_.LoadPassages(passages);
  }
  Result<Document> LoadDocument(const std::string& path) override { return reader_.LoadDocument(path); }
  Result<NewDocument> LoadWhole(DocumentId document) override { return reader_.LoadWhole(document); }
  std::vector<WordMatch> MatchWords(const ParsedQuery& query, std::string_view text) override {
    return full_text_->Match(query.terms, text);
  }

  Result<VerifyResult> Verify(DocumentId after, double budget_ms) override {
    return caretaker_.Verify(after, budget_ms);
  }
  Result<std::vector<std::string>> ListDamaged() override { return caretaker_.ListDamaged(); }
  Result<bool> NeedsCompaction() override { return caretaker_.NeedsCompaction(); }
  Result<bool> Compact(const std::function<bool()>& stop) override { return caretaker_.Compact(stop); }

  Status Export(const std::string& path, const std::function<void()>& between, const Watch& watch) override;
  Result<ImportResult> Import(const std::string& path, ImportMode mode, double budget_ms,
                              const std::function<void()>& between, const Watch& watch) override;
  Result<uint64_t> SizeBytes() override;

 private:
  // Reads the list of documents anew, as after the whole database was replaced.
  Status Reload();

  const bool as_far_as_it_goes_;
  size_t left_out_ = 0;
  std::unique_ptr<Database> database_;
  DocumentTable documents_;
  VectorTable vectors_;
  DocumentReader reader_;
  DocumentPurger purger_;
  DocumentWriter writer_;
  Caretaker caretaker_;
  std::unique_ptr<FullText> full_text_;
};

}  // namespace lodestone
