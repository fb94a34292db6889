#include "store/database.h"

#include <sqlite3.h>

#include "store/buffered_vfs.h"

namespace lodestone {

Status StatusOf(int result, sqlite3* handle) {
  if (result == SQLITE_OK || result == SQLITE_DONE || result == SQLITE_ROW) return OkStatus();
  std::string detail = "SQLite " + std::to_string(result) + ": ";
  // The handle's message may belong to another call; it is worth telling where it is of this kind.
  detail += handle && sqlite3_errcode(handle) == (result & 0xff) ? sqlite3_errmsg(handle) : sqlite3_errstr(result);
  switch (result) {
    // File systems differ in how they say that there is no room; a write that fails is nearly always that.
    case SQLITE_IOERR_WRITE:
    case SQLITE_IOERR_FSYNC:
    case SQLITE_IOERR_TRUNCATE:
      result = SQLITE_FULL;
      break;
    default:
      result &= 0xff;
  }
  switch (result) {
    case SQLITE_FULL:
      return Status(StatusCode::kStorageFull,
                    "There is no room left to store the library. Free some space or remove documents; what was "
                    "stored before is kept.",
                    detail);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Status(StatusCode::kBadData, "The stored library is damaged.", detail);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Status(StatusCode::kBusy, "The library is in use elsewhere.", detail);
    case SQLITE_TOOBIG:
      return Status(StatusCode::kTooLarge, "This document is too large to be stored.", detail);
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
    case SQLITE_PERM:
    case SQLITE_READONLY:
      return Status(StatusCode::kUnavailable, "The library's storage cannot be used.", detail);
    default:
      return Status(StatusCode::kInternal, "The library's storage failed.", detail);
  }
}

Statement::~Statement() { sqlite3_finalize(statement_); }

void Statement::Bind(int parameter, int64_t value) { sqlite3_bind_int64(statement_, parameter, value); }

void Statement::BindText(int parameter, std::string_view value) {
  // A null pointer would bind NULL.
  const char* bytes = value.data() ? value.data() : "";
  sqlite3_bind_text64(statement_, parameter, bytes, value.size(), SQLITE_STATIC, SQLITE_UTF8);
}

void Statement::BindBlob(int parameter, std::string_view value) {
  const char* bytes = value.data() ? value.data() : "";
  sqlite3_bind_blob64(statement_, parameter, bytes, value.size(), SQLITE_STATIC);
}

bool Statement::Next() {
  if (!statement_) {
    result_ = SQLITE_MISUSE;
    return false;
  }
  result_ = sqlite3_step(statement_);
  return result_ == SQLITE_ROW;
}

Status Statement::Run() {
  while (Next()) {
  }
  return Finish();
}

Status Statement::Finish() {
  if (!statement_) return Status(StatusCode::kInternal, "The library's storage failed.", "a statement was not prepared");
  Status status = StatusOf(result_, sqlite3_db_handle(statement_));
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  result_ = SQLITE_OK;
  return status;
}

int64_t Statement::Int(int column) const { return sqlite3_column_int64(statement_, column); }

std::string_view Statement::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return text ? std::string_view(text, sqlite3_column_bytes(statement_, column)) : std::string_view();
}

std::string_view Statement::Blob(int column) const {
  const auto* blob = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  return blob ? std::string_view(blob, sqlite3_column_bytes(statement_, column)) : std::string_view();
}

Result<std::unique_ptr<Database>> Database::Open(const std::string& path, bool even_if_cut) {
  if (Status status = UseBufferedFiles(); !status.ok()) return status;
  sqlite3* handle = nullptr;
  const int result = sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  std::unique_ptr<Database> database(new Database(handle));
  if (result != SQLITE_OK) return StatusOf(result, handle);
  sqlite3_extended_result_codes(handle, 1);
  if (even_if_cut) {
    // SQLite's own switch for it.
    if (Status status = database->Run("PRAGMA writable_schema=ON"); !status.ok()) return status;
  }
  // Why each:
  //   EXCLUSIVE: one tab writes, as the Web Lock says, so the file's own locks are taken once.
  //   TRUNCATE: a commit is one truncation; deleting and creating the journal is slow on OPFS.
  //   FULL: no committed transaction is lost when the machine stops.
  //   8192: passages' vectors and the segments of the full-text index fit a page or two.
  //   64 MB: a library of 10,000 passages stays in memory.
  Status status = database->Run(
      "PRAGMA locking_mode=EXCLUSIVE;"
      "PRAGMA page_size=8192;"
      "PRAGMA journal_mode=TRUNCATE;"
      "PRAGMA synchronous=FULL;"
      "PRAGMA cache_size=-65536;"
      "PRAGMA trusted_schema=OFF;");
  if (!status.ok()) return status;
  return database;
}

Database::~Database() {
  prepared_.clear();
  sqlite3_close_v2(handle_);
}

Statement& Database::Prepared(std::string_view sql) {
  std::unique_ptr<Statement>& kept = prepared_[sql];
  if (!kept) {
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    kept = std::make_unique<Statement>(statement);
  }
  return *kept;
}

Status Database::Run(const char* sql) {
  return StatusOf(sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr), handle_);
}

Result<int64_t> Database::ReadInt(std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  const int result = sqlite3_prepare_v2(handle_, sql.data(), static_cast<int>(sql.size()), &raw, nullptr);
  if (result != SQLITE_OK) return StatusOf(result, handle_);
  Statement statement(raw);
  int64_t value = 0;
  if (statement.Next()) value = statement.Int(0);
  if (Status status = statement.Finish(); !status.ok()) return status;
  return value;
}

Result<int64_t> Database::Property(std::string_view name) {
  Statement& find = Prepared("SELECT value FROM properties WHERE name = ?1");
  find.BindText(1, name);
  const int64_t value = find.Next() ? find.Int(0) : 0;
  if (Status status = find.Finish(); !status.ok()) return status;
  return value;
}

Status Database::SetProperty(std::string_view name, int64_t value) {
  Statement& set = Prepared("INSERT OR REPLACE INTO properties (name, value) VALUES (?1, ?2)");
  set.BindText(1, name);
  set.Bind(2, value);
  return set.Run();
}

void Database::Rollback() {
  // Some failures have rolled back by themselves.
  if (!sqlite3_get_autocommit(handle_)) (void)Run("ROLLBACK");
}

}  // namespace lodestone
