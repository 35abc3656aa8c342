#include "zone/sqlite_database.h"

#include <utility>

namespace holdfast {

StoreFault faultOf(int code) noexcept {
  switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
      return StoreFault::None;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
      return StoreFault::Damaged;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return StoreFault::Unwritable;
    case SQLITE_IOERR:
      return StoreFault::Io;
    case SQLITE_FULL:
      return StoreFault::Full;
    case SQLITE_TOOBIG:
      return StoreFault::TooBig;
    default:
      return StoreFault::Other;
  }
}

namespace {

/// The file as a URI, so that it can be said to be immutable. SQLite decodes what is escaped.
std::string uriOf(const std::string& file, SqliteDatabase::Mode mode) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string uri = "file:";
  for (const char c : file) {
    if (c != '%' && c != '?' && c != '#') {
      uri += c;
      continue;
    }
    uri += '%';
    uri += kDigits[static_cast<std::uint8_t>(c) >> 4];
    uri += kDigits[static_cast<std::uint8_t>(c) & 15];
  }
  return mode == SqliteDatabase::Mode::Immutable ? uri + "?immutable=1" : uri;
}

}  // namespace

Result<SqliteDatabase> SqliteDatabase::open(const std::string& file, Mode mode, const std::string& vfs) {
  sqlite3* handle = nullptr;
  const int access =
      mode == Mode::ReadWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  const bool isFile = file != ":memory:";
  const int code = sqlite3_open_v2(isFile ? uriOf(file, mode).c_str() : file.c_str(), &handle,
                                   access | SQLITE_OPEN_NOMUTEX | (isFile ? SQLITE_OPEN_URI : 0),
                                   vfs.empty() ? nullptr : vfs.c_str());
  SqliteDatabase database(handle, file);
  if (code != SQLITE_OK) return database.failure("open");
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, SqliteDatabase::kBusyMillis);
  return database;
}

Status SqliteDatabase::run(const char* sql) {
  if (sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) return failure(sql);
  return Done{};
}

Status SqliteDatabase::runKept(const char* sql) {
  return SqliteStatement(*this, sql).run(sql);
}

Result<std::int64_t> SqliteDatabase::number(const char* sql) {
  SqliteStatement statement(*this, sql);
  const Result<bool> row = statement.step(sql);
  if (!row) return row.error();
  return *row ? statement.integer(0) : 0;
}

Error SqliteDatabase::failure(std::string_view doing) {
  const int code = handle_ ? sqlite3_extended_errcode(handle_.get()) : SQLITE_NOMEM;
  fault_ = faultOf(code);
  const char* why = handle_ ? sqlite3_errmsg(handle_.get()) : "out of memory";
  std::string what = "cannot " + std::string(doing.substr(0, 60)) + ": " + std::string(why);
  if (fault_ == StoreFault::Io || fault_ == StoreFault::Full)
    what += " (" + std::string(sqlite3_errstr(code)) + ", code " + std::to_string(code) + ")";
  if (fault_ == StoreFault::TooBig) {
    what += ": a row of SQLite holds 1 GB at most";
    return {ErrorKind::TooLarge, "plan store " + file_, std::move(what)};
  }
  return {ErrorKind::Store, "plan store " + file_, std::move(what)};
}

Status SqliteDatabase::setSync(Sync sync) {
  if (sync_ == sync) return Done{};
  sync_.reset();
  Status done = run(sync == Sync::Full ? "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 16384"
                                       : "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0");
  if (done) sync_ = sync;
  return done;
}

sqlite3_stmt* SqliteDatabase::take(const char* sql) {
  constexpr std::size_t kMost = 64;  // more than there are, but for those whose text is made
  const std::string_view text = sql;
  const auto known = kept_.find(text);
  if (known != kept_.end() && known->second) return known->second.release();
  // Some of these work when they are prepared, and not again when they are stepped again.
  if (known == kept_.end() && kept_.size() < kMost && !text.starts_with("PRAGMA")) kept_.try_emplace(sql);
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v3(handle(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  return statement;
}

void SqliteDatabase::keep(Prepared statement) noexcept {
  const auto place = kept_.find(std::string_view(sqlite3_sql(statement.get())));
  if (place == kept_.end() || place->second) return;
  sqlite3_reset(statement.get());
  sqlite3_clear_bindings(statement.get());
  place->second = std::move(statement);
}

SqliteStatement::SqliteStatement(SqliteDatabase& database, const char* sql)
    : database_(database), statement_(database.take(sql), GiveBack{&database}) {}

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
  note(sqlite3_bind_blob64(statement_.get(), next_++, bytes.data() == nullptr ? "" : bytes.data(),
                           bytes.size(), SQLITE_STATIC));
  return *this;
}

SqliteStatement& SqliteStatement::bindNull() {
  note(sqlite3_bind_null(statement_.get(), next_++));
  return *this;
}

Result<bool> SqliteStatement::step(std::string_view doing) {
  if (!statement_) return database_.failure(doing);
  if (bindCode_ == SQLITE_TOOBIG)
    return Error{ErrorKind::TooLarge, "plan store",
                 "cannot " + std::string(doing) + ": it is larger than one row of SQLite can be (1 GB)"};
  if (bindCode_ != SQLITE_OK)
    return Error{ErrorKind::Store, "plan store",
                 "cannot " + std::string(doing) + ": " + sqlite3_errstr(bindCode_)};
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return database_.failure(doing);
}

void SqliteStatement::reset() noexcept {
  sqlite3_reset(statement_.get());
  next_ = 1;
  bindCode_ = SQLITE_OK;
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
  Status status = database_.runKept("BEGIN IMMEDIATE");
  open_ = static_cast<bool>(status);
  return status;
}

Status SqliteTransaction::commit() {
  Status status = database_.runKept("COMMIT");
  if (status) open_ = false;
  return status;
}

void SqliteTransaction::abandon() noexcept {
  if (open_ && sqlite3_get_autocommit(database_.handle()) == 0)
    sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);  // leaves the fault as it was
  open_ = false;
}

SqliteTransaction::~SqliteTransaction() {
  abandon();
}

}  // namespace holdfast
