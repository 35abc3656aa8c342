#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "zone/result.h"

namespace holdfast {

/// One SQLite connection. One thread at a time. The only place, with its .cc and sqlite_store.cc, that knows
/// SQLite. Errors are of kind Store and name the file.
class SqliteDatabase {
 public:
  enum class Mode { ReadWrite, ReadOnly };
  static Result<SqliteDatabase> open(const std::string& file, Mode mode);

  Status run(const char* sql);
  Error failure(std::string_view doing) const;
  sqlite3* handle() const noexcept { return handle_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }
  };
  explicit SqliteDatabase(sqlite3* handle, std::string file) : handle_(handle), file_(std::move(file)) {}
  std::unique_ptr<sqlite3, Close> handle_;
  std::string file_;
};

/// One prepared statement: bind in order, step, read columns. Borrows its database, and the bytes bound until
/// it is stepped.
class SqliteStatement {
 public:
  SqliteStatement(SqliteDatabase& database, const char* sql);

  SqliteStatement& bind(std::int64_t value);
  SqliteStatement& bind(std::string_view text);
  SqliteStatement& bindBlob(std::string_view bytes);
  SqliteStatement& bindNull();

  /// True: there is a row to read; false: done.
  Result<bool> step(std::string_view doing);
  /// For statements without rows.
  Status run(std::string_view doing);

  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }
  std::string text(int column) const;
  std::string blob(int column) const;
  bool isNull(int column) const { return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL; }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
  };
  /// A value that could not be bound would be stored as NULL: remembered, and told by step().
  void note(int code) noexcept {
    if (bindCode_ == SQLITE_OK) bindCode_ = code;
  }
  SqliteDatabase& database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int next_ = 1;
  int bindCode_ = SQLITE_OK;
};

/// Rolls back unless committed. REQUIRES: no other transaction is open on the connection.
class SqliteTransaction {
 public:
  explicit SqliteTransaction(SqliteDatabase& database) : database_(database) {}
  ~SqliteTransaction();
  SqliteTransaction(const SqliteTransaction&) = delete;
  SqliteTransaction& operator=(const SqliteTransaction&) = delete;
  Status begin();
  Status commit();

 private:
  SqliteDatabase& database_;
  bool open_ = false;
};

}  // namespace holdfast
