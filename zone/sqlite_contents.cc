// How contents are rebuilt from changes and checkpoints.
#include <algorithm>

#include "zone/sqlite_store.h"
#include "zone/store_codec.h"

namespace holdfast {

namespace {

using Text = std::string_view;

Error brokenAt(NameView apex, Generation generation, const std::string& what) {
  return {ErrorKind::Store, "plan store, " + toText(apex) + " generation " + std::to_string(generation),
          what};
}

}  // namespace

/// What the content can be rebuilt from, the least work first.
Result<std::vector<SqliteStore::Base>> SqliteStore::basesOf(std::int64_t zone, Generation generation) {
  SqliteStatement rows(
      *reader_,
      "SELECT generation, 0 FROM entries WHERE zone = ?1 AND sha256 IS NOT NULL AND "
      "previous = 0 AND generation <= ?2 UNION ALL "
      "SELECT generation, 1 FROM checkpoints WHERE zone = ?1 AND part = 0 AND generation <= ?2 "
      "ORDER BY 1 DESC, 2");
  rows.bind(zone).bind(generation);
  std::vector<Base> bases;
  for (;;) {
    const Result<bool> row = rows.step("find what the content is rebuilt from");
    if (!row) return row.error();
    if (!*row) return bases;
    bases.push_back({rows.natural(0), rows.integer(1) != 0});
  }
}

Status SqliteStore::applyCheckpoint(std::int64_t zone, Generation generation, ZoneEdit& edit) {
  SqliteStatement parts(*reader_,
                        "SELECT part, sha256, body FROM checkpoints WHERE zone = ?1 AND generation = ?2 "
                        "ORDER BY part");
  parts.bind(zone).bind(generation);
  std::string body, whole;
  for (std::int64_t wanted = 0;; ++wanted) {
    const Result<bool> row = parts.step("read a checkpoint");
    if (!row) return row.error();
    if (!*row) break;
    const std::string piece = parts.blob(2);
    const std::string digest = parts.blob(1);
    if (parts.integer(0) != wanted)
      return brokenAt(edit.apex(), generation, "misses a part of its checkpoint");
    if (wanted == 0) {
      whole = digest;  // of all parts together; this one stands for that they are all there
      continue;
    }
    if (sha256(piece) != digest) return brokenAt(edit.apex(), generation, "has a damaged checkpoint");
    body += piece;
  }
  if (sha256(body) != whole) return brokenAt(edit.apex(), generation, "has a damaged checkpoint");
  return applyChange(body, edit);
}

/// The content by one way of getting it. REQUIRES: reading_ is held, a read transaction is open.
Result<std::shared_ptr<const Zone>> SqliteStore::rebuiltFrom(std::int64_t zone, NameView apex, Base base,
                                                             Generation generation) {
  const Zone empty{Name(apex)};
  ZoneEdit edit(empty);
  Generation last = 0;
  if (base.isCheckpoint) {
    if (Status applied = applyCheckpoint(zone, base.generation, edit); !applied)
      return std::move(applied).error();
    last = base.generation;
  }
  SqliteStatement rows(
      *reader_,
      "SELECT generation, previous, serial, at, sha256, body FROM entries WHERE zone = ?1 AND "
      "sha256 IS NOT NULL AND generation >= ?2 AND generation <= ?3 ORDER BY generation");
  rows.bind(zone).bind(base.generation).bind(generation);
  std::uint32_t serial = 0;
  WallTime at{};
  bool found = false;
  for (;;) {
    const Result<bool> row = rows.step("read the content of " + toText(apex));
    if (!row) return row.error();
    if (!*row) break;
    const Generation current = rows.natural(0);
    serial = static_cast<std::uint32_t>(rows.integer(2));
    at = fromMicros(rows.integer(3));
    found = current == generation;
    if (base.isCheckpoint && current == base.generation) continue;  // what it changed is in the checkpoint
    const std::string body = rows.blob(5);
    if (sha256(body) != rows.blob(4))
      return brokenAt(apex, current, "is damaged: its SHA-256 does not match");
    if (rows.natural(1) != last)
      return brokenAt(apex, current,
                      "does not follow generation " + std::to_string(last) + ": a row is missing");
    if (Status applied = applyChange(body, edit); !applied)
      return brokenAt(apex, current, applied.error().what);
    last = current;
  }
  if (!found || last != generation)
    return Error{ErrorKind::NotFound, toText(apex), "has no generation " + std::to_string(generation)};
  return edit.finish(generation, serial, at);
}

/// REQUIRES: reading_ is held.
Status SqliteStore::readable() const {
  if (reader_) return Done{};
  return Error{ErrorKind::Store, "plan store " + file_, "is lost, and a new one could not be made yet"};
}

Result<std::shared_ptr<const Zone>> SqliteStore::storedContent(NameView apex, Generation generation) {
  if (Status ready = readable(); !ready) return std::move(ready).error();
  if (replayed_ != nullptr && replayed_->generation() == generation && replayed_->apex() == apex)
    return std::exchange(replayed_, nullptr);
  const SqliteReadTransaction transaction(*reader_);
  const Result<std::int64_t> zone = zoneIdOf(*reader_, toText(apex));
  if (!zone) return zone.error();
  const Result<std::vector<Base>> bases = basesOf(*zone, generation);
  if (!bases) return bases.error();
  Error first{ErrorKind::NotFound, toText(apex), "has no generation " + std::to_string(generation)};
  for (const Base& base : *bases) {
    Result<std::shared_ptr<const Zone>> content = rebuiltFrom(*zone, apex, base, generation);
    if (content) return content;
    if (&base == bases->data()) first = std::move(content).error();
  }
  return first;
}

Result<std::shared_ptr<const Zone>> SqliteStore::content(NameView apex, Generation generation) {
  Result<std::shared_ptr<const Zone>> content = [&] {
    const std::lock_guard guard(reading_);
    return storedContent(apex, generation);
  }();
  const std::lock_guard guard(writing_);
  const auto held = held_.find(Name(apex));
  if (held == held_.end() || held->second.zone.committed != generation) return content;
  if (!content)
    held->second.isDamaged = true;
  else if (held->second.content == nullptr)
    held->second.content = *content;
  return content;
}

/// The newest last-known-good that reads, from the store or from its file, else the newest of any generation.
Result<std::shared_ptr<const Zone>> SqliteStore::anyContent(NameView apex, std::vector<Error>& problems) {
  const std::vector<Generation> good = head(apex).good;
  std::vector<Generation> stored;
  {
    const std::lock_guard guard(reading_);
    if (Status ready = readable(); !ready) return std::move(ready).error();
    SqliteStatement rows(*reader_,
                         "SELECT generation FROM entries WHERE sha256 IS NOT NULL AND "
                         "zone = (SELECT id FROM zones WHERE apex = ?1) ORDER BY generation DESC");
    const std::string text = toText(apex);
    rows.bind(Text(text));
    for (;;) {
      const Result<bool> row = rows.step("find what else can be read");
      if (!row || !*row) break;
      stored.push_back(rows.natural(0));
    }
  }
  const auto serve = [&](std::shared_ptr<const Zone> content) {
    const std::lock_guard guard(writing_);
    Held& held = held_[Name(apex)];
    held.content = content;
    held.isDamaged = true;
    return content;
  };
  const auto tryStored = [&](Generation generation) {
    const std::lock_guard guard(reading_);
    return storedContent(apex, generation);
  };
  for (const Generation generation : good) {
    if (Result<std::shared_ptr<const Zone>> content = tryStored(generation); content) return serve(*content);
    Result<GoodCopies::Copy> copy = copies_.read(apex, generation);
    if (copy) return serve(std::move(copy->content));
    problems.push_back(std::move(copy).error());
  }
  for (const Generation generation : stored) {
    Result<std::shared_ptr<const Zone>> content = tryStored(generation);
    if (content) return serve(*std::move(content));
    if (problems.size() < 8) problems.push_back(std::move(content).error());
  }
  return Error{ErrorKind::NotFound, toText(apex), "has no generation that can be read"};
}

Status SqliteStore::replay(NameView apex, WallTime since, const ChangeVisitor& visit) {
  const std::lock_guard guard(reading_);
  if (Status ready = readable(); !ready) return ready;
  const SqliteReadTransaction transaction(*reader_);
  const std::string text = toText(apex);
  SqliteStatement rows(
      *reader_,
      "SELECT generation, previous, at, body, sha256, serial FROM entries WHERE sha256 IS NOT NULL AND "
      "zone = (SELECT id FROM zones WHERE apex = ?1) AND at > ?2 ORDER BY generation");
  rows.bind(Text(text)).bind(toMicros(since));
  std::shared_ptr<const Zone> before;
  for (;;) {
    const Result<bool> row = rows.step("read the changes of " + text);
    if (!row) return row.error();
    if (!*row) {
      replayed_ = std::move(before);
      return Done{};
    }
    const Generation generation = rows.natural(0), previous = rows.natural(1);
    if (previous == 0 || (before != nullptr && before->generation() != previous)) before.reset();
    if (previous != 0 && before == nullptr) {
      Result<std::shared_ptr<const Zone>> content = storedContent(apex, previous);
      if (content) before = *std::move(content);
      if (before == nullptr) continue;
    }
    const Zone empty{Name(apex)};
    ZoneEdit edit(before ? *before : empty);
    const std::string body = rows.blob(3);
    if (sha256(body) != rows.blob(4) || !applyChange(body, edit)) {
      before.reset();  // content() tells of it where it matters
      continue;
    }
    const WallTime at = fromMicros(rows.integer(2));
    std::shared_ptr<const Zone> after =
        edit.finish(generation, static_cast<std::uint32_t>(rows.integer(5)), at);
    if (before)
      NameTable::differences(before->names(), after->names(), [&](NodeView old, NodeView now) {
        visit(generation, at, old, now);
        return true;
      });
    before = std::move(after);
  }
}

/// Whether a whole content differs from the one before it in what the owner has.
Result<bool> SqliteStore::isChangedBy(NameView apex, NameView name, Generation generation) {
  SqliteStatement older(
      *reader_,
      "SELECT max(generation) FROM entries WHERE sha256 IS NOT NULL AND generation < ?2 AND "
      "zone = (SELECT id FROM zones WHERE apex = ?1)");
  const std::string text = toText(apex);
  const Result<bool> row = older.bind(Text(text)).bind(generation).step("find the generation before");
  if (!row) return row.error();
  if (older.isNull(0)) return true;
  const Result<std::shared_ptr<const Zone>> was = storedContent(apex, older.natural(0));
  const Result<std::shared_ptr<const Zone>> is = storedContent(apex, generation);
  if (!was || !is) return true;
  const NodeView before = (*was)->find(name), after = (*is)->find(name);
  if (!before || !after) return static_cast<bool>(before) != static_cast<bool>(after);
  return !std::ranges::equal(before.bytes(), after.bytes());
}

Result<std::optional<HistoryEntry>> SqliteStore::lastChangeOf(NameView apex, NameView name, Generation upTo) {
  const std::lock_guard guard(reading_);
  if (Status ready = readable(); !ready) return std::move(ready).error();
  const std::string sql =
      "SELECT " + std::string(kEntryColumns) + ", e.body" + kEntryTables +
      "WHERE e.zone = (SELECT id FROM zones WHERE apex = ?1) AND e.sha256 IS NOT NULL AND "
      "e.generation <= ?2 ORDER BY e.generation DESC";
  SqliteStatement rows(*reader_, sql.c_str());
  const std::string text = toText(apex);
  rows.bind(Text(text)).bind(upTo);
  const Name wanted(name);
  for (;;) {
    const Result<bool> row = rows.step("find the last change of " + toText(name));
    if (!row) return row.error();
    if (!*row) return std::optional<HistoryEntry>();
    const StoredEntry entry = storedEntryOf(rows);
    const Result<std::vector<Name>> owners = ownersIn(rows.blob(kEntryBody), apex);
    if (!owners) return brokenAt(apex, static_cast<Generation>(entry.generation), owners.error().what);
    if (std::find(owners->begin(), owners->end(), wanted) == owners->end()) continue;
    if (entry.previous == 0) {
      const Result<bool> changed = isChangedBy(apex, name, static_cast<Generation>(entry.generation));
      if (!changed) return changed.error();
      if (!*changed) continue;
    }
    return std::optional<HistoryEntry>(entryOf(entry));
  }
}

}  // namespace holdfast
