#include "zone/sqlite_database.h"

namespace holdfast {

namespace {
constexpr int kBusyMillis = 5000;
}

Result<SqliteDatabase> SqliteDatabase::open(const std::string& file, Mode mode) {
  sqlite3* handle = nullptr;
  const int flags =
      mode == Mode::ReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int code = sqlite3_open_v2(file.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  SqliteDatabase database(handle, file);
  if (code != SQLITE_OK) return database.failure("open");
  sqlite3_busy_timeout(handle, kBusyMillis);
  return database;
}

Status SqliteDatabase::run(const char* sql) {
  if (sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) return failure(sql);
  return Done{};
}

Error SqliteDatabase::failure(std::string_view doing) const {
  const char* why = handle_ ? sqlite3_errmsg(handle_.get()) : "out of memory";
  return {ErrorKind::Store, "plan store " + file_,
          "cannot " + std::string(doing.substr(0, 60)) + ": " + std::string(why)};
}

SqliteStatement::SqliteStatement(SqliteDatabase& database, const char* sql) : database_(database) {
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v2(database.handle(), sql, -1, &statement, nullptr);  // step() reports a failure
  statement_.reset(statement);
}

SqliteStatement& SqliteStatement::bind(std::int64_t value) {
  note(sqlite3_bind_int64(statement_.get(), next_++, value));
  return *this;
}

SqliteStatement& SqliteStatement::bind(std::string_view text) {
  note(sqlite3_bind_text64(statement_.get(), next_++, text.data() == nullptr ? "" : text.data(), text.size(),
                           SQLITE_STATIC, SQLITE_UTF8));
  return *this;
}

SqliteStatement& SqliteStatement::bindBlob(std::string_view bytes) {
  note(sqlite3_bind_blob64(statement_.get(), next_++, bytes.data(), bytes.size(), SQLITE_STATIC));
  return *this;
}

SqliteStatement& SqliteStatement::bindNull() {
  note(sqlite3_bind_null(statement_.get(), next_++));
  return *this;
}

Result<bool> SqliteStatement::step(std::string_view doing) {
  if (!statement_) return database_.failure(doing);
  if (bindCode_ != SQLITE_OK)
    return Error{ErrorKind::Store, "plan store",
                 "cannot " + std::string(doing) + ": " + sqlite3_errstr(bindCode_)};
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return database_.failure(doing);
}

Status SqliteStatement::run(std::string_view doing) {
  Result<bool> row = step(doing);
  if (!row) return std::move(row).error();
  return Done{};
}

std::string SqliteStatement::text(int column) const {
  const unsigned char* text = sqlite3_column_text(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return text == nullptr ? std::string()
                         : std::string(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
}

std::string SqliteStatement::blob(int column) const {
  const void* bytes = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return bytes == nullptr ? std::string()
                          : std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

Status SqliteTransaction::begin() {
  Status status = database_.run("BEGIN IMMEDIATE");
  open_ = static_cast<bool>(status);
  return status;
}

Status SqliteTransaction::commit() {
  Status status = database_.run("COMMIT");
  if (status) open_ = false;
  return status;
}

SqliteTransaction::~SqliteTransaction() {
  if (open_ && sqlite3_get_autocommit(database_.handle()) == 0) (void)database_.run("ROLLBACK");
}

}  // namespace holdfast
