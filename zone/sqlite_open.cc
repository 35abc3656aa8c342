// The ways of opening the file of the store.
#include <sys/stat.h>

#include <filesystem>

#include "zone/sqlite_store.h"

namespace holdfast {

namespace {

/// Fails where a table is missing or its root cannot be read, so that damage shows at once and not at the
/// first plan.
Status tryTables(SqliteDatabase& database) {
  for (const char* sql : {"SELECT max(length(apex)) FROM zones", "SELECT max(id) FROM entries",
                          "SELECT max(id) FROM texts", "SELECT max(rowid) FROM checkpoints",
                          "SELECT max(upto) FROM anchors", "SELECT max(generation) FROM good"})
    if (const Result<std::int64_t> read = database.number(sql); !read) return read.error();
  return Done{};
}

}  // namespace

/// Both connections to a file of this schema; a new one begins with what `fill` puts there. REQUIRES: none is
/// open.
Status SqliteStore::openWritable(const Filling& fill) {
  using Mode = SqliteDatabase::Mode;
  openFault_ = StoreFault::None;
  const auto failed = [&](Error error, SqliteDatabase* database) {
    openFault_ = database != nullptr ? database->fault() : StoreFault::Unwritable;
    return error;
  };
  Result<SqliteDatabase> writer = SqliteDatabase::open(file_, Mode::ReadWrite, options_.vfs);
  if (!writer) return failed(std::move(writer).error(), nullptr);
  if (sqlite3_db_readonly(writer->handle(), "main") == 1)
    return failed({ErrorKind::Store, "plan store " + file_, "is on a read-only disk"}, nullptr);
  const Result<StoreAge> age = ageOf(*writer);
  if (!age) return failed(age.error(), &*writer);
  age_ = *age;
  if (age_ == StoreAge::Newer || age_ == StoreAge::Readable)
    return failed({ErrorKind::Store, "plan store " + file_, "was written by a newer holdfastd"}, nullptr);
  if (Status done = setUpWriter(*writer); !done) return failed(std::move(done).error(), &*writer);
  if (Status done = bringUpToDate(*writer, age_, fill); !done)
    return failed(std::move(done).error(), &*writer);
  age_ = StoreAge::Current;
  if (Status done = tryTables(*writer); !done) {
    Error error = failed(std::move(done).error(), &*writer);
    if (openFault_ == StoreFault::Other) openFault_ = StoreFault::Damaged;  // a table is missing
    return error;
  }
  Result<SqliteDatabase> reader = openFresh();
  if (!reader) return failed(std::move(reader).error(), nullptr);
  // The name of a new file is as durable as what is in it.
  if (Status synced = syncDirectory(state_.path()); !synced) return synced;
  opened_ = stateOf(file_);
  writer_.emplace(*std::move(writer));
  reader_.emplace(*std::move(reader));
  noteLog();
  return Done{};
}

/// A connection that reads, on a disk that takes no writing.
Status SqliteStore::openReadable() {
  using Mode = SqliteDatabase::Mode;
  std::error_code ignored;
  const auto walSize = std::filesystem::file_size(file_ + "-wal", ignored);
  const bool hasLog = !ignored && walSize > 0;
  Status last = Error{ErrorKind::Store, file_, "cannot be opened"};
  // Without a log the file is all there is, and needs no shared memory beside it.
  for (const Mode mode : {Mode::ReadOnly, Mode::Immutable}) {
    if (mode == Mode::Immutable && hasLog) continue;
    Result<SqliteDatabase> reader = SqliteDatabase::open(file_, mode, options_.vfs);
    if (!reader) {
      last = std::move(reader).error();
      continue;
    }
    const Result<StoreAge> age = ageOf(*reader);
    if (age && *age == StoreAge::Older) {
      if (Status migrated = openInMemory(*reader); !migrated) continue;
      mayBecomeWritable_ = true;
      return Done{};
    }
    if (!age || (last = tryTables(*reader), !last)) continue;
    reader_.emplace(*std::move(reader));
    mayBecomeWritable_ = age_ != StoreAge::Newer && age_ != StoreAge::Readable;
    return Done{};
  }
  return last;
}

/// A store of schema 1 that cannot be migrated where it is.
Status SqliteStore::openInMemory(SqliteDatabase& source) {
  Result<SqliteDatabase> memory = SqliteDatabase::open(":memory:", SqliteDatabase::Mode::ReadWrite, "");
  if (!memory) return std::move(memory).error();
  sqlite3_backup* backup = sqlite3_backup_init(memory->handle(), "main", source.handle(), "main");
  if (backup == nullptr) return memory->failure("copy the store into memory");
  const int code = sqlite3_backup_step(backup, -1);
  sqlite3_backup_finish(backup);
  if (code != SQLITE_DONE) return memory->failure("copy the store into memory");
  if (Status done = bringUpToDate(*memory, StoreAge::Older, nullptr); !done) return done;
  reader_.emplace(*std::move(memory));
  return Done{};
}

}  // namespace holdfast
