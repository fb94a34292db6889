#include "store/vector_table.h"

#include <sqlite3.h>

#include <cstring>
#include <string_view>

#include "base/check.h"
#include "store/checksum.h"
#include "store/slices.h"

namespace lodestone {
namespace {

// Written in about as long as a query may have to wait.
constexpr size_t kGraphPieceBytes = 1u << 20;

}  // namespace

Result<VectorTable::Model> VectorTable::FindModel(const std::string& name) {
  Statement& find = database_->Prepared("SELECT id, dimension FROM models WHERE name = ?1");
  find.BindText(1, name);
  Model model;
  if (find.Next()) model = {find.Int(0), find.Int(1)};
  if (Status status = find.Finish(); !status.ok()) return status;
  return model;
}

Status VectorTable::DropModel(int64_t id) {
  for (const char* sql : {"DELETE FROM vectors WHERE model_id = ?1", "DELETE FROM graphs WHERE model_id = ?1",
                          "DELETE FROM models WHERE id = ?1"}) {
    Statement& remove = database_->Prepared(sql);
    remove.Bind(1, id);
    if (Status status = remove.Run(); !status.ok()) return status;
  }
  return OkStatus();
}

uint32_t VectorTable::PositionOf(PassageId passage) const {
  return passage.value - documents_->Find(documents_->DocumentOf(passage))->first_passage;
}

Result<std::vector<CopiedVector>> VectorTable::Add(const std::string& model_id, uint32_t dimension,
                                                   std::span<const PassageId> passages,
                                                   std::span<const uint16_t> half_bits) {
  LODESTONE_CHECK(half_bits.size() == passages.size() * dimension);
  std::vector<CopiedVector> copied;
  Status status = database_->Run("BEGIN IMMEDIATE");
  if (status.ok()) status = Write(model_id, dimension, passages, half_bits, &copied);
  if (status.ok()) status = database_->Run("COMMIT");
  if (status.ok()) return copied;
  database_->Rollback();
  return status;
}

Status VectorTable::Write(const std::string& model_id, uint32_t dimension, std::span<const PassageId> passages,
                          std::span<const uint16_t> half_bits, std::vector<CopiedVector>* copied) {
  Result<Model> model = FindModel(model_id);
  if (!model.ok()) return model.status();
  if (model.value().id != 0 && model.value().dimension != dimension) {
    if (Status status = DropModel(model.value().id); !status.ok()) return status;
    model.value().id = 0;
  }
  if (model.value().id == 0) {
    Statement& insert = database_->Prepared("INSERT INTO models (name, dimension) VALUES (?1, ?2)");
    insert.BindText(1, model_id);
    insert.Bind(2, dimension);
    if (Status status = insert.Run(); !status.ok()) return status;
    model.value().id = sqlite3_last_insert_rowid(database_->handle());
  }
  for (size_t i = 0; i < passages.size(); ++i) {
    const DocumentEntry* entry = documents_->Find(documents_->DocumentOf(passages[i]));
    if (!entry) continue;
    const std::string_view vector(reinterpret_cast<const char*>(&half_bits[i * dimension]),
                                  dimension * sizeof(uint16_t));
    const uint32_t position = passages[i].value - entry->first_passage;
    const int64_t checksum = VectorChecksum(vector, position);
    const auto insert = [&](PassageId passage) {
      Statement& row = database_->Prepared(
          "INSERT OR REPLACE INTO vectors (model_id, passage_id, vector, checksum) VALUES (?1, ?2, ?3, ?4)");
      row.Bind(1, model.value().id);
      row.Bind(2, passage.value);
      row.BindBlob(3, vector);
      row.Bind(4, checksum);
      return row.Run();
    };
    if (Status status = insert(passages[i]); !status.ok()) return status;
    for (const DocumentId twin : documents_->TwinsOf(*entry)) {
      const PassageId passage{documents_->Find(twin)->first_passage + position};
      if (Status status = insert(passage); !status.ok()) return status;
      copied->push_back({passage, i});
    }
  }
  return OkStatus();
}

Status VectorTable::DropUnless(const std::string& model_id, uint32_t dimension) {
  const Result<Model> model = FindModel(model_id);
  if (!model.ok()) return model.status();
  if (model.value().id == 0 || model.value().dimension == dimension) return OkStatus();
  return DropModel(model.value().id);
}

Result<VectorBatch> VectorTable::Load(const std::string& model_id, uint32_t dimension, PassageId after, size_t limit) {
  VectorBatch batch;
  const Result<Model> model = FindModel(model_id);
  if (!model.ok()) return model.status();
  if (model.value().id == 0 || model.value().dimension != dimension) return batch;
  Statement& rows = database_->Prepared(
      "SELECT passage_id, vector, checksum FROM vectors WHERE model_id = ?1 AND passage_id > ?2 ORDER BY passage_id");
  rows.Bind(1, model.value().id);
  rows.Bind(2, after.value);
  const size_t vector_bytes = dimension * sizeof(uint16_t);
  std::vector<PassageId> damaged;
  while (batch.passages.size() < limit && rows.Next()) {
    const PassageId passage{static_cast<uint32_t>(rows.Int(0))};
    if (documents_->DocumentOf(passage).value == 0) continue;
    const std::string_view vector = rows.Blob(1);
    if (vector.size() != vector_bytes || VectorChecksum(vector, PositionOf(passage)) != rows.Int(2)) {
      damaged.push_back(passage);
      continue;
    }
    batch.passages.push_back(passage);
    batch.half_bits.resize(batch.passages.size() * dimension);
    std::memcpy(&batch.half_bits[(batch.passages.size() - 1) * dimension], vector.data(), vector_bytes);
  }
  if (Status status = rows.Finish(); !status.ok()) return status;
  // Gone, they count as missing and are made anew.
  if (Status status = Drop(model.value().id, damaged); !status.ok()) return status;
  return batch;
}

Status VectorTable::Drop(int64_t model_id, std::span<const PassageId> passages) {
  for (const PassageId passage : passages) {
    Statement& remove = database_->Prepared("DELETE FROM vectors WHERE model_id = ?1 AND passage_id = ?2");
    remove.Bind(1, model_id);
    remove.Bind(2, passage.value);
    if (Status status = remove.Run(); !status.ok()) return status;
  }
  return OkStatus();
}

Result<bool> VectorTable::Has(int64_t model_id, PassageId passage) {
  Statement& find = database_->Prepared("SELECT 1 FROM vectors WHERE model_id = ?1 AND passage_id = ?2");
  find.Bind(1, model_id);
  find.Bind(2, passage.value);
  const bool has = find.Next();
  if (Status status = find.Finish(); !status.ok()) return status;
  return has;
}

Result<std::vector<PassageId>> VectorTable::Missing(const std::string& model_id, PassageId after, size_t limit) {
  const Result<Model> model = FindModel(model_id);
  if (!model.ok()) return model.status();
  Statement& rows = database_->Prepared(
      "SELECT id FROM passages p WHERE id > ?2 AND NOT EXISTS "
      "(SELECT 1 FROM vectors WHERE model_id = ?1 AND passage_id = p.id) ORDER BY id");
  rows.Bind(1, model.value().id);
  rows.Bind(2, after.value);
  std::vector<PassageId> passages;
  Status status;
  while (passages.size() < limit && rows.Next()) {
    const PassageId passage{static_cast<uint32_t>(rows.Int(0))};
    const DocumentEntry* entry = documents_->Find(documents_->DocumentOf(passage));
    if (!entry) continue;
    // One of several documents of equal content gets the vector for all.
    const std::vector<DocumentId> twins = documents_->TwinsOf(*entry);
    if (!twins.empty() && twins.front() < entry->record.id) {
      const uint32_t position = passage.value - entry->first_passage;
      const Result<bool> has = Has(model.value().id, PassageId{documents_->Find(twins.front())->first_passage + position});
      if (!has.ok()) {
        status = has.status();
        break;
      }
      if (!has.value()) continue;
    }
    passages.push_back(passage);
  }
  if (Status finished = rows.Finish(); !finished.ok()) return finished;
  if (!status.ok()) return status;
  return passages;
}

Result<std::vector<StoredModel>> VectorTable::ListModels() {
  std::vector<StoredModel> models;
  Statement& rows = database_->Prepared("SELECT name, dimension FROM models ORDER BY id");
  while (rows.Next()) models.push_back({std::string(rows.Text(0)), static_cast<uint32_t>(rows.Int(1))});
  if (Status status = rows.Finish(); !status.ok()) return status;
  return models;
}

Result<bool> VectorTable::Copy(PassageId from, PassageId to) {
  Statement& copy = database_->Prepared(
      "INSERT OR REPLACE INTO vectors (model_id, passage_id, vector, checksum) "
      "SELECT model_id, ?2, vector, checksum FROM vectors WHERE model_id IN (SELECT id FROM models) AND passage_id = ?1");
  copy.Bind(1, from.value);
  copy.Bind(2, to.value);
  if (Status status = copy.Run(); !status.ok()) return status;
  return sqlite3_changes(database_->handle()) > 0;
}

Status VectorTable::SaveGraph(const std::string& model_id, std::string_view bytes,
                              const std::function<void()>& between) {
  const Result<Model> model = FindModel(model_id);
  if (!model.ok()) return model.status();
  if (model.value().id == 0) return OkStatus();
  Slices slices(database_, 0, between);
  int64_t piece = 0;
  for (size_t begin = 0; begin < bytes.size(); begin += kGraphPieceBytes, ++piece) {
    if (Status status = slices.Enter(); !status.ok()) return status;
    if (piece == 0) {
      Statement& remove = database_->Prepared("DELETE FROM graphs WHERE model_id = ?1");
      remove.Bind(1, model.value().id);
      if (Status status = remove.Run(); !status.ok()) return status;
    }
    Statement& insert = database_->Prepared("INSERT INTO graphs (model_id, piece, bytes) VALUES (?1, ?2, ?3)");
    insert.Bind(1, model.value().id);
    insert.Bind(2, piece);
    insert.BindBlob(3, bytes.substr(begin, kGraphPieceBytes));
    if (Status status = insert.Run(); !status.ok()) return status;
    if (Status status = slices.Commit(); !status.ok()) return status;
    slices.LetOthersRun();
  }
  return OkStatus();
}

Result<std::string> VectorTable::LoadGraph(const std::string& model_id) {
  Statement& pieces = database_->Prepared(
      "SELECT g.bytes FROM graphs g JOIN models m ON m.id = g.model_id WHERE m.name = ?1 ORDER BY g.piece");
  pieces.BindText(1, model_id);
  std::string bytes;
  while (pieces.Next()) bytes += pieces.Blob(0);
  if (Status status = pieces.Finish(); !status.ok()) return status;
  return bytes;
}

}  // namespace lodestone
