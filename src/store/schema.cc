#include "store/schema.h"

#include <sqlite3.h>

#include <iterator>
#include <string>

#include "store/checksum.h"

namespace lodestone {
namespace {

// "Lode": tells our files from other SQLite databases.
constexpr int64_t kApplicationId = 0x4c6f6465;

// The step to version i + 1. Steps are never edited once released: a change is a new step.
//
// A document and its passages have the state of `visible`: 0 while it is being written or removed. The
// full-text table holds exactly the words of the rows of `passages`, so that its own check passes then too.
// Passage ids of a document are consecutive. Offsets are bytes of the document's UTF-8 text. The
// full-text table reads its content through a view, so that each text is stored once and the table can
// be rebuilt by any SQLite. It must stay readable by version 3.40: no contentless-delete, no secure-delete.
constexpr const char* kSteps[] = {
    R"sql(
    CREATE TABLE documents (
      id INTEGER PRIMARY KEY,
      path TEXT NOT NULL,
      title TEXT NOT NULL,
      type TEXT NOT NULL,
      format INTEGER NOT NULL,
      encoding TEXT NOT NULL,
      lossy_encoding INTEGER NOT NULL,
      date_ms INTEGER NOT NULL,
      modified_ms INTEGER NOT NULL,
      size_bytes INTEGER NOT NULL,
      content_hash TEXT NOT NULL,
      first_passage INTEGER NOT NULL,
      passage_count INTEGER NOT NULL,
      checksum INTEGER NOT NULL,  -- XXH3-64 of the text, then of each passage's offsets and heading path
      visible INTEGER NOT NULL
    );
    CREATE UNIQUE INDEX documents_by_path ON documents(path) WHERE visible;
    CREATE TABLE texts (document_id INTEGER PRIMARY KEY, text TEXT NOT NULL);
    CREATE TABLE headings (
      document_id INTEGER NOT NULL,
      position INTEGER NOT NULL,
      start_byte INTEGER NOT NULL,
      level INTEGER NOT NULL,
      text TEXT NOT NULL,
      PRIMARY KEY (document_id, position)
    ) WITHOUT ROWID;
    CREATE TABLE passages (
      id INTEGER PRIMARY KEY,
      document_id INTEGER NOT NULL,
      start_byte INTEGER NOT NULL,
      end_byte INTEGER NOT NULL,
      token_count INTEGER NOT NULL,
      heading_path TEXT NOT NULL
    );
    CREATE TABLE models (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      dimension INTEGER NOT NULL
    );
    CREATE TABLE vectors (
      model_id INTEGER NOT NULL,
      passage_id INTEGER NOT NULL,
      vector BLOB NOT NULL,  -- dimension little-endian f16 numbers
      PRIMARY KEY (model_id, passage_id)
    ) WITHOUT ROWID;
    CREATE VIEW passage_texts (id, text, context) AS
      SELECT p.id,
             CAST(substr(CAST(t.text AS BLOB), p.start_byte + 1, p.end_byte - p.start_byte) AS TEXT),
             d.title || char(10) || p.heading_path
      FROM passages p
      JOIN documents d ON d.id = p.document_id
      JOIN texts t ON t.document_id = p.document_id;
    CREATE VIRTUAL TABLE passages_fts USING fts5(
      text, context, content='passage_texts', content_rowid='id', tokenize='porter unicode61'
    );
    INSERT INTO passages_fts(passages_fts, rank) VALUES ('rank', 'bm25(1.0, 0.5)');
    )sql",

    // Vectors are found damaged as texts are; files found damaged are remembered until they are read again.
    R"sql(
    ALTER TABLE vectors ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;  -- store/checksum.h
    UPDATE vectors SET checksum = lodestone_vector_checksum(vector, passage_id - (
      SELECT d.first_passage FROM passages p JOIN documents d ON d.id = p.document_id WHERE p.id = passage_id));
    CREATE TABLE damaged (path TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE properties (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
    )sql",

    // The graphs of near neighbours over vectors, which take long to make. Bytes of index/hnsw_index.h.
    R"sql(
    CREATE TABLE graphs (
      model_id INTEGER NOT NULL,
      piece INTEGER NOT NULL,
      bytes BLOB NOT NULL,
      PRIMARY KEY (model_id, piece)
    );
    )sql",
};
constexpr int64_t kVersion = std::size(kSteps);

// For the steps alone: no table, view or index of a finished library needs a function of ours.
int AddStepFunctions(sqlite3* handle) {
  return sqlite3_create_function_v2(
      handle, "lodestone_vector_checksum", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, nullptr,
      [](sqlite3_context* context, int, sqlite3_value** values) {
        const std::string_view vector(static_cast<const char*>(sqlite3_value_blob(values[0])),
                                      static_cast<size_t>(sqlite3_value_bytes(values[0])));
        sqlite3_result_int64(context, VectorChecksum(vector, static_cast<uint32_t>(sqlite3_value_int64(values[1]))));
      },
      nullptr, nullptr, nullptr);
}

}  // namespace

Status MigrateSchema(Database* database) {
  const Result<int64_t> table_count = database->ReadInt("SELECT count(*) FROM sqlite_schema");
  if (!table_count.ok()) return table_count.status();
  const Result<int64_t> application_id = database->ReadInt("PRAGMA application_id");
  if (!application_id.ok()) return application_id.status();
  const Result<int64_t> version = database->ReadInt("PRAGMA user_version");
  if (!version.ok()) return version.status();
  if (table_count.value() > 0 && application_id.value() != kApplicationId) {
    return Status(StatusCode::kBadData, "This file is a database, but not a Lodestone library.");
  }
  if (version.value() > kVersion) {
    return Status(StatusCode::kMismatch,
                  "This library was written by a newer version of Lodestone. Reload the page to get that version; "
                  "the library was left as it is.",
                  "version " + std::to_string(version.value()) + ", this program knows " + std::to_string(kVersion));
  }
  if (version.value() < 0 || (version.value() == 0) != (table_count.value() == 0)) {
    return Status(StatusCode::kBadData, "The stored library is damaged.", "tables and version do not agree");
  }
  if (version.value() == kVersion) return OkStatus();

  Status status = StatusOf(AddStepFunctions(database->handle()), database->handle());
  if (status.ok()) status = database->Run("BEGIN IMMEDIATE");
  for (int64_t i = version.value(); i < kVersion && status.ok(); ++i) status = database->Run(kSteps[i]);
  if (status.ok()) {
    const std::string stamp = "PRAGMA application_id=" + std::to_string(kApplicationId) +
                              "; PRAGMA user_version=" + std::to_string(kVersion) + "; COMMIT";
    status = database->Run(stamp.c_str());
  }
  if (!status.ok()) database->Rollback();
  return status;
}

}  // namespace lodestone
