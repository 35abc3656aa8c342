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
  std::vector<std::int64_t> unreachable(const std::function<bool(const Row&)>& isKept) const {
    std::vector<std::int64_t> ids;
    Generation neededFrom = kMaxGeneration;  // rows from here up to the wanted one above are what it needs
    for (auto row = rows_.rbegin(); row != rows_.rend(); ++row) {
      if (row->generation >= neededFrom) continue;
      if (row == rows_.rbegin() || isKept(*row))
        neededFrom = firstNeededBy(row->generation);
      else
        ids.push_back(row->id);
    }
    std::reverse(ids.begin(), ids.end());
    return ids;
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

}  // namespace

/// The lines that go, chosen without a transaction: nothing is written where nothing is to go.
Result<std::vector<std::int64_t>> SqliteStore::commitsToRemove(std::int64_t zone, const Held& held,
                                                               const Retention& retention,
                                                               std::span<const Generation> inUse,
                                                               WallTime now) {
  const std::uint64_t keep = std::max<std::uint64_t>(retention.commits, 1);
  const auto over = contentAt(*writer_, zone, keep + slackOf(keep));
  if (!over) return over.error();
  if (!*over) return std::vector<std::int64_t>();
  const auto oldestKept = contentAt(*writer_, zone, keep - 1);
  if (!oldestKept) return oldestKept.error();
  Result<std::vector<Row>> rows = oldestContents(*writer_, zone);
  if (!rows) return std::move(rows).error();
  Result<std::vector<Generation>> checkpoints = checkpointsOf(*writer_, zone);
  if (!checkpoints) return std::move(checkpoints).error();
  std::set<Generation> wanted(inUse.begin(), inUse.end());
  wanted.insert(held.zone.committed);
  if (held.content) wanted.insert(held.content->generation());
  const ZoneHead known = head(held.zone.apex);
  wanted.insert(known.good.begin(), known.good.end());
  wanted.insert(known.leftBehind.begin(), known.leftBehind.end());
  return Reachability(*std::move(rows), *std::move(checkpoints)).unreachable([&](const Row& row) {
    return row.generation >= **oldestKept || row.at + retention.age > now || wanted.contains(row.generation);
  });
}

/// Refusals and events, by count alone. The newest line stays, and the newest of each event: the row of the
/// zone is checked against them.
Result<std::vector<std::int64_t>> SqliteStore::othersToRemove(std::int64_t zone, const Retention& retention) {
  SqliteStatement count(
      *writer_,
      "SELECT entries - (SELECT count(*) FROM entries WHERE zone = ?1 AND sha256 IS NOT NULL) "
      "FROM zones WHERE id = ?1");
  const Result<bool> row = count.bind(zone).step("count the refusals");
  if (!row) return row.error();
  std::vector<std::int64_t> ids;
  const std::uint64_t others = *row ? count.natural(0) : 0;
  if (others <= retention.others + slackOf(retention.others)) return ids;
  SqliteStatement oldest(*writer_,
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

/// A part of what no content is rebuilt from any more, or of what a crash left unfinished.
Result<std::vector<std::int64_t>> SqliteStore::partsToRemove(std::int64_t zone) {
  SqliteStatement rows(
      *writer_,
      "SELECT c.rowid FROM checkpoints c WHERE c.zone = ?1 AND (NOT EXISTS (SELECT 1 FROM checkpoints d "
      "WHERE "
      "d.zone = ?1 AND d.generation = c.generation AND d.part = 0) OR EXISTS (SELECT 1 FROM checkpoints d "
      "WHERE d.zone = ?1 AND d.part = 0 AND d.generation > c.generation AND NOT EXISTS (SELECT 1 FROM "
      "entries "
      "e WHERE e.zone = ?1 AND e.sha256 IS NOT NULL AND e.generation >= c.generation AND "
      "e.generation < d.generation))) ORDER BY c.generation, c.part LIMIT ?2");
  rows.bind(zone).bind(static_cast<std::int64_t>(kMostPartsRemoved));
  std::vector<std::int64_t> ids;
  for (;;) {
    const Result<bool> row = rows.step("find checkpoints to remove");
    if (!row) return row.error();
    if (!*row) return ids;
    ids.push_back(rows.integer(0));
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

Result<CleanUpReport> SqliteStore::cleanUp(NameView apex, const Retention& retention,
                                           std::span<const Generation> inUse, WallTime now) {
  const std::lock_guard guard(writing_);
  const std::string text = toText(apex);
  const auto held = held_.find(Name(apex));
  if (!writer_ || held == held_.end()) return CleanUpReport();
  const Result<std::int64_t> zone = zoneIdOf(*writer_, text);
  if (!zone) return zone.error();
  Result<std::vector<std::int64_t>> commits = commitsToRemove(*zone, held->second, retention, inUse, now);
  if (!commits) return std::move(commits).error();
  Result<std::vector<std::int64_t>> others = othersToRemove(*zone, retention);
  if (!others) return std::move(others).error();
  Result<std::vector<std::int64_t>> parts = partsToRemove(*zone);
  if (!parts) return std::move(parts).error();
  CleanUpPieces pieces{*std::move(commits), *std::move(others), *std::move(parts)};
  const bool more = pieces.commits.size() > kMostRemoved || pieces.others.size() == kMostRemoved ||
                    pieces.parts.size() == kMostPartsRemoved;
  if (pieces.commits.size() > kMostRemoved) pieces.commits.resize(kMostRemoved);
  if (pieces.commits.empty() && pieces.others.empty() && pieces.parts.empty()) return CleanUpReport();
  const std::uint64_t chosenFrom = incarnation_;
  CleanUpReport report;
  std::string seal;
  const Status done = write(Sync::Lazily, [&]() -> Status {
    report = CleanUpReport();
    // A store that was made anew meanwhile gave the same numbers to other rows: the next round chooses again.
    if (incarnation_ != chosenFrom) return Done{};
    report.more = more;
    return removePieces(text, *zone, pieces, now, report, seal);
  });
  if (!done) return done.error();
  if (seal.empty()) return report;
  const std::lock_guard known(knowing_);
  heads_[Name(apex)].seal = std::move(seal);
  return report;
}

Status SqliteStore::promote(const std::shared_ptr<const Zone>& zone, std::size_t keep) {
  const Name apex(zone->apex());
  std::vector<Generation> kept, gone;
  Generation fence = 0;
  {
    const std::lock_guard guard(writing_);
    const auto held = held_.find(apex);
    if (held == held_.end() || held->second.zone.committed != zone->generation()) return Done{};
    fence = held->second.zone.fence;
  }
  // The file first: a generation is good only when it can be read from there too.
  if (Status written = copies_.write(*zone, fence); !written) return written;
  const std::lock_guard guard(writing_);
  const auto held = held_.find(apex);
  if (held == held_.end() || held->second.zone.committed != zone->generation()) {
    hasStrayCopies_ = true;
    return Done{};  // overtaken: it no longer serves
  }
  const std::string text = apex.text();
  const Status done = write(Sync::Full, [&]() -> Status {
    const ZoneHead known = head(apex);
    kept = known.good;
    if (std::find(kept.begin(), kept.end(), zone->generation()) == kept.end())
      kept.insert(kept.begin(), zone->generation());
    std::sort(kept.rbegin(), kept.rend());
    gone = known.leftBehind;  // there is something better now
    while (kept.size() > std::max<std::size_t>(keep, 1)) {
      gone.push_back(kept.back());
      kept.pop_back();
    }
    const Result<std::int64_t> id = zoneIdOf(*writer_, text);
    if (!id) return id.error();
    SqliteStatement put(*writer_, "INSERT OR REPLACE INTO good (zone, generation, at) VALUES (?,?,?)");
    put.bind(*id).bind(zone->generation()).bind(toMicros(zone->committedAt()));
    if (Status written = put.run("write a last-known-good"); !written) return written;
    SqliteStatement drop(*writer_, "DELETE FROM good WHERE zone = ? AND (generation < ? OR at < 0)");
    return drop.bind(*id).bind(kept.back()).run("drop the oldest last-known-good");
  });
  if (!done) return done;
  for (const Generation generation : gone) copies_.remove(apex, generation);
  const std::lock_guard known(knowing_);
  ZoneHead& head = heads_[apex];
  head.good = std::move(kept);
  head.leftBehind.clear();
  return Done{};
}

}  // namespace holdfast
