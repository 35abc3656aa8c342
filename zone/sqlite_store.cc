// What is committed and recorded, and the history of it.
#include "zone/sqlite_store.h"

#include <algorithm>

#include "zone/digest.h"
#include "zone/sqlite_zones.h"
#include "zone/store_codec.h"

namespace holdfast {

namespace {

using Text = std::string_view;

Status upsertZone(SqliteDatabase& writer, const StoredZone& zone) {
  const Result<std::int64_t> id = unusedZoneId(writer);
  if (!id) return id.error();
  SqliteStatement put(
      writer,
      "INSERT INTO zones (id, apex, fence, committed, removed, frozen, frozen_since, entries, head) "
      "VALUES (?,?,?,?,?,?,?,0,0) ON CONFLICT (apex) DO UPDATE SET "
      "fence = max(fence, excluded.fence), committed = excluded.committed, "
      "removed = excluded.removed, frozen = excluded.frozen, "
      "frozen_since = excluded.frozen_since");
  const std::string apex = zone.apex.text();
  put.bind(*id).bind(Text(apex)).bind(zone.fence).bind(zone.committed).bind(zone.removed ? 1 : 0);
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

/// REQUIRES: reading_ is held.
Status SqliteStore::refreshHead(NameView apex) {
  const std::string text = toText(apex);
  const Result<std::int64_t> zone = rowOf(apex);
  if (!zone) return zone.error();
  SqliteStatement rows(*reader_,
                       "SELECT z.seal, g.generation, g.at < 0 FROM (SELECT ?1 AS id) LEFT JOIN zones z USING "
                       "(id) LEFT JOIN good g ON g.zone = ?1 ORDER BY g.generation DESC");
  rows.bind(*zone);
  ZoneHead head;
  for (;;) {
    const Result<bool> row = rows.step("read the head of the history of " + text);
    if (!row) return row.error();
    if (!*row) break;
    head.seal = rows.blob(0);
    if (!rows.isNull(1)) (rows.integer(2) != 0 ? head.leftBehind : head.good).push_back(rows.natural(1));
  }
  const std::lock_guard known(knowing_);
  heads_[Name(apex)] = std::move(head);
  return Done{};
}

/// One transaction, tried again once: on a new store where the old one is lost or damaged, or its log went
/// while it was written, and where the disk was full, as copying the log back may have made room.
/// REQUIRES: writing_ is held.
Status SqliteStore::write(Sync sync, const std::function<Status()>& work) {
  Status done = Done{};
  for (int tries = 0; tries < 2; ++tries) {
    if (done = becomeWritable(); !done) break;
    writer_->clearFault();
    SqliteTransaction transaction(*writer_);
    done = writer_->setSync(sync);
    if (done) done = transaction.begin();
    if (done) done = work();
    if (done) done = transaction.commit();
    if (done && !noteLog() && tries == 0) {
      if (done = rebuild("its log is gone"); !done) break;
      continue;
    }
    if (done) {
      const std::lock_guard known(knowing_);
      stats_.readOnly = false;
      stats_.problem.clear();
      return done;
    }
    const StoreFault fault = writer_->fault();
    // SQLite takes back what it could not sync, but the log may hold it all the same, and what a failed sync
    // leaves on the disk nobody knows.
    isSuspect_ = isSuspect_ || fault == StoreFault::Io || fault == StoreFault::Full;
    if (tries > 0) break;
    transaction.abandon();
    if (fault == StoreFault::Full) continue;  // once more, when the log is copied back
    if (fault != StoreFault::Damaged) break;
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

/// REQUIRES: writing_ is held until it is inserted.
SqliteStore::Remembered SqliteStore::place(const Name& apex) {
  Remembered remembered;
  if (const auto held = held_.find(apex); held != held_.end()) {
    remembered.held = &held->second;
  } else {
    std::map<Name, Held> made;
    made[apex].zone.apex = apex;
    remembered.held = &made.begin()->second;
    remembered.newHeld = made.extract(made.begin());
  }
  const std::lock_guard known(knowing_);
  if (const auto head = heads_.find(apex); head != heads_.end()) {
    remembered.head = &head->second;
    remembered.next = head->second;
  } else {
    std::map<Name, ZoneHead> made;
    remembered.head = &made[apex];
    remembered.newHead = made.extract(made.begin());
  }
  return remembered;
}

/// Nothing is allocated: the durable commit that it comes after must not be lost sight of.
void SqliteStore::insert(Remembered& remembered) noexcept {
  // A store that was made anew meanwhile may have put its own there.
  if (remembered.newHeld) remembered.held = &held_.insert(std::move(remembered.newHeld)).position->second;
  const std::lock_guard known(knowing_);
  if (remembered.newHead) remembered.head = &heads_.insert(std::move(remembered.newHead)).position->second;
  std::swap(*remembered.head, remembered.next);
}

Status SqliteStore::putZone(const StoredZone& zone, const HistoryEntry& event) {
  const std::lock_guard guard(writing_);
  if (Status mended = mendRows(); !mended) return mended;
  const std::string apex = zone.apex.text();
  Remembered remembered = place(zone.apex);
  StoredZone next = zone;
  const bool isGoing = zone.removed && copiesToGo_.insert(zone.apex).second;
  Status put = write(Sync::Full, [&]() -> Status {
    if (Status done = upsertZone(*writer_, zone); !done) return done;
    Result<Appended> line = appendSealed(*writer_, apex, storedFormOf(event), "");
    if (!line) return std::move(line).error();
    remembered.next.seal = std::move(line->seal);
    if (!zone.removed) return Done{};
    const Result<std::int64_t> id = zoneIdOf(*writer_, apex);
    if (!id) return id.error();
    return runForZone(*writer_, *id, {"DELETE FROM good WHERE zone = ?"});
  });
  if (!put) {
    if (isGoing) copiesToGo_.erase(zone.apex);
    return put;
  }
  // It is durable. From here on nothing is allocated and nothing can fail (I11): the copies go with upkeep.
  if (zone.removed) {
    remembered.next.good.clear();
    remembered.next.leftBehind.clear();
    hasStrayCopies_ = hasStrayImages_ = true;
  }
  insert(remembered);
  std::swap(remembered.held->zone, next);
  if (zone.committed == 0) {
    remembered.held->content.reset();
    remembered.held->image = {};
    remembered.held->isUnread = false;
  }
  return Done{};
}

Status SqliteStore::forgetZone(NameView apex) {
  const std::lock_guard file(writingFences_);  // one that is being written still names the zone
  const std::lock_guard guard(writing_);
  ++forgotten_;
  if (Status mended = mendRows(); !mended) return mended;
  const std::string text = toText(apex);
  const Name name(apex);
  // First of all here: the zone could be added anew below a fence that outlived it, or come back from a copy.
  const bool isGoing = copiesToGo_.insert(name).second;
  fences_ = knownFences();
  std::erase_if(fences_, [&](const KnownFence& each) { return each.apex == name && !each.copiesGo; });
  if (Status written = fenceFile_.write(fences_); !written) {
    if (isGoing) copiesToGo_.erase(name);  // so that maintain() writes the file again, whatever it holds
    return written;
  }
  Status forgotten = write(Sync::Full, [&]() -> Status {
    const Result<std::int64_t> id = zoneIdOf(*writer_, text);
    if (!id) return id.error();
    return runForZone(*writer_, *id,
                      {"DELETE FROM checkpoints WHERE zone = ?", "DELETE FROM anchors WHERE zone = ?",
                       "DELETE FROM good WHERE zone = ?", "DELETE FROM entries WHERE zone = ?",
                       "DELETE FROM zones WHERE id = ?"});
  });
  if (!forgotten) {
    if (isGoing) copiesToGo_.erase(name);
    return forgotten;
  }
  // It is durable. As in putZone().
  hasStrayCopies_ = hasStrayImages_ = true;
  held_.erase(name);
  {
    const std::lock_guard known(knowing_);
    heads_.erase(name);
  }
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

/// Returns the head of the zone as it is to be.
Result<ZoneHead> SqliteStore::insertCommit(const ZoneCommit& commit) {
  const std::string apex = toText(commit.after->apex());
  const Result<bool> whole = isChainWhole(apex, commit.before);
  if (!whole) return whole.error();
  std::string made;
  if (commit.change.empty() || (!*whole && commit.before.hasContent()))
    made = encodeChange(*whole ? commit.before : Zone(Name(commit.after->apex())), *commit.after);
  const std::string_view body = made.empty() ? commit.change : made;
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
  ZoneHead next = head(commit.after->apex());
  next.seal = std::move(line->seal);
  if (commit.entry.restored != 0)
    if (Status done = leaveBehind(apex, commit.entry.restored, next); !done) return std::move(done).error();
  return next;
}

Status SqliteStore::commit(std::span<const ZoneCommit> commits) {
  const std::lock_guard guard(writing_);
  std::vector<Remembered> remembered;
  for (const ZoneCommit& each : commits) remembered.push_back(place(Name(each.after->apex())));
  Status done = write(Sync::Full, [&]() -> Status {
    for (std::size_t i = 0; i < commits.size(); ++i) {
      Result<ZoneHead> next = insertCommit(commits[i]);
      if (!next) return std::move(next).error();
      remembered[i].next = *std::move(next);
    }
    return Done{};
  });
  if (!done) return done;
  // It is durable. From here on nothing is allocated and nothing can fail (I11).
  for (std::size_t i = 0; i < commits.size(); ++i) {
    insert(remembered[i]);
    Held& held = *remembered[i].held;
    held.zone.fence = held.zone.committed = commits[i].entry.generation;
    held.content = commits[i].after;
    held.isDamaged = false;
    held.isChanged = true;
    const HistoryEntry& entry = commits[i].entry;
    held.image.changes += entry.namesAdded + entry.namesRemoved + entry.namesChanged;
    if (commits[i].entry.restored != 0) hasStrayCopies_ = true;
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
  Status recorded = write(Sync::Lazily, [&]() -> Status {
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

ZoneHead SqliteStore::head(NameView apex) {
  const std::lock_guard known(knowing_);
  const auto found = heads_.find(Name(apex));
  return found == heads_.end() ? ZoneHead() : found->second;
}

}  // namespace holdfast
