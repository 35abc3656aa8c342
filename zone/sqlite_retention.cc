// What is kept of the past. Clean-up goes by reachability (I5), in small pieces, and leaves an anchor where
// it took lines away, so that the chain of seals still verifies.
#include <algorithm>
#include <set>

#include "zone/sqlite_store.h"

namespace holdfast {

namespace {

using Text = std::string_view;

/// The most one call looks at and removes, so that commits do not wait for it.
constexpr std::size_t kMostSeen = 2000, kMostRemoved = 200, kMostPartsRemoved = 4;

/// How many lines above the limit wait for each other, so that not every clean-up removes one.
constexpr std::uint64_t slackOf(std::uint64_t limit) noexcept {
  return limit / 10;
}

struct Row {
  std::int64_t id = 0;
  Generation generation = 0;
  bool isWhole = false;
  WallTime at{};
};

/// Which of the oldest contents nothing needs.
class Reachability {
 public:
  /// Both oldest first; the checkpoints by generation.
  Reachability(std::vector<Row> rows, std::vector<Generation> checkpoints)
      : rows_(std::move(rows)), checkpoints_(std::move(checkpoints)) {}

  /// `isKept` says which are wanted for themselves. The newest row given always counts as wanted.
  std::vector<Row> unreachable(const std::function<bool(const Row&)>& isKept) const {
    std::vector<Row> gone;
    Generation neededFrom = kMaxGeneration;  // rows from here up to the wanted one above are what it needs
    for (auto row = rows_.rbegin(); row != rows_.rend(); ++row) {
      if (row->generation >= neededFrom) continue;
      if (row == rows_.rbegin() || isKept(*row))
        neededFrom = firstNeededBy(row->generation);
      else
        gone.push_back(*row);
    }
    std::reverse(gone.begin(), gone.end());
    return gone;
  }

 private:
  /// The oldest row that rebuilding the generation reads.
  Generation firstNeededBy(Generation generation) const {
    std::optional<Generation> whole;
    for (const Row& row : rows_)
      if (row.isWhole && row.generation <= generation) whole = row.generation;
    const auto above = std::upper_bound(checkpoints_.begin(), checkpoints_.end(), generation);
    if (above != checkpoints_.begin() && *std::prev(above) >= whole.value_or(0))
      return std::min(generation, *std::prev(above) + 1);  // what the checkpoint's own row changed is in it
    return whole.value_or(0);
  }

  const std::vector<Row> rows_;
  const std::vector<Generation> checkpoints_;
};

Result<std::vector<Generation>> checkpointsOf(SqliteDatabase& database, std::int64_t zone) {
  SqliteStatement rows(database,
                       "SELECT generation FROM checkpoints WHERE zone = ? AND part = 0 ORDER BY generation");
  rows.bind(zone);
  std::vector<Generation> all;
  for (;;) {
    const Result<bool> row = rows.step("read the checkpoints");
    if (!row) return row.error();
    if (!*row) return all;
    all.push_back(rows.natural(0));
  }
}

Result<std::vector<Row>> oldestContents(SqliteDatabase& database, std::int64_t zone) {
  SqliteStatement rows(
      database,
      "SELECT id, generation, previous, at FROM entries WHERE zone = ? AND sha256 IS NOT NULL "
      "ORDER BY generation LIMIT ?");
  rows.bind(zone).bind(static_cast<std::int64_t>(kMostSeen));
  std::vector<Row> all;
  for (;;) {
    const Result<bool> row = rows.step("read the oldest contents");
    if (!row) return row.error();
    if (!*row) return all;
    all.push_back({rows.integer(0), rows.natural(1), rows.integer(2) == 0, fromMicros(rows.integer(3))});
  }
}

/// The generation that so many contents are newer than; none where there are not that many.
Result<std::optional<Generation>> contentAt(SqliteDatabase& database, std::int64_t zone,
                                            std::uint64_t newer) {
  SqliteStatement row(database,
                      "SELECT generation FROM entries WHERE zone = ? AND sha256 IS NOT NULL "
                      "ORDER BY generation DESC LIMIT 1 OFFSET ?");
  const Result<bool> found = row.bind(zone).bind(newer).step("count the contents");
  if (!found) return found.error();
  return *found ? std::optional<Generation>(row.natural(0)) : std::nullopt;
}

/// The commits that go, oldest first.
Result<std::vector<Row>> commitsToRemove(SqliteDatabase& database, std::int64_t zone,
                                         const std::set<Generation>& wanted, const Retention& retention,
                                         WallTime now) {
  const std::uint64_t keep = std::max<std::uint64_t>(retention.commits, 1);
  const auto over = contentAt(database, zone, keep + slackOf(keep));
  if (!over) return over.error();
  if (!*over) return std::vector<Row>();
  const auto oldestKept = contentAt(database, zone, keep - 1);
  if (!oldestKept) return oldestKept.error();
  Result<std::vector<Row>> rows = oldestContents(database, zone);
  if (!rows) return std::move(rows).error();
  Result<std::vector<Generation>> checkpoints = checkpointsOf(database, zone);
  if (!checkpoints) return std::move(checkpoints).error();
  return Reachability(*std::move(rows), *std::move(checkpoints)).unreachable([&](const Row& row) {
    return row.generation >= **oldestKept || row.at + retention.age > now || wanted.contains(row.generation);
  });
}

/// Refusals and events, by count alone. The newest line stays, and the newest of each event: the row of the
/// zone is checked against them.
Result<std::vector<std::int64_t>> othersToRemove(SqliteDatabase& database, std::int64_t zone,
                                                 const Retention& retention) {
  SqliteStatement count(database, "SELECT count(*) FROM entries WHERE zone = ? AND sha256 IS NULL");
  const Result<bool> row = count.bind(zone).step("count the refusals");
  if (!row) return row.error();
  std::vector<std::int64_t> ids;
  const std::uint64_t others = *row ? count.natural(0) : 0;
  if (others <= retention.others + slackOf(retention.others)) return ids;
  SqliteStatement oldest(database,
                         "SELECT id FROM entries WHERE zone = ?1 AND sha256 IS NULL AND "
                         "id < (SELECT head FROM zones WHERE id = ?1) AND "
                         "id NOT IN (SELECT max(id) FROM entries WHERE zone = ?1 AND fate > 2 GROUP BY fate) "
                         "ORDER BY id LIMIT ?2");
  oldest.bind(zone);
  oldest.bind(std::min<std::uint64_t>(others - retention.others, kMostRemoved));
  for (;;) {
    const Result<bool> next = oldest.step("find the oldest refusals");
    if (!next) return next.error();
    if (!*next) return ids;
    ids.push_back(oldest.integer(0));
  }
}

/// Whether any content of the zone is rebuilt from the checkpoint at `from`, where the next one is at `to`.
Result<bool> isCheckpointUsed(SqliteDatabase& database, std::int64_t zone, Generation from, Generation to) {
  SqliteStatement row(database,
                      "SELECT 1 FROM entries WHERE zone = ?1 AND sha256 IS NOT NULL AND generation >= ?2 AND "
                      "generation < ?3 LIMIT 1");
  return row.bind(zone).bind(from).bind(to).step("find who needs a checkpoint");
}

/// Parts of what no content is rebuilt from any more, or of what a crash left unfinished.
Result<std::vector<std::int64_t>> partsToRemove(SqliteDatabase& database, std::int64_t zone) {
  const Result<std::vector<Generation>> whole = checkpointsOf(database, zone);
  if (!whole) return whole.error();
  std::optional<Generation> unused;
  for (std::size_t i = 0; i + 1 < whole->size() && !unused; ++i) {
    const Result<bool> used = isCheckpointUsed(database, zone, (*whole)[i], (*whole)[i + 1]);
    if (!used) return used.error();
    if (!*used) unused = (*whole)[i];
  }
  SqliteStatement rows(database,
                       "SELECT rowid FROM checkpoints c WHERE zone = ?1 AND (generation = ?2 OR NOT EXISTS "
                       "(SELECT 1 FROM checkpoints WHERE zone = ?1 AND generation = c.generation AND part = "
                       "0)) ORDER BY generation, part LIMIT ?3");
  rows.bind(zone).bind(unused.value_or(0)).bind(static_cast<std::int64_t>(kMostPartsRemoved));
  std::vector<std::int64_t> ids;
  for (;;) {
    const Result<bool> row = rows.step("find checkpoints to remove");
    if (!row) return row.error();
    if (!*row) return ids;
    ids.push_back(rows.integer(0));
  }
}

}  // namespace

/// What is needed for itself, whatever its age.
std::set<Generation> SqliteStore::wantedOf(const Held& held, std::span<const Generation> inUse) {
  std::set<Generation> wanted(inUse.begin(), inUse.end());
  wanted.insert(held.zone.committed);
  if (held.content) wanted.insert(held.content->generation());
  const ZoneHead known = head(held.zone.apex);
  wanted.insert(known.good.begin(), known.good.end());
  wanted.insert(known.leftBehind.begin(), known.leftBehind.end());
  return wanted;
}

/// Without writing: where nothing is to go no transaction is begun.
Result<SqliteStore::CleanUpPieces> SqliteStore::choosePieces(SqliteDatabase& database, std::int64_t zone,
                                                             const std::set<Generation>& wanted,
                                                             const Retention& retention, WallTime now) {
  const Result<std::vector<Row>> commits = commitsToRemove(database, zone, wanted, retention, now);
  if (!commits) return commits.error();
  Result<std::vector<std::int64_t>> others = othersToRemove(database, zone, retention);
  if (!others) return std::move(others).error();
  Result<std::vector<std::int64_t>> parts = partsToRemove(database, zone);
  if (!parts) return std::move(parts).error();
  CleanUpPieces pieces;
  pieces.more =
      commits->size() > kMostRemoved || others->size() == kMostRemoved || parts->size() == kMostPartsRemoved;
  for (const Row& row : *commits) {
    if (pieces.commits.size() == kMostRemoved) break;
    pieces.commits.push_back(row.id);
    pieces.generations.push_back(row.generation);
  }
  pieces.others = *std::move(others);
  pieces.parts = *std::move(parts);
  return pieces;
}

/// Each line of the zone goes into the anchor before it, or becomes one. Ids ascend. Returns how many went.
Result<std::uint64_t> SqliteStore::removeEntries(std::int64_t zone, const std::vector<std::int64_t>& ids) {
  SqliteStatement about(
      *writer_,
      "SELECT e.seal, a.upto, a.entries, (SELECT coalesce(max(id), 0) FROM entries WHERE "
      "zone = ?1 AND id < ?2) FROM entries e LEFT JOIN anchors a ON a.zone = ?1 AND a.upto = "
      "(SELECT max(upto) FROM anchors WHERE zone = ?1 AND upto < ?2) WHERE e.id = ?2 AND e.zone = ?1");
  SqliteStatement dropAnchor(*writer_, "DELETE FROM anchors WHERE zone = ?1 AND upto = ?2");
  SqliteStatement addAnchor(*writer_, "INSERT INTO anchors (zone, upto, entries, seal) VALUES (?,?,?,?)");
  SqliteStatement drop(*writer_, "DELETE FROM entries WHERE id = ? AND zone = ?");
  std::uint64_t removed = 0;
  for (const std::int64_t id : ids) {
    about.reset();
    const Result<bool> row = about.bind(zone).bind(id).step("read a line to remove");
    if (!row) return row.error();
    if (!*row) continue;
    const std::string seal = about.blob(0);
    std::uint64_t entries = 1;
    if (!about.isNull(1) && about.integer(1) > about.integer(3)) {
      entries += about.natural(2);
      dropAnchor.reset();
      if (Status done = dropAnchor.bind(zone).bind(about.integer(1)).run("move an anchor"); !done)
        return std::move(done).error();
    }
    about.reset();
    addAnchor.reset();
    drop.reset();
    addAnchor.bind(zone).bind(id).bind(entries).bindBlob(seal);
    if (Status done = addAnchor.run("write an anchor"); !done) return std::move(done).error();
    if (Status done = drop.bind(id).bind(zone).run("remove a line"); !done) return std::move(done).error();
    removed += static_cast<std::uint64_t>(sqlite3_changes(writer_->handle()));
  }
  SqliteStatement count(*writer_, "UPDATE zones SET entries = entries - ?2 WHERE id = ?1");
  if (Status done = count.bind(zone).bind(removed).run("count the lines"); !done)
    return std::move(done).error();
  return removed;
}

/// Anchors between which no line is left become one.
Status SqliteStore::mergeAnchors(std::int64_t zone) {
  SqliteStatement pairs(
      *writer_,
      "SELECT a.upto, a.entries, b.upto FROM anchors a JOIN anchors b ON b.zone = a.zone AND b.upto = "
      "(SELECT min(upto) FROM anchors WHERE zone = ?1 AND upto > a.upto) WHERE a.zone = ?1 AND NOT EXISTS "
      "(SELECT 1 FROM entries WHERE zone = ?1 AND id > a.upto AND id < b.upto) ORDER BY a.upto LIMIT 1");
  for (;;) {
    pairs.reset();
    const Result<bool> row = pairs.bind(zone).step("find anchors side by side");
    if (!row) return row.error();
    if (!*row) return Done{};
    const std::int64_t gone = pairs.integer(0), entries = pairs.integer(1), into = pairs.integer(2);
    pairs.reset();
    SqliteStatement add(*writer_, "UPDATE anchors SET entries = entries + ? WHERE zone = ? AND upto = ?");
    if (Status done = add.bind(entries).bind(zone).bind(into).run("merge anchors"); !done) return done;
    SqliteStatement drop(*writer_, "DELETE FROM anchors WHERE zone = ? AND upto = ?");
    if (Status done = drop.bind(zone).bind(gone).run("merge anchors"); !done) return done;
  }
}

/// REQUIRES: the pieces were chosen from this very store.
Status SqliteStore::removePieces(const std::string& apex, std::int64_t zone, const CleanUpPieces& pieces,
                                 WallTime now, CleanUpReport& report, std::string& seal) {
  SqliteStatement part(*writer_, "DELETE FROM checkpoints WHERE rowid = ? AND zone = ?");
  for (const std::int64_t id : pieces.parts) {
    part.reset();
    if (Status done = part.bind(id).bind(zone).run("remove a checkpoint"); !done) return done;
  }
  const Result<std::uint64_t> commits = removeEntries(zone, pieces.commits);
  if (!commits) return commits.error();
  const Result<std::uint64_t> others = removeEntries(zone, pieces.others);
  if (!others) return others.error();
  report.commits = *commits;
  report.others = *others;
  if (*commits + *others == 0) return Done{};
  if (Status done = mergeAnchors(zone); !done) return done;
  Result<std::string> digest = digestOfAnchors(*writer_, zone);
  if (!digest) return std::move(digest).error();
  HistoryEntry line;
  line.fate = Fate::CleanedUp;
  line.who = "clean-up";
  line.at = now;
  line.digest = *std::move(digest);
  line.reason = "removed " + std::to_string(*commits) + " commits and " + std::to_string(*others) +
                " other lines that retention no longer keeps";
  Result<Appended> appended = appendSealed(*writer_, apex, storedFormOf(line), "");
  if (!appended) return std::move(appended).error();
  seal = std::move(appended->seal);
  return Done{};
}

Result<bool> SqliteStore::chooseCleanUp(NameView apex, const Retention& retention, WallTime now) {
  std::set<Generation> wanted;
  CleanUpChoice choice;
  choice.apex = Name(apex);
  {
    const std::lock_guard guard(writing_);
    choice_.reset();
    const auto held = held_.find(choice.apex);
    if (!writer_ || held == held_.end()) return false;
    wanted = wantedOf(held->second, {});
    choice.incarnation = incarnation_;
  }
  const std::uint64_t least = std::min(retention.commits, retention.others);
  {
    // Most zones have too few lines for any to go, which costs little to know.
    const std::lock_guard guard(reading_);
    if (Status ready = readable(); !ready) return std::move(ready).error();
    SqliteStatement row(
        *reader_,
        "SELECT id, entries, EXISTS (SELECT 1 FROM checkpoints WHERE zone = z.id) FROM zones z "
        "WHERE apex = ?");
    const std::string text = choice.apex.text();
    const Result<bool> found = row.bind(Text(text)).step("count the lines of " + text);
    if (!found) return found.error();
    if (!*found || (row.natural(1) <= least + slackOf(least) && row.integer(2) == 0)) return false;
    choice.zone = row.integer(0);
  }
  Result<SqliteDatabase> database = openFresh();
  if (!database) return std::move(database).error();
  Result<CleanUpPieces> pieces = choosePieces(*database, choice.zone, wanted, retention, now);
  if (!pieces) return std::move(pieces).error();
  if (pieces->isEmpty()) return false;
  choice.pieces = *std::move(pieces);
  const std::lock_guard guard(writing_);
  choice_ = std::move(choice);
  return true;
}

/// What was chosen before, as far as nothing has come to need it since; else what is chosen now.
Result<SqliteStore::CleanUpPieces> SqliteStore::takeChoice(const Held& held, std::int64_t zone,
                                                           const Retention& retention,
                                                           std::span<const Generation> inUse, WallTime now) {
  const std::set<Generation> wanted = wantedOf(held, inUse);
  std::optional<CleanUpChoice> choice = std::exchange(choice_, std::nullopt);
  if (!choice || choice->apex != held.zone.apex || choice->zone != zone ||
      choice->incarnation != incarnation_)
    return choosePieces(*writer_, zone, wanted, retention, now);
  // What is needed now and was not then is newer than all that was chosen, or is itself among it: only then
  // can it be made from what was chosen.
  CleanUpPieces pieces = std::move(choice->pieces);
  if (std::ranges::any_of(pieces.generations, [&](Generation each) { return wanted.contains(each); })) {
    pieces.commits.clear();
    pieces.more = false;  // the next round chooses anew
  }
  return pieces;
}

Result<CleanUpReport> SqliteStore::cleanUp(NameView apex, const Retention& retention,
                                           std::span<const Generation> inUse, WallTime now) {
  const std::lock_guard guard(writing_);
  const std::string text = toText(apex);
  const auto held = held_.find(Name(apex));
  if (!writer_ || held == held_.end()) return CleanUpReport();
  const Result<std::int64_t> zone = zoneIdOf(*writer_, text);
  if (!zone) return zone.error();
  const Result<CleanUpPieces> pieces = takeChoice(held->second, *zone, retention, inUse, now);
  if (!pieces) return pieces.error();
  if (pieces->isEmpty()) return CleanUpReport();
  const std::uint64_t chosenFrom = incarnation_;
  CleanUpReport report;
  std::string seal;
  const Status done = write(Sync::Lazily, [&]() -> Status {
    report = CleanUpReport();
    // A store that was made anew meanwhile gave the same numbers to other rows: the next round chooses again.
    if (incarnation_ != chosenFrom) return Done{};
    report.more = pieces->more;
    return removePieces(text, *zone, *pieces, now, report, seal);
  });
  if (!done) return done.error();
  if (seal.empty()) return report;
  const std::lock_guard known(knowing_);
  heads_[Name(apex)].seal = std::move(seal);
  return report;
}

}  // namespace holdfast
