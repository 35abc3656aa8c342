// The embedded plan store: one SQLite file, WAL, every commit synced. Operators may read it with sqlite3.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <utility>

#include "zone/history_json.h"
#include "zone/plan_store.h"
#include "zone/sqlite_database.h"
#include "zone/store_codec.h"

namespace holdfast {

namespace {

constexpr std::int64_t kSchemaVersion = 1;
/// Refusals kept per zone; older ones make room. Commits are never dropped here.
constexpr std::int64_t kRefusalsKept = 10'000;
/// A new checkpoint is written when the changes since the last one have grown to its size, and to this at
/// least.
constexpr std::int64_t kLeastCheckpoint = 64 * 1024;

constexpr const char* kSchema = R"sql(
CREATE TABLE IF NOT EXISTS zones (
  apex TEXT PRIMARY KEY, fence INTEGER NOT NULL, committed INTEGER NOT NULL, removed INTEGER NOT NULL,
  frozen TEXT, frozen_since INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS history (
  id INTEGER PRIMARY KEY AUTOINCREMENT, zone TEXT NOT NULL, committed INTEGER NOT NULL,
  generation INTEGER NOT NULL, base INTEGER NOT NULL, serial INTEGER NOT NULL, kind TEXT NOT NULL,
  source TEXT NOT NULL, who TEXT NOT NULL, reason TEXT NOT NULL, digest TEXT NOT NULL, at INTEGER NOT NULL,
  reasons TEXT NOT NULL, overridden TEXT NOT NULL,
  names_added INTEGER NOT NULL, names_removed INTEGER NOT NULL, names_changed INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS history_by_zone ON history (zone, committed, id);
CREATE TABLE IF NOT EXISTS contents (
  zone TEXT NOT NULL, generation INTEGER NOT NULL, previous INTEGER NOT NULL, serial INTEGER NOT NULL,
  at INTEGER NOT NULL, checkpoint INTEGER NOT NULL, octets INTEGER NOT NULL, sha256 TEXT NOT NULL,
  body BLOB NOT NULL, UNIQUE (zone, generation));
)sql";

std::int64_t toMicros(WallTime time) {
  return time.time_since_epoch().count();
}
WallTime fromMicros(std::int64_t micros) {
  return WallTime(std::chrono::microseconds(micros));
}

/// Holds the state directory against a second server while it lives. The kernel lets go after a crash.
class DirectoryLock {
 public:
  explicit DirectoryLock(int fd) noexcept : fd_(fd) {}
  DirectoryLock(DirectoryLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  DirectoryLock& operator=(DirectoryLock&&) = delete;
  ~DirectoryLock() {
    if (fd_ >= 0) close(fd_);
  }
  static Result<DirectoryLock> take(const std::string& directory) {
    const std::string file = directory + "/lock";
    DirectoryLock lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
    if (lock.fd_ < 0) return Error{ErrorKind::System, file, std::strerror(errno)};
    if (flock(lock.fd_, LOCK_EX | LOCK_NB) != 0)
      return Error{ErrorKind::Conflict, directory,
                   "is in use by another holdfastd: stop it, or use another state directory"};
    return lock;
  }

 private:
  int fd_;
};

class SqliteStore final : public PlanStore {
 public:
  SqliteStore(DirectoryLock lock, SqliteDatabase writer, SqliteDatabase reader)
      : lock_(std::move(lock)), writer_(std::move(writer)), reader_(std::move(reader)) {}

  Result<std::vector<StoredZone>> zones() override;
  Status putZone(const StoredZone& zone, const HistoryEntry& event) override;
  Status forgetZone(NameView apex) override;
  Result<std::shared_ptr<const Zone>> content(NameView apex, Generation generation) override;
  Status commit(std::span<const ZoneCommit> commits) override;
  Status record(NameView apex, const HistoryEntry& entry) override;
  Result<std::vector<HistoryEntry>> history(NameView apex, std::size_t limit, std::int64_t beforeId) override;

 private:
  Status insertCommit(const ZoneCommit& commit);
  Status insertContent(const HistoryEntry& entry, const Zone& before, const Zone& after);
  Status insertHistory(const std::string& apex, const HistoryEntry& entry);
  Result<bool> wantsCheckpoint(const std::string& apex, const Zone& before);

  DirectoryLock lock_;
  std::mutex writing_;
  SqliteDatabase writer_;  // guarded by writing_
  std::mutex reading_;
  SqliteDatabase reader_;  // guarded by reading_
};

Result<std::vector<StoredZone>> SqliteStore::zones() {
  const std::lock_guard guard(reading_);
  SqliteStatement rows(reader_, "SELECT apex, fence, removed, frozen, frozen_since, committed FROM zones");
  std::vector<StoredZone> zones;
  for (;;) {
    const Result<bool> row = rows.step("read the zones");
    if (!row) return row.error();
    if (!*row) return zones;
    StoredZone zone;
    Result<Name> apex = Name::absolute(rows.text(0));
    if (!apex) return Error{ErrorKind::Store, "plan store", "holds a bad zone name: " + apex.error().text()};
    zone.apex = *std::move(apex);
    zone.fence = static_cast<Generation>(rows.integer(1));
    zone.removed = rows.integer(2) != 0;
    if (!rows.isNull(3)) zone.frozen = rows.text(3);
    zone.frozenSince = fromMicros(rows.integer(4));
    zone.committed = static_cast<Generation>(rows.integer(5));
    zones.push_back(std::move(zone));
  }
}

Status SqliteStore::putZone(const StoredZone& zone, const HistoryEntry&) {
  const std::lock_guard guard(writing_);
  SqliteStatement put(writer_,
                      "INSERT INTO zones (apex, fence, committed, removed, frozen, frozen_since) "
                      "VALUES (?,?,?,?,?,?) ON CONFLICT (apex) DO UPDATE SET fence = excluded.fence, "
                      "committed = excluded.committed, removed = excluded.removed, frozen = excluded.frozen, "
                      "frozen_since = excluded.frozen_since");
  const std::string apex = zone.apex.text();
  put.bind(std::string_view(apex)).bind(static_cast<std::int64_t>(zone.fence));
  put.bind(static_cast<std::int64_t>(zone.committed)).bind(zone.removed ? 1 : 0);
  zone.frozen ? put.bind(std::string_view(*zone.frozen)) : put.bindNull();
  return put.bind(toMicros(zone.frozenSince)).run("write the zone " + apex);
}

Status SqliteStore::forgetZone(NameView apex) {
  const std::lock_guard guard(writing_);
  SqliteTransaction transaction(writer_);
  if (Status begun = transaction.begin(); !begun) return begun;
  const std::string text = toText(apex);
  for (const char* sql : {"DELETE FROM contents WHERE zone = ?", "DELETE FROM history WHERE zone = ?",
                          "DELETE FROM zones WHERE apex = ?"}) {
    SqliteStatement statement(writer_, sql);
    if (Status done = statement.bind(std::string_view(text)).run("forget the zone " + text); !done)
      return done;
  }
  return transaction.commit();
}

Result<std::shared_ptr<const Zone>> SqliteStore::content(NameView apex, Generation generation) {
  const std::lock_guard guard(reading_);
  const std::string text = toText(apex);
  const auto broken = [&](Generation at, const std::string& what) {
    return Error{ErrorKind::Store, "plan store, " + text + " generation " + std::to_string(at), what};
  };
  SqliteStatement rows(
      reader_,
      "SELECT generation, previous, serial, at, checkpoint, sha256, body FROM contents "
      "WHERE zone = ?1 AND generation <= ?2 AND generation >= (SELECT MAX(generation) FROM "
      "contents WHERE zone = ?1 AND generation <= ?2 AND checkpoint = 1) ORDER BY generation");
  rows.bind(std::string_view(text)).bind(static_cast<std::int64_t>(generation));
  const Zone empty{Name(apex)};
  ZoneEdit edit(empty);
  Generation last = 0;
  std::uint32_t serial = 0;
  WallTime at{};
  for (;;) {
    const Result<bool> row = rows.step("read the content of " + text);
    if (!row) return row.error();
    if (!*row) break;
    const auto current = static_cast<Generation>(rows.integer(0));
    const std::string body = rows.blob(6);
    if (toHex(sha256(body)) != rows.text(5)) return broken(current, "is damaged: its SHA-256 does not match");
    if (rows.integer(4) == 0 && static_cast<Generation>(rows.integer(1)) != last)
      return broken(current, "does not follow generation " + std::to_string(last) + ": a row is missing");
    if (Status applied = applyChange(body, edit); !applied) return broken(current, applied.error().what);
    last = current;
    serial = static_cast<std::uint32_t>(rows.integer(2));
    at = fromMicros(rows.integer(3));
  }
  if (last != generation)
    return Error{ErrorKind::NotFound, text, "has no generation " + std::to_string(generation)};
  return edit.finish(generation, serial, at);
}

Result<bool> SqliteStore::wantsCheckpoint(const std::string& apex, const Zone& before) {
  if (!before.hasContent()) return true;
  SqliteStatement sizes(
      writer_,
      "SELECT (SELECT octets FROM contents WHERE zone = ?1 AND checkpoint = 1 ORDER BY "
      "generation DESC LIMIT 1), (SELECT SUM(octets) FROM contents WHERE zone = ?1 AND "
      "generation > (SELECT MAX(generation) FROM contents WHERE zone = ?1 AND checkpoint = 1)), "
      "(SELECT MAX(generation) FROM contents WHERE zone = ?1)");
  Result<bool> row = sizes.bind(std::string_view(apex)).step("read the sizes of " + apex);
  if (!row) return row;
  // A commit that was reported as failed may have become durable all the same: no change may build on it.
  if (static_cast<Generation>(sizes.integer(2)) != before.generation()) return true;
  return sizes.isNull(0) || sizes.integer(1) > std::max(sizes.integer(0), kLeastCheckpoint);
}

Status SqliteStore::insertContent(const HistoryEntry& entry, const Zone& before, const Zone& after) {
  const std::string apex = toText(after.apex());
  Result<bool> checkpoint = wantsCheckpoint(apex, before);
  if (!checkpoint) return std::move(checkpoint).error();
  const bool isCheckpoint = *checkpoint;
  const Zone empty{Name(after.apex())};
  const std::string body = encodeChange(isCheckpoint ? empty : before, after);
  const std::string digest = toHex(sha256(body));
  SqliteStatement insert(writer_,
                         "INSERT INTO contents (zone, generation, previous, serial, at, checkpoint, octets, "
                         "sha256, body) VALUES (?,?,?,?,?,?,?,?,?)");
  insert.bind(std::string_view(apex)).bind(static_cast<std::int64_t>(entry.generation));
  insert.bind(static_cast<std::int64_t>(before.generation())).bind(static_cast<std::int64_t>(after.serial()));
  insert.bind(toMicros(entry.at)).bind(isCheckpoint ? 1 : 0).bind(static_cast<std::int64_t>(body.size()));
  return insert.bind(std::string_view(digest)).bindBlob(body).run("write the content of " + apex);
}

Status SqliteStore::insertHistory(const std::string& apex, const HistoryEntry& entry) {
  SqliteStatement insert(
      writer_,
      "INSERT INTO history (zone, committed, generation, base, serial, kind, source, who, "
      "reason, digest, at, reasons, overridden, names_added, names_removed, names_changed) "
      "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
  const std::string reasons = reasonsToJson(entry.reasons);
  const std::string overridden = reasonsToJson(entry.overridden);
  insert.bind(std::string_view(apex)).bind(static_cast<std::int64_t>(entry.fate));
  insert.bind(static_cast<std::int64_t>(entry.generation)).bind(static_cast<std::int64_t>(entry.base));
  insert.bind(static_cast<std::int64_t>(entry.serial));
  insert.bind(std::string_view(entry.kind == PlanKind::Full ? "full" : "delta"));
  insert.bind(std::string_view(entry.source)).bind(std::string_view(entry.who));
  insert.bind(std::string_view(entry.reason)).bind(std::string_view(entry.digest)).bind(toMicros(entry.at));
  insert.bind(std::string_view(reasons)).bind(std::string_view(overridden));
  for (const std::uint64_t count : {entry.namesAdded, entry.namesRemoved, entry.namesChanged})
    insert.bind(static_cast<std::int64_t>(count));
  return insert.run("write the history of " + apex);
}

Status SqliteStore::insertCommit(const ZoneCommit& commit) {
  const HistoryEntry& entry = commit.entry;
  const std::string apex = toText(commit.after->apex());
  if (Status done = insertContent(entry, commit.before, *commit.after); !done) return done;
  if (Status done = insertHistory(apex, entry); !done) return done;
  // The fence only grows, here too: a row that is not below the new generation makes the commit fail.
  SqliteStatement fence(writer_,
                        "UPDATE zones SET fence = ?1, committed = ?1 WHERE apex = ?2 AND fence < ?1");
  fence.bind(static_cast<std::int64_t>(entry.generation)).bind(std::string_view(apex));
  if (Status done = fence.run("raise the fence of " + apex); !done) return done;
  if (sqlite3_changes(writer_.handle()) == 1) return Done{};
  return Error{ErrorKind::Store, "plan store, " + apex,
               "the stored fence is not below generation " + std::to_string(entry.generation)};
}

Status SqliteStore::commit(std::span<const ZoneCommit> commits) {
  const std::lock_guard guard(writing_);
  SqliteTransaction transaction(writer_);
  if (Status begun = transaction.begin(); !begun) return begun;
  for (const ZoneCommit& each : commits)
    if (Status done = insertCommit(each); !done) return done;
  return transaction.commit();
}

Status SqliteStore::record(NameView apex, const HistoryEntry& entry) {
  const std::lock_guard guard(writing_);
  const std::string text = toText(apex);
  SqliteTransaction transaction(writer_);
  if (Status begun = transaction.begin(); !begun) return begun;
  if (Status done = insertHistory(text, entry); !done) return done;
  SqliteStatement prune(
      writer_,
      "DELETE FROM history WHERE zone = ?1 AND committed = 0 AND id <= (SELECT id FROM history "
      "WHERE zone = ?1 AND committed = 0 ORDER BY id DESC LIMIT 1 OFFSET ?2)");
  prune.bind(std::string_view(text)).bind(kRefusalsKept);
  if (Status done = prune.run("make room in the history of " + text); !done) return done;
  return transaction.commit();
}

Result<std::vector<HistoryEntry>> SqliteStore::history(NameView apex, std::size_t limit,
                                                       std::int64_t beforeId) {
  const std::lock_guard guard(reading_);
  SqliteStatement rows(
      reader_,
      "SELECT id, committed, generation, base, serial, kind, source, who, reason, digest, at, "
      "reasons, overridden, names_added, names_removed, names_changed FROM history "
      "WHERE zone = ?1 AND (?2 = 0 OR id < ?2) ORDER BY id DESC LIMIT ?3");
  const std::string text = toText(apex);
  rows.bind(std::string_view(text)).bind(beforeId).bind(static_cast<std::int64_t>(limit));
  std::vector<HistoryEntry> entries;
  for (;;) {
    const Result<bool> row = rows.step("read the history of " + text);
    if (!row) return row.error();
    if (!*row) return entries;
    HistoryEntry entry;
    entry.id = rows.integer(0);
    entry.fate = static_cast<Fate>(rows.integer(1));
    entry.generation = static_cast<Generation>(rows.integer(2));
    entry.base = static_cast<Generation>(rows.integer(3));
    entry.serial = static_cast<std::uint32_t>(rows.integer(4));
    entry.kind = rows.text(5) == "full" ? PlanKind::Full : PlanKind::Delta;
    entry.source = rows.text(6);
    entry.who = rows.text(7);
    entry.reason = rows.text(8);
    entry.digest = rows.text(9);
    entry.at = fromMicros(rows.integer(10));
    entry.reasons = reasonsFromJson(rows.text(11));
    entry.overridden = reasonsFromJson(rows.text(12));
    entry.namesAdded = static_cast<std::uint64_t>(rows.integer(13));
    entry.namesRemoved = static_cast<std::uint64_t>(rows.integer(14));
    entry.namesChanged = static_cast<std::uint64_t>(rows.integer(15));
    entries.push_back(std::move(entry));
  }
}

Status prepare(SqliteDatabase& writer) {
  for (const char* sql : {"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", kSchema})
    if (Status done = writer.run(sql); !done) return done;
  SqliteStatement version(writer, "PRAGMA user_version");
  const Result<bool> row = version.step("read the schema version");
  if (!row) return row.error();
  const std::int64_t found = version.integer(0);
  if (found > kSchemaVersion)
    return Error{ErrorKind::Store, "plan store",
                 "was written by a newer holdfastd (schema " + std::to_string(found) + ", this one knows " +
                     std::to_string(kSchemaVersion) + ")"};
  // Nothing is written where nothing is new: a server must come up on a full disk too (I8).
  if (found == kSchemaVersion) return Done{};
  return writer.run(("PRAGMA user_version = " + std::to_string(kSchemaVersion)).c_str());
}

}  // namespace

Result<std::unique_ptr<PlanStore>> openSqliteStore(const std::string& directory, const StoreOptions&) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return Error{ErrorKind::System, directory, "cannot be made: " + error.message()};
  Result<DirectoryLock> lock = DirectoryLock::take(directory);
  if (!lock) return std::move(lock).error();
  const std::string file = directory + "/plans.db";
  Result<SqliteDatabase> writer = SqliteDatabase::open(file, SqliteDatabase::Mode::ReadWrite);
  if (!writer) return std::move(writer).error();
  if (Status ready = prepare(*writer); !ready) return std::move(ready).error();
  Result<SqliteDatabase> reader = SqliteDatabase::open(file, SqliteDatabase::Mode::ReadOnly);
  if (!reader) return std::move(reader).error();
  return std::unique_ptr<PlanStore>(
      std::make_unique<SqliteStore>(*std::move(lock), *std::move(writer), *std::move(reader)));
}

}  // namespace holdfast
