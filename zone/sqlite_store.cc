// What is committed and recorded, and the history of it.
#include "zone/sqlite_store.h"

#include <algorithm>

#include "zone/store_codec.h"

namespace holdfast {

namespace {

using Text = std::string_view;

Result<std::vector<StoredZone>> readZones(SqliteDatabase& reader) {
  SqliteStatement rows(reader, "SELECT apex, fence, removed, frozen, frozen_since, committed FROM zones");
  std::vector<StoredZone> zones;
  for (;;) {
    const Result<bool> row = rows.step("read the zones");
    if (!row) return row.error();
    if (!*row) return zones;
    StoredZone zone;
    Result<Name> apex = Name::absolute(rows.text(0));
    if (!apex) return Error{ErrorKind::Store, "plan store", "holds a bad zone name: " + apex.error().text()};
    zone.apex = *std::move(apex);
    zone.fence = rows.natural(1);
    zone.removed = rows.integer(2) != 0;
    if (!rows.isNull(3)) zone.frozen = rows.text(3);
    zone.frozenSince = fromMicros(rows.integer(4));
    zone.committed = rows.natural(5);
    zones.push_back(std::move(zone));
  }
}

Status upsertZone(SqliteDatabase& writer, const StoredZone& zone) {
  SqliteStatement put(
      writer,
      "INSERT INTO zones (apex, fence, committed, removed, frozen, frozen_since, entries, head) "
      "VALUES (?,?,?,?,?,?,0,0) ON CONFLICT (apex) DO UPDATE SET "
      "fence = max(fence, excluded.fence), committed = excluded.committed, "
      "removed = excluded.removed, frozen = excluded.frozen, "
      "frozen_since = excluded.frozen_since");
  const std::string apex = zone.apex.text();
  put.bind(Text(apex)).bind(zone.fence).bind(zone.committed).bind(zone.removed ? 1 : 0);
  zone.frozen ? put.bind(Text(*zone.frozen)) : put.bindNull();
  return put.bind(toMicros(zone.frozenSince)).run("write the zone " + apex);
}

/// Each of the statements with the number of the zone.
Status runForZone(SqliteDatabase& writer, std::int64_t zone, std::initializer_list<const char*> statements) {
  for (const char* sql : statements) {
    SqliteStatement statement(writer, sql);
    if (Status done = statement.bind(zone).run(sql); !done) return done;
  }
  return Done{};
}

}  // namespace

Result<std::vector<StoredZone>> SqliteStore::zones() {
  const std::scoped_lock locks(writing_, reading_);
  if (Status ready = readable(); !ready) return std::move(ready).error();
  Result<std::vector<StoredZone>> zones = readZones(*reader_);
  if (!zones) return zones;
  for (const StoredZone& zone : *zones) {
    held_[zone.apex].zone = zone;
    if (Status read = refreshHead(zone.apex); !read) return std::move(read).error();
  }
  return zones;
}

/// REQUIRES: reading_ is held.
Status SqliteStore::refreshHead(NameView apex) {
  const std::string text = toText(apex);
  SqliteStatement rows(*reader_,
                       "SELECT z.seal, g.generation FROM zones z LEFT JOIN good g ON g.zone = z.id "
                       "WHERE z.apex = ? ORDER BY g.generation DESC");
  rows.bind(Text(text));
  ZoneHead head;
  for (;;) {
    const Result<bool> row = rows.step("read the head of the history of " + text);
    if (!row) return row.error();
    if (!*row) break;
    head.seal = rows.blob(0);
    if (!rows.isNull(1)) head.good.push_back(rows.natural(1));
  }
  const std::lock_guard known(knowing_);
  heads_[Name(apex)] = std::move(head);
  return Done{};
}

/// One transaction, tried again once on a new store where the old one is lost or damaged. REQUIRES: writing_
/// is held.
Status SqliteStore::write(Sync sync, const std::function<Status()>& work) {
  Status done = Done{};
  for (int tries = 0; tries < 2; ++tries) {
    if (done = becomeWritable(); !done) break;
    writer_->clearFault();
    SqliteTransaction transaction(*writer_);
    done = writer_->run(sync == Sync::Full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    if (done) done = transaction.begin();
    if (done) done = work();
    if (done) done = transaction.commit();
    if (done) {
      noteLog();
      const std::lock_guard known(knowing_);
      stats_.readOnly = false;
      stats_.problem.clear();
      return done;
    }
    const StoreFault fault = writer_->fault();
    // SQLite takes back what it could not sync, but the log may hold it all the same, and what a failed sync
    // leaves on the disk nobody knows.
    isSuspect_ = isSuspect_ || fault == StoreFault::Io;
    if (fault != StoreFault::Damaged || tries > 0) break;
    transaction.abandon();
    if (Status rebuilt = rebuild(done.error().what); !rebuilt) {
      done = rebuilt;
      break;
    }
  }
  const bool isReadOnly = !writer_ || writer_->fault() == StoreFault::Unwritable;
  const std::lock_guard known(knowing_);
  ++stats_.failures;
  stats_.readOnly = isReadOnly;
  stats_.problem = done.error().text();
  return done;
}

/// After a zone was removed: a copy that outlived it could bring it back. What cannot be removed now is tried
/// again by maintain(). REQUIRES: writing_ is held.
void SqliteStore::removeCopies(NameView apex) {
  hasStrayCopies_ = true;
  if (Status removed = copies_.removeAll(apex); !removed) tell(removed.error().where, removed.error().what);
}

Status SqliteStore::putZone(const StoredZone& zone, const HistoryEntry& event) {
  const std::lock_guard guard(writing_);
  const std::string apex = zone.apex.text();
  std::string seal;
  const Status put = write(Sync::Full, [&]() -> Status {
    if (Status done = upsertZone(*writer_, zone); !done) return done;
    Result<Appended> line = appendSealed(*writer_, apex, storedFormOf(event), "");
    if (!line) return std::move(line).error();
    seal = std::move(line->seal);
    if (!zone.removed) return Done{};
    const Result<std::int64_t> id = zoneIdOf(*writer_, apex);
    if (!id) return id.error();
    return runForZone(*writer_, *id, {"DELETE FROM good WHERE zone = ?"});
  });
  if (!put) return put;
  if (zone.removed) removeCopies(zone.apex);
  Held& held = held_[zone.apex];
  held.zone = zone;
  if (zone.committed == 0) held.content.reset();
  const std::lock_guard known(knowing_);
  ZoneHead& head = heads_[zone.apex];
  head.seal = std::move(seal);
  if (zone.removed) head.good.clear();
  return Done{};
}

Status SqliteStore::forgetZone(NameView apex) {
  const std::lock_guard guard(writing_);
  const std::string text = toText(apex);
  const Status forgotten = write(Sync::Full, [&]() -> Status {
    const Result<std::int64_t> id = zoneIdOf(*writer_, text);
    if (!id) return id.error();
    return runForZone(*writer_, *id,
                      {"DELETE FROM checkpoints WHERE zone = ?", "DELETE FROM anchors WHERE zone = ?",
                       "DELETE FROM good WHERE zone = ?", "DELETE FROM entries WHERE zone = ?",
                       "DELETE FROM zones WHERE id = ?"});
  });
  if (!forgotten) return forgotten;
  removeCopies(apex);
  held_.erase(Name(apex));
  const std::lock_guard known(knowing_);
  heads_.erase(Name(apex));
  return Done{};
}

/// Whether a change to `before` can be read by what is stored: whether that is `before`, and whole. A commit
/// that was reported as failed may have become durable all the same, and rows may be damaged.
Result<bool> SqliteStore::isChainWhole(const std::string& apex, const Zone& before) {
  const auto held = held_.find(Name(before.apex()));
  if (!before.hasContent() || (held != held_.end() && held->second.isDamaged)) return false;
  SqliteStatement newest(*writer_,
                         "SELECT z.committed, (SELECT max(generation) FROM entries WHERE zone = z.id AND "
                         "sha256 IS NOT NULL) FROM zones z WHERE z.apex = ?");
  const Result<bool> row = newest.bind(Text(apex)).step("read the newest content of " + apex);
  if (!row) return row.error();
  return *row && newest.natural(0) == before.generation() && newest.natural(1) == before.generation();
}

/// Returns the seal of its line.
Result<std::string> SqliteStore::insertCommit(const ZoneCommit& commit) {
  const std::string apex = toText(commit.after->apex());
  const Result<bool> whole = isChainWhole(apex, commit.before);
  if (!whole) return whole.error();
  const Zone empty{Name(commit.after->apex())};
  const std::string body = encodeChange(*whole ? commit.before : empty, *commit.after);
  StoredEntry entry = storedFormOf(commit.entry);
  entry.previous = *whole ? static_cast<std::int64_t>(commit.before.generation()) : 0;
  entry.sha256 = sha256(body);
  Result<Appended> line = appendSealed(*writer_, apex, std::move(entry), body);
  if (!line) return std::move(line).error();
  // The fence only grows, here too: a row that is not below the new generation makes the commit fail.
  SqliteStatement fence(*writer_,
                        "UPDATE zones SET fence = ?1, committed = ?1 WHERE apex = ?2 AND fence < ?1");
  fence.bind(commit.entry.generation).bind(Text(apex));
  if (Status done = fence.run("raise the fence of " + apex); !done) return std::move(done).error();
  if (sqlite3_changes(writer_->handle()) != 1)
    return Error{ErrorKind::Store, "plan store, " + apex,
                 "the stored fence is not below generation " + std::to_string(commit.entry.generation)};
  if (commit.entry.restored == 0) return std::move(line->seal);
  // What was rolled back from is no longer known to be good.
  SqliteStatement demote(
      *writer_, "DELETE FROM good WHERE zone = (SELECT id FROM zones WHERE apex = ?) AND generation > ?");
  demote.bind(Text(apex)).bind(commit.entry.restored);
  if (Status done = demote.run("demote what was rolled back from"); !done) return std::move(done).error();
  return std::move(line->seal);
}

Status SqliteStore::commit(std::span<const ZoneCommit> commits) {
  const std::lock_guard guard(writing_);
  std::vector<std::string> seals;
  const Status done = write(Sync::Full, [&]() -> Status {
    seals.clear();
    for (const ZoneCommit& each : commits) {
      Result<std::string> seal = insertCommit(each);
      if (!seal) return std::move(seal).error();
      seals.push_back(*std::move(seal));
    }
    return Done{};
  });
  if (!done) return done;
  for (const ZoneCommit& each : commits) {
    Held& held = held_[Name(each.after->apex())];
    held.zone.apex = Name(each.after->apex());
    held.zone.fence = held.zone.committed = each.entry.generation;
    held.content = each.after;
    held.isDamaged = false;
    held.isChanged = true;
    const std::lock_guard known(knowing_);
    ZoneHead& head = heads_[held.zone.apex];
    head.seal = std::move(seals[static_cast<std::size_t>(&each - commits.data())]);
    if (each.entry.restored == 0) continue;
    hasStrayCopies_ = true;
    std::erase_if(head.good, [&](Generation good) { return good > each.entry.restored; });
  }
  return Done{};
}

/// The connection never saw what failed. What the log may hold of it is copied back before anything is
/// written behind it, so no later reader can find it either.
Status SqliteStore::takeBack(const StoredZone&) {
  const std::lock_guard guard(writing_);
  return becomeWritable();
}

Status SqliteStore::record(NameView apex, const HistoryEntry& entry) {
  const std::lock_guard guard(writing_);
  std::string seal;
  const Status recorded = write(Sync::Lazily, [&]() -> Status {
    Result<Appended> line = appendSealed(*writer_, toText(apex), storedFormOf(entry), "");
    if (!line) return std::move(line).error();
    seal = std::move(line->seal);
    return Done{};
  });
  if (!recorded) return recorded;
  const std::lock_guard known(knowing_);
  heads_[Name(apex)].seal = std::move(seal);
  return Done{};
}

Result<std::vector<HistoryEntry>> SqliteStore::history(NameView apex, std::size_t limit,
                                                       std::int64_t beforeId) {
  const std::lock_guard guard(reading_);
  if (Status ready = readable(); !ready) return std::move(ready).error();
  const std::string sql = "SELECT " + std::string(kEntryColumns) + kEntryTables +
                          "WHERE e.zone = (SELECT id FROM zones WHERE apex = ?1) AND (?2 = 0 OR e.id < ?2) "
                          "ORDER BY e.id DESC LIMIT ?3";
  SqliteStatement rows(*reader_, sql.c_str());
  const std::string text = toText(apex);
  rows.bind(Text(text)).bind(beforeId).bind(static_cast<std::int64_t>(limit));
  std::vector<HistoryEntry> entries;
  for (;;) {
    const Result<bool> row = rows.step("read the history of " + text);
    if (!row) return row.error();
    if (!*row) return entries;
    entries.push_back(entryOf(storedEntryOf(rows)));
  }
}

ZoneHead SqliteStore::head(NameView apex) {
  const std::lock_guard known(knowing_);
  const auto found = heads_.find(Name(apex));
  return found == heads_.end() ? ZoneHead() : found->second;
}

}  // namespace holdfast
