// What is read back of the past: contents, what may stand in for them, the changes since.
#include <algorithm>

#include "zone/content_builder.h"
#include "zone/digest.h"
#include "zone/sqlite_contents.h"
#include "zone/sqlite_entries.h"
#include "zone/sqlite_store.h"

namespace holdfast {

namespace {

/// What cannot be read on the way to what can: so many are told of.
constexpr std::size_t kMostProblems = 8;

/// Generations of the contents, newest first, down to the first one that was not committed after `since`.
Result<std::vector<Generation>> generationsSince(SqliteDatabase& database, std::int64_t zone,
                                                 WallTime since) {
  SqliteStatement rows(database,
                       "SELECT generation, at FROM entries WHERE zone = ? AND sha256 IS NOT NULL "
                       "ORDER BY generation DESC");
  rows.bind(zone);
  std::vector<Generation> all;
  for (;;) {
    const Result<bool> row = rows.step("find the newest contents");
    if (!row) return row.error();
    if (!*row || fromMicros(rows.integer(1)) <= since) return all;
    all.push_back(rows.natural(0));
  }
}

/// The newest rollback: what came between the two generations was left behind on purpose.
struct LeftBehind {
  Generation restored = 0, by = 0;
  bool contains(Generation generation) const noexcept { return generation > restored && generation < by; }
};

LeftBehind newestRollback(SqliteDatabase& database, std::int64_t zone) {
  SqliteStatement row(database,
                      "SELECT restored, generation FROM entries WHERE zone = ? AND sha256 IS NOT NULL AND "
                      "restored > 0 ORDER BY generation DESC LIMIT 1");
  const Result<bool> found = row.bind(zone).step("find the newest rollback");
  return found && *found ? LeftBehind{row.natural(0), row.natural(1)} : LeftBehind{};
}

}  // namespace

/// REQUIRES: reading_ is held.
Status SqliteStore::readable() const {
  if (reader_) return Done{};
  return Error{ErrorKind::Store, "plan store " + file_, "is lost, and a new one could not be made yet"};
}

/// The number of the zone's lines; 0: it has none. REQUIRES: reading_ is held.
Result<std::int64_t> SqliteStore::rowOf(NameView apex) {
  if (const auto lost = unnamedRows_.find(Name(apex)); lost != unnamedRows_.end()) return lost->second;
  return zoneIdOf(*reader_, toText(apex));
}

/// REQUIRES: reading_ is held, and the transaction is one of reader_.
Result<std::shared_ptr<const Zone>> SqliteStore::storedContent(const SqliteReadTransaction& transaction,
                                                               NameView apex, Generation generation) {
  const auto imaged = imaged_.find(Name(apex));
  if (imaged != imaged_.end() && imaged->second->generation() == generation) return imaged->second;
  const Result<std::int64_t> zone = rowOf(apex);
  if (!zone) return zone.error();
  return ContentReader(*reader_, transaction).read(*zone, apex, generation);
}

Result<std::shared_ptr<const Zone>> SqliteStore::content(NameView apex, Generation generation) {
  if (std::shared_ptr<const Zone> imaged = imagedContent(apex, generation)) return imaged;
  Result<std::shared_ptr<const Zone>> content = [&]() -> Result<std::shared_ptr<const Zone>> {
    const std::lock_guard guard(reading_);
    if (Status ready = readable(); !ready) return std::move(ready).error();
    return storedContent(SqliteReadTransaction(*reader_), apex, generation);
  }();
  const std::lock_guard guard(writing_);
  const auto held = held_.find(Name(apex));
  if (held == held_.end() || held->second.zone.committed != generation) return content;
  // Of a zone that the store has nothing of, and that could not be written yet.
  const auto unknown = mendings_.find(Name(apex));
  if (!content && unknown != mendings_.end() && unknown->second.content != nullptr)
    content = unknown->second.content;
  if (!content)
    held->second.isDamaged = true;
  else if (held->second.content == nullptr)
    held->second.content = *content;
  return content;
}

/// Where else content may come from, the best first: what the committed generation brought back, the
/// last-known-good, whatever is stored, and last what a rollback left behind. REQUIRES: reading_ is held.
std::vector<SqliteStore::Substitute> SqliteStore::substitutesFor(NameView apex) {
  std::vector<Substitute> all;
  const ZoneHead known = head(apex);
  const Result<std::int64_t> zone = rowOf(apex);
  if (!zone) return all;
  std::vector<Generation> stored;
  SqliteStatement rows(*reader_,
                       "SELECT generation FROM entries WHERE zone = ? AND sha256 IS NOT NULL "
                       "ORDER BY generation DESC");
  rows.bind(*zone);
  for (;;) {
    const Result<bool> row = rows.step("find what else can be read");
    if (!row || !*row) break;
    stored.push_back(rows.natural(0));
  }
  const LeftBehind rollback = newestRollback(*reader_, *zone);
  if (!stored.empty() && stored.front() == rollback.by) all.push_back({rollback.restored, false});
  for (const Generation good : known.good) all.push_back({good, true});
  for (const Generation generation : stored)
    if (!rollback.contains(generation)) all.push_back({generation, false});
  for (const Generation left : known.leftBehind) all.push_back({left, true});
  for (const Generation generation : stored)
    if (rollback.contains(generation)) all.push_back({generation, false});
  return all;
}

Result<std::shared_ptr<const Zone>> SqliteStore::anyContent(NameView apex, std::vector<Error>& problems) {
  std::vector<Substitute> substitutes;
  {
    const std::lock_guard guard(reading_);
    if (Status ready = readable(); !ready) return std::move(ready).error();
    substitutes = substitutesFor(apex);
  }
  const auto tryStored = [&](Generation generation) -> Result<std::shared_ptr<const Zone>> {
    const std::lock_guard guard(reading_);
    if (Status ready = readable(); !ready) return std::move(ready).error();
    return storedContent(SqliteReadTransaction(*reader_), apex, generation);
  };
  for (const Substitute& each : substitutes) {
    Result<std::shared_ptr<const Zone>> content = tryStored(each.generation);
    if (!content && each.hasCopy) {
      Result<GoodCopies::Copy> copy = copies_.read(apex, each.generation);
      content = copy ? Result(std::move(copy->content)) : Result<std::shared_ptr<const Zone>>(copy.error());
    }
    if (!content) {
      if (problems.size() < kMostProblems) problems.push_back(std::move(content).error());
      continue;
    }
    const std::lock_guard guard(writing_);
    Held& held = held_[Name(apex)];
    held.content = *content;
    held.isDamaged = true;
    return content;
  }
  return Error{ErrorKind::NotFound, toText(apex), "has no generation that can be read"};
}

Status SqliteStore::replay(NameView apex, WallTime since, const ChangeVisitor& visit) {
  const std::lock_guard guard(reading_);
  Status replayed = replayChanges(apex, since, visit);
  imaged_.erase(Name(apex));  // was kept for this, and may be as large as all that is served
  return replayed;
}

/// REQUIRES: reading_ is held.
Status SqliteStore::replayChanges(NameView apex, WallTime since, const ChangeVisitor& visit) {
  if (Status ready = readable(); !ready) return ready;
  const SqliteReadTransaction transaction(*reader_);
  const Result<std::int64_t> zone = rowOf(apex);
  if (!zone) return zone.error();
  const Result<std::vector<Generation>> wanted = generationsSince(*reader_, *zone, since);
  if (!wanted) return wanted.error();
  if (wanted->empty()) return Done{};
  SqliteStatement rows(
      *reader_,
      "SELECT generation, previous, at, body, sha256, serial FROM entries WHERE zone = ?1 AND "
      "sha256 IS NOT NULL AND generation >= ?2 ORDER BY generation");
  rows.bind(*zone).bind(wanted->back());
  std::shared_ptr<const Zone> before;
  for (;;) {
    const Result<bool> row = rows.step("read the changes of " + toText(apex));
    if (!row) return row.error();
    if (!*row) return Done{};
    const Generation generation = rows.natural(0), previous = rows.natural(1);
    if (before != nullptr && before->generation() != previous) before.reset();
    if (previous == 0) continue;  // it changes nothing, and is read where the next one changes it
    if (before == nullptr) {
      Result<std::shared_ptr<const Zone>> content = storedContent(transaction, apex, previous);
      if (content) before = *std::move(content);
      if (before == nullptr) continue;
    }
    ContentBuilder content(before);
    const std::string body = rows.blob(3);
    if (sha256(body) != rows.blob(4) || !content.apply(body)) {
      before.reset();  // content() tells of it where it matters
      continue;
    }
    const WallTime at = fromMicros(rows.integer(2));
    std::shared_ptr<const Zone> after =
        content.finish(generation, static_cast<std::uint32_t>(rows.integer(5)), at);
    NameTable::differences(before->names(), after->names(), [&](NodeView old, NodeView now) {
      visit(generation, at, old, now);
      return true;
    });
    before = std::move(after);
  }
}

Result<std::vector<HistoryEntry>> SqliteStore::history(NameView apex, std::size_t limit,
                                                       std::int64_t beforeId) {
  const std::lock_guard guard(reading_);
  if (Status ready = readable(); !ready) return std::move(ready).error();
  const std::string sql = "SELECT " + std::string(kEntryColumns) + kEntryTables +
                          "WHERE e.zone = ?1 AND (?2 = 0 OR e.id < ?2) ORDER BY e.id DESC LIMIT ?3";
  const Result<std::int64_t> zone = rowOf(apex);
  if (!zone) return zone.error();
  SqliteStatement rows(*reader_, sql.c_str());
  rows.bind(*zone).bind(beforeId).bind(static_cast<std::int64_t>(limit));
  std::vector<HistoryEntry> entries;
  for (;;) {
    const Result<bool> row = rows.step("read the history of " + toText(apex));
    if (!row) return row.error();
    if (!*row) return entries;
    entries.push_back(entryOf(storedEntryOf(rows)));
  }
}

}  // namespace holdfast
