#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "zone/result.h"

namespace holdfast {

/// What kind of failure a result code of SQLite is, by what there is to do about it.
enum class StoreFault {
  None,
  Damaged,     ///< the file is no database, or not a whole one: set it aside
  Unwritable,  ///< read-only, or no permission: serve from it, write nothing
  Io,          ///< the disk failed: what was written last may be half there
  Full,        ///< the disk is full: so may it, and there is no room for more
  TooBig,
  Other
};
StoreFault faultOf(int code) noexcept;

/// One SQLite connection. One thread at a time. Errors are of kind Store and name the file.
class SqliteDatabase {
 public:
  enum class Mode {
    ReadWrite,
    ReadOnly,
    Immutable  ///< a file that nobody writes, on a disk that takes no shared-memory file beside it
  };
  /// So long a connection waits for another to finish, unless it is told not to.
  static constexpr int kBusyMillis = 5000;
  /// When what is committed is durable.
  enum class Sync {
    Full,   ///< when the commit returns
    Lazily  ///< with the next full one, or when the log is copied back
  };
  /// `vfs` is SQLite's name of the file system, empty for the default.
  static Result<SqliteDatabase> open(const std::string& file, Mode mode, const std::string& vfs);

  /// Statements, one after the other.
  Status run(const char* sql);
  /// One, which is kept for the next time.
  Status runKept(const char* sql);
  /// Of what is committed from now on. A full commit copies the log back when that has grown to 64 MiB; a
  /// lazy one never does, as nobody would learn that the sync of the log failed which that begins with.
  /// REQUIRES: no transaction is open.
  Status setSync(Sync sync);
  Error failure(std::string_view doing);
  /// Of the last failure.
  StoreFault fault() const noexcept { return fault_; }
  void clearFault() noexcept { fault_ = StoreFault::None; }
  /// Not of one that is in memory.
  bool isOfFile() const noexcept {
    const char* file = sqlite3_db_filename(handle_.get(), "main");
    return file != nullptr && *file != '\0';
  }
  sqlite3* handle() const noexcept { return handle_.get(); }
  const std::string& file() const noexcept { return file_; }
  /// The one number that the query gives, 0 where there is none.
  Result<std::int64_t> number(const char* sql);

 private:
  struct Close {
    void operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }
  };
  friend class SqliteStatement;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
  };
  using Prepared = std::unique_ptr<sqlite3_stmt, Finalize>;

  explicit SqliteDatabase(sqlite3* handle, std::string file) : handle_(handle), file_(std::move(file)) {}
  /// Null where it cannot be prepared, which failure() tells.
  sqlite3_stmt* take(const char* sql);
  /// Allocates nothing: what is done may just have been committed.
  void keep(Prepared statement) noexcept;

  std::unique_ptr<sqlite3, Close> handle_;
  std::string file_;
  StoreFault fault_ = StoreFault::None;
  /// Statements by their text, for to prepare one takes longer than to run it. Null while somebody uses it.
  std::map<std::string, Prepared, std::less<>> kept_;
  std::optional<Sync> sync_;  ///< as it was set last
};

/// One prepared statement: bind in order, step, read columns. Borrows its database, which keeps it for the
/// next of the same text, and the bytes bound until it is stepped.
class SqliteStatement {
 public:
  SqliteStatement(SqliteDatabase& database, const char* sql);

  SqliteStatement& bind(std::int64_t value);
  SqliteStatement& bind(std::uint64_t value) { return bind(static_cast<std::int64_t>(value)); }
  SqliteStatement& bind(int value) { return bind(std::int64_t{value}); }
  SqliteStatement& bind(std::string_view text);
  SqliteStatement& bindBlob(std::string_view bytes);
  SqliteStatement& bindNull();
  /// NULL for nothing, as most columns of most lines of a history are.
  SqliteStatement& bindUnlessEmpty(std::string_view text) { return text.empty() ? bindNull() : bind(text); }
  SqliteStatement& bindBlobUnlessEmpty(std::string_view bytes) {
    return bytes.empty() ? bindNull() : bindBlob(bytes);
  }

  /// True: there is a row to read; false: done.
  Result<bool> step(std::string_view doing);
  /// For statements without rows.
  Status run(std::string_view doing);
  /// Ready to be bound and stepped again.
  void reset() noexcept;

  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }
  std::uint64_t natural(int column) const { return static_cast<std::uint64_t>(integer(column)); }
  std::string text(int column) const;
  std::string blob(int column) const;
  bool isNull(int column) const { return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL; }

 private:
  struct GiveBack {
    SqliteDatabase* database;
    void operator()(sqlite3_stmt* statement) const noexcept {
      database->keep(SqliteDatabase::Prepared(statement));
    }
  };
  /// A value that could not be bound would be stored as NULL: remembered, and told by step().
  void note(int code) noexcept {
    if (bindCode_ == SQLITE_OK) bindCode_ = code;
  }
  SqliteDatabase& database_;
  std::unique_ptr<sqlite3_stmt, GiveBack> statement_;
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
  /// Rolls back now, so that the database may go away.
  void abandon() noexcept;

 private:
  SqliteDatabase& database_;
  bool open_ = false;
};

/// What is read while it lives is of one moment, whatever is written meanwhile. REQUIRES: no other
/// transaction is open on the connection: who is called within one is given it.
class SqliteReadTransaction {
 public:
  explicit SqliteReadTransaction(SqliteDatabase& database) : database_(database) {
    open_ = static_cast<bool>(database_.run("BEGIN"));
  }
  ~SqliteReadTransaction() {
    if (open_) (void)static_cast<bool>(database_.run("COMMIT"));
  }
  SqliteReadTransaction(const SqliteReadTransaction&) = delete;
  SqliteReadTransaction& operator=(const SqliteReadTransaction&) = delete;

 private:
  SqliteDatabase& database_;
  bool open_ = false;
};

}  // namespace holdfast
