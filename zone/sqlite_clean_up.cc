// Removes what retention no longer keeps, and leaves an anchor where it took lines away, so that the chain of
// seals still verifies.
#include "zone/sqlite_store.h"

namespace holdfast {

/// Each line of the zone goes into the anchor before it, or becomes one. Ids ascend. What has the number of a
/// line, and is not that line, stays. Returns how many went.
Result<std::uint64_t> SqliteStore::removeEntries(std::int64_t zone, const std::vector<CleanUpLine>& lines) {
  SqliteStatement about(
      *writer_,
      "SELECT e.seal, a.upto, a.entries, (SELECT coalesce(max(id), 0) FROM entries WHERE "
      "zone = ?1 AND id < ?2) FROM entries e LEFT JOIN anchors a ON a.zone = ?1 AND a.upto = "
      "(SELECT max(upto) FROM anchors WHERE zone = ?1 AND upto < ?2) WHERE e.id = ?2 AND e.zone = ?1 AND "
      "CASE WHEN ?3 IS NULL THEN e.sha256 IS NULL ELSE e.sha256 IS NOT NULL AND e.generation = ?3 END");
  SqliteStatement dropAnchor(*writer_, "DELETE FROM anchors WHERE zone = ?1 AND upto = ?2");
  SqliteStatement addAnchor(*writer_, "INSERT INTO anchors (zone, upto, entries, seal) VALUES (?,?,?,?)");
  SqliteStatement drop(*writer_, "DELETE FROM entries WHERE id = ? AND zone = ?");
  std::uint64_t removed = 0;
  for (const auto& [id, generation] : lines) {
    about.reset();
    about.bind(zone).bind(id);
    generation ? about.bind(*generation) : about.bindNull();
    const Result<bool> row = about.step("read a line to remove");
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
  CleanUpReport report;
  report.more = pieces->more;
  if (pieces->isEmpty()) return report;
  const std::uint64_t chosenFrom = incarnation_;
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
