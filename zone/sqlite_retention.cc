// What is kept of the past, and what goes: by reachability (I5), in small pieces.
#include <algorithm>
#include <set>

#include "zone/sqlite_store.h"

namespace holdfast {

namespace {

using Text = std::string_view;

/// The most one call removes, so that commits do not wait for it.
constexpr std::size_t kMostRemoved = 200, kMostPartsRemoved = 4;
/// So many of the oldest contents are looked at first, and at most: more where nothing of these may go, as
/// what is wanted may be rebuilt from thousands.
constexpr std::size_t kFirstSeen = 2000, kMostSeen = 64 * kFirstSeen;

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
      : rows_(std::move(rows)), checkpoints_(std::move(checkpoints)) {
    for (const Row& row : rows_)
      if (row.isWhole) wholes_.push_back(row.generation);
  }

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
    const auto newest = [generation](const std::vector<Generation>& all) {
      const auto above = std::upper_bound(all.begin(), all.end(), generation);
      return above == all.begin() ? std::optional<Generation>() : *std::prev(above);
    };
    const Generation whole = newest(wholes_).value_or(0);
    const std::optional<Generation> checkpoint = newest(checkpoints_);
    if (checkpoint && *checkpoint >= whole)
      return std::min(generation, *checkpoint + 1);  // what the checkpoint's own row changed is in it
    return whole;
  }

  const std::vector<Row> rows_;
  const std::vector<Generation> checkpoints_;
  std::vector<Generation> wholes_;
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

Result<std::vector<Row>> oldestContents(SqliteDatabase& database, std::int64_t zone, std::size_t most) {
  SqliteStatement rows(
      database,
      "SELECT id, generation, previous, at FROM entries WHERE zone = ? AND sha256 IS NOT NULL "
      "ORDER BY generation LIMIT ?");
  rows.bind(zone).bind(static_cast<std::int64_t>(most));
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

/// The oldest content that may stay when there are more than `most`; none while there are not. So many go at
/// once that the next few commits find room.
Result<std::optional<Generation>> oldestAllowed(SqliteDatabase& database, std::int64_t zone,
                                                std::uint64_t most) {
  auto over = contentAt(database, zone, most);
  if (!over || !*over) return over;
  return contentAt(database, zone, most - std::min<std::uint64_t>(slackOf(most), kMostRemoved) - 1);
}

/// The commits that go, oldest first.
Result<std::vector<Row>> commitsToRemove(SqliteDatabase& database, std::int64_t zone,
                                         const std::function<bool(Generation)>& isWanted,
                                         const Retention& retention, WallTime now) {
  const std::uint64_t keep = std::max<std::uint64_t>(retention.commits, 1);
  const auto allowed = oldestAllowed(database, zone, std::max<std::uint64_t>(retention.most, 1));
  if (!allowed) return allowed.error();
  const auto over = contentAt(database, zone, keep + slackOf(keep));
  if (!over) return over.error();
  if (!*over && !*allowed) return std::vector<Row>();
  const auto oldestKept = contentAt(database, zone, keep - 1);
  if (!oldestKept) return oldestKept.error();
  const Result<std::vector<Generation>> checkpoints = checkpointsOf(database, zone);
  if (!checkpoints) return checkpoints.error();
  const auto isKept = [&](const Row& row) {
    const bool isAmongNewest = row.generation >= oldestKept->value_or(0);
    const bool isAllowed = row.generation >= allowed->value_or(0);
    return isWanted(row.generation) || (isAllowed && (isAmongNewest || row.at + retention.age > now));
  };
  for (std::size_t seen = kFirstSeen;; seen *= 4) {
    Result<std::vector<Row>> rows = oldestContents(database, zone, seen);
    if (!rows) return std::move(rows).error();
    const bool isLast = rows->size() < seen || 4 * seen > kMostSeen;
    std::vector<Row> gone = Reachability(*std::move(rows), *checkpoints).unreachable(isKept);
    if (isLast || !gone.empty()) return gone;
  }
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

/// REQUIRES: writing_ is held.
SqliteStore::WantedContents SqliteStore::wantedOf(const Held& held, std::span<const Generation> inUse) {
  WantedContents wanted{{inUse.begin(), inUse.end()}, held.zone.fence};
  if (held.zone.committed != 0) wanted.known.insert(held.zone.committed);
  if (held.content) wanted.known.insert(held.content->generation());
  const ZoneHead known = head(held.zone.apex);
  wanted.known.insert(known.good.begin(), known.good.end());
  wanted.known.insert(known.leftBehind.begin(), known.leftBehind.end());
  return wanted;
}

/// Without writing: where nothing is to go no transaction is begun.
Result<SqliteStore::CleanUpPieces> SqliteStore::choosePieces(SqliteDatabase& database, std::int64_t zone,
                                                             const WantedContents& wanted,
                                                             const Retention& retention, WallTime now) {
  const auto isWanted = [&](Generation generation) { return wanted.contains(generation); };
  const Result<std::vector<Row>> commits = commitsToRemove(database, zone, isWanted, retention, now);
  if (!commits) return commits.error();
  const Result<std::vector<std::int64_t>> others = othersToRemove(database, zone, retention);
  if (!others) return others.error();
  Result<std::vector<std::int64_t>> parts = partsToRemove(database, zone);
  if (!parts) return std::move(parts).error();
  CleanUpPieces pieces;
  pieces.more =
      commits->size() > kMostRemoved || others->size() == kMostRemoved || parts->size() == kMostPartsRemoved;
  for (const Row& row : *commits) {
    if (pieces.commits.size() == kMostRemoved) break;
    pieces.commits.push_back({row.id, row.generation});
  }
  for (const std::int64_t id : *others) pieces.others.push_back({id, std::nullopt});
  pieces.parts = *std::move(parts);
  return pieces;
}

Result<bool> SqliteStore::chooseCleanUp(NameView apex, const Retention& retention,
                                        std::span<const Generation> inUse, WallTime now) {
  CleanUpChoice choice;
  choice.apex = Name(apex);
  {
    const std::lock_guard guard(writing_);
    choice_.reset();
    const auto held = held_.find(choice.apex);
    if (!writer_ || held == held_.end()) return false;
    choice.wanted = wantedOf(held->second, inUse);
    choice.incarnation = incarnation_;
    choice.forgotten = forgotten_;
  }
  const std::uint64_t least = std::min({retention.commits + slackOf(retention.commits),
                                        retention.others + slackOf(retention.others), retention.most});
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
    if (!*found || (row.natural(1) <= least && row.integer(2) == 0)) return false;
    choice.zone = row.integer(0);
  }
  Result<SqliteDatabase> database = openFresh();
  if (!database) return std::move(database).error();
  Result<CleanUpPieces> pieces = choosePieces(*database, choice.zone, choice.wanted, retention, now);
  if (!pieces) return std::move(pieces).error();
  if (pieces->isEmpty()) return false;
  choice.pieces = *std::move(pieces);
  const std::lock_guard guard(writing_);
  choice_ = std::move(choice);
  return true;
}

/// What was chosen before, without the commits where one of them may have come to be needed since; where
/// nothing was chosen that still holds, what is chosen now.
Result<SqliteStore::CleanUpPieces> SqliteStore::takeChoice(const Held& held, std::int64_t zone,
                                                           const Retention& retention,
                                                           std::span<const Generation> inUse, WallTime now) {
  const WantedContents wanted = wantedOf(held, inUse);
  std::optional<CleanUpChoice> choice = std::exchange(choice_, std::nullopt);
  if (!choice || choice->apex != held.zone.apex || choice->zone != zone ||
      choice->incarnation != incarnation_ || choice->forgotten != forgotten_)
    return choosePieces(*writer_, zone, wanted, retention, now);
  // What was wanted then was kept with all that it is rebuilt from; what was committed since builds on that.
  // Anything else may be rebuilt from what was chosen, itself among it or not: the next round knows of it.
  CleanUpPieces pieces = std::move(choice->pieces);
  const auto wasKept = [&](Generation each) { return choice->wanted.contains(each); };
  if (!std::ranges::all_of(wanted.known, wasKept)) {
    pieces.commits.clear();
    pieces.more = true;
  }
  return pieces;
}

}  // namespace holdfast
