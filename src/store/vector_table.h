#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "store/database.h"
#include "store/document_table.h"
#include "store/store.h"

namespace lodestone {

// The vectors at rest, by model. Documents of equal content have equal vectors, stored with each.
// Thread: the store's.
class VectorTable {
 public:
  // Both outlive it.
  VectorTable(Database* database, const DocumentTable* documents) : database_(database), documents_(documents) {}

  // As Store::AddVectors.
  Result<std::vector<CopiedVector>> Add(const std::string& model_id, uint32_t dimension,
                                        std::span<const PassageId> passages, std::span<const uint16_t> half_bits);
  // As Store::DropVectorsUnless and Store::LoadVectors.
  Status DropUnless(const std::string& model_id, uint32_t dimension);
  Result<VectorBatch> Load(const std::string& model_id, uint32_t dimension, PassageId after, size_t limit);
  // As Store::PassagesWithoutVector, without the texts.
  Result<std::vector<PassageId>> Missing(const std::string& model_id, PassageId after, size_t limit);
  Result<std::vector<StoredModel>> ListModels();
  // As Store's.
  Status SaveGraph(const std::string& model_id, std::string_view bytes, const std::function<void()>& between);
  Result<std::string> LoadGraph(const std::string& model_id);
  // Copies what vectors one passage has to another; inside a transaction. False when it has none.
  Result<bool> Copy(PassageId from, PassageId to);

 private:
  struct Model {
    int64_t id = 0;  // 0: not there
    int64_t dimension = 0;
  };
  Result<Model> FindModel(const std::string& name);
  Status DropModel(int64_t id);
  // Inside a transaction.
  Status Write(const std::string& model_id, uint32_t dimension, std::span<const PassageId> passages,
               std::span<const uint16_t> half_bits, std::vector<CopiedVector>* copied);
  Status Drop(int64_t model_id, std::span<const PassageId> passages);
  Result<bool> Has(int64_t model_id, PassageId passage);
  // The passage's place in its document, from 0. REQUIRES: it is visible.
  uint32_t PositionOf(PassageId passage) const;

  Database* const database_;
  const DocumentTable* const documents_;
};

}  // namespace lodestone
