#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/status.h"

struct sqlite3;
struct sqlite3_stmt;

namespace lodestone {

// One prepared statement. A failure sticks: Next gives no rows and Finish says why.
//   statement.Bind(1, id); while (statement.Next()) use(statement.Int(0)); return statement.Finish();
class Statement {
 public:
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  void Bind(int parameter, int64_t value);
  // What is bound must live until Finish.
  void BindText(int parameter, std::string_view value);
  void BindBlob(int parameter, std::string_view value);

  // True with a row to read. REQUIRES: Finish before the next use.
  bool Next();
  // Steps to the end and finishes.
  Status Run();
  Status Finish();

  int64_t Int(int column) const;
  // Both live until the next step.
  std::string_view Text(int column) const;
  std::string_view Blob(int column) const;

 private:
  sqlite3_stmt* statement_;  // null when it could not be prepared
  int result_ = 0;
};

// A connection to one SQLite file, tuned for one writer.
// Thread: one.
// Errors: as Store's.
class Database {
 public:
  // Creates the file when it is not there. `path` may be ":memory:".
  // `even_if_cut`: a file that is shorter than it says is read as far as it goes.
  static Result<std::unique_ptr<Database>> Open(const std::string& path, bool even_if_cut = false);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Kept for the next use of the same words. A statement is used by one loop at a time.
  Statement& Prepared(std::string_view sql);
  // Several statements, no parameters.
  Status Run(const char* sql);
  // The first column of the first row; 0 without one.
  Result<int64_t> ReadInt(std::string_view sql);
  void Rollback();
  // Small facts of the library by name; 0 when never set.
  Result<int64_t> Property(std::string_view name);
  Status SetProperty(std::string_view name, int64_t value);

  sqlite3* handle() { return handle_; }

 private:
  explicit Database(sqlite3* handle) : handle_(handle) {}

  sqlite3* handle_;
  std::unordered_map<std::string_view, std::unique_ptr<Statement>> prepared_;  // keys are literals
};

// The Status for an SQLite result code.
Status StatusOf(int result, sqlite3* handle);

}  // namespace lodestone
