// The rows of `zones`, and what the history tells of what they should be.
#include "zone/sqlite_zones.h"

#include <algorithm>
#include <initializer_list>

#include "zone/history.h"
#include "zone/sqlite_entries.h"

namespace holdfast {

Result<std::vector<ZoneRow>> zoneRows(SqliteDatabase& database) {
  SqliteStatement row(
      database,
      "SELECT id, CAST(apex AS TEXT), fence, committed, removed, frozen, frozen_since, head, seal "
      "FROM zones ORDER BY id");
  std::vector<ZoneRow> all;
  for (;;) {
    const Result<bool> found = row.step("read the zones");
    if (!found) return found.error();
    if (!*found) return all;
    ZoneRow zone;
    zone.id = row.integer(0);
    zone.apex = row.text(1);
    zone.fence = row.integer(2);
    zone.committed = row.integer(3);
    zone.removed = row.integer(4) != 0;
    if (!row.isNull(5)) zone.frozen = row.text(5);
    zone.frozenSince = fromMicros(row.integer(6));
    zone.head = row.integer(7);
    zone.seal = row.blob(8);
    all.push_back(std::move(zone));
  }
}

void ToldByHistory::setCommitted(Generation least, Generation most, std::int64_t line) noexcept {
  leastCommitted_ = least;
  mostCommitted_ = std::max(least, most);
  committedLine_ = line;
  isCommittedTold_ = knowsOrder_;
}

void ToldByHistory::add(const StoredEntry& line, bool isFirst) {
  const auto generation = static_cast<Generation>(std::max<std::int64_t>(line.generation, 0));
  const auto base = static_cast<Generation>(std::max<std::int64_t>(line.base, 0));
  switch (static_cast<Fate>(line.fate)) {
    case Fate::Committed:
      fence_ = std::max(fence_, generation);
      highestFence_ = knowsOrder_ ? fence_ : kMaxGeneration;
      fenceLine_ = line.id;
      setCommitted(generation, generation, line.id);
      return;
    case Fate::ZoneAdded:
    case Fate::ZoneRemoved:
      knowsOrder_ = true;
      setCommitted(0, 0, line.id);
      removed_ = line.fate == static_cast<std::int64_t>(Fate::ZoneRemoved);
      removedLine_ = line.id;
      if (!isFirst) return;
      isFreezeTold_ = true;
      frozenLine_ = fenceLine_ = line.id;
      highestFence_ = 0;
      return;
    case Fate::Restored:
      // Its base is the fence that the zone had. Content that was served in place of what was committed may
      // be older than that.
      knowsOrder_ = true;
      fence_ = std::max({fence_, generation, base});
      highestFence_ = base > 0 ? fence_ : kMaxGeneration;
      fenceLine_ = line.id;
      setCommitted(generation, line.sha256.empty() ? generation : fence_, line.id);
      if (!isFirst || base == 0) return;
      removed_ = false;
      isFreezeTold_ = true;
      removedLine_ = frozenLine_ = line.id;
      return;
    case Fate::Frozen:
    case Fate::Thawed:
      isFreezeTold_ = true;
      frozen_.reset();
      if (line.fate == static_cast<std::int64_t>(Fate::Frozen)) frozen_ = line.reason;
      frozenSince_ = fromMicros(line.at);
      frozenLine_ = line.id;
      return;
    default:
      return;
  }
}

std::optional<Generation> ToldByHistory::committed() const noexcept {
  return isCommittedTold_ ? std::optional(leastCommitted_) : std::nullopt;
}

bool ToldByHistory::allowsCommitted(std::int64_t committed) const noexcept {
  if (committed < 0) return false;
  const auto generation = static_cast<Generation>(committed);
  return !isCommittedTold_ || (generation >= leastCommitted_ && generation <= mostCommitted_);
}

ToldByHistory::Problem ToldByHistory::disagreement(const ZoneRow& row) const {
  Problem problem;
  const auto add = [&](std::int64_t line, const std::string& what) {
    if (problem.what.empty()) problem.line = line;
    problem.what +=
        (problem.what.empty() ? "the row of the zone is not as its history tells: " : "; ") + what;
  };
  const auto told = [](std::int64_t line) { return " by line " + std::to_string(line); };
  if (row.fence < 0 || static_cast<Generation>(row.fence) < fence_ ||
      static_cast<Generation>(row.fence) > highestFence_)
    add(fenceLine_,
        "the fence is " + std::to_string(row.fence) + ", and " + std::to_string(fence_) + told(fenceLine_));
  if (!allowsCommitted(row.committed))
    add(committedLine_, "committed is " + std::to_string(row.committed) + ", and " +
                            std::to_string(leastCommitted_) + told(committedLine_));
  if (removed_ && row.removed != *removed_)
    add(removedLine_,
        (row.removed ? "it is removed, and is held" : "it is held, and was removed") + told(removedLine_));
  if (isFreezeTold_ && row.frozen != frozen_)
    add(frozenLine_,
        (row.frozen ? "it is frozen for \"" + *row.frozen + "\", and is " : "it is thawed, and is ") +
            (frozen_ ? "frozen for \"" + *frozen_ + "\"" : "not frozen") + told(frozenLine_));
  return problem;
}

Result<ToldByHistory> toldByHistory(SqliteDatabase& database, std::int64_t zone) {
  // The newest commit, the newest line of each event, and the first line of all.
  SqliteStatement rows(
      database,
      "SELECT id, fate, generation, base, at, reason, sha256, NOT EXISTS (SELECT 1 FROM entries f WHERE "
      "f.zone = ?1 AND f.id < e.id) AND NOT EXISTS (SELECT 1 FROM anchors WHERE zone = ?1) FROM entries e "
      "WHERE zone = ?1 AND id IN (SELECT min(id) FROM entries WHERE zone = ?1 UNION SELECT max(id) FROM "
      "entries WHERE zone = ?1 AND fate > 2 GROUP BY fate UNION SELECT * FROM (SELECT id FROM entries WHERE "
      "zone = ?1 AND sha256 IS NOT NULL ORDER BY generation DESC LIMIT 1)) ORDER BY id");
  rows.bind(zone);
  ToldByHistory told;
  for (;;) {
    const Result<bool> row = rows.step("read what the history tells of a zone");
    if (!row) return row.error();
    if (!*row) return told;
    StoredEntry line;
    line.id = rows.integer(0);
    line.fate = rows.integer(1);
    line.generation = rows.integer(2);
    line.base = rows.integer(3);
    line.at = rows.integer(4);
    line.reason = rows.text(5);
    line.sha256 = rows.blob(6);
    told.add(line, rows.integer(7) != 0);
  }
}

Result<bool> isNewestLineThere(SqliteDatabase& database, const ZoneRow& row) {
  SqliteStatement newest(database, "SELECT id, seal FROM entries WHERE zone = ? ORDER BY id DESC LIMIT 1");
  const Result<bool> found = newest.bind(row.id).step("read the newest line of a zone");
  if (!found) return found.error();
  return *found && newest.integer(0) == row.head && newest.blob(1) == row.seal;
}

Result<std::vector<std::int64_t>> zonesWithoutRow(SqliteDatabase& database,
                                                  const std::vector<ZoneRow>& rows) {
  SqliteStatement next(database, "SELECT min(zone) FROM entries WHERE zone > ?");
  std::vector<std::int64_t> without;
  for (std::int64_t zone = INT64_MIN;;) {
    next.reset();
    const Result<bool> found = next.bind(zone).step("find lines of lost zones");
    if (!found) return found.error();
    if (!*found || next.isNull(0)) return without;
    zone = next.integer(0);
    const auto row = std::ranges::lower_bound(rows, zone, {}, &ZoneRow::id);
    if (row == rows.end() || row->id != zone) without.push_back(zone);
  }
}

Result<std::optional<Name>> apexOf(SqliteDatabase& database, std::int64_t zone,
                                   const std::vector<Name>& candidates) {
  const std::string sql = "SELECT " + std::string(kEntryColumns) +
                          ", (SELECT seal FROM anchors a WHERE a.zone = ?1 AND a.upto < e.id ORDER BY upto "
                          "DESC LIMIT 1)" +
                          kEntryTables + "WHERE e.zone = ?1 ORDER BY e.id LIMIT 1";
  SqliteStatement first(database, sql.c_str());
  const Result<bool> row = first.bind(zone).step("read the first line of a lost zone");
  if (!row) return row.error();
  if (!*row) return std::optional<Name>();
  const StoredEntry entry = storedEntryOf(first);
  const std::string before = first.blob(kEntryBody);
  for (const Name& apex : candidates)
    if (sealOf(before, apex.text(), entry) == entry.seal) return std::optional<Name>(apex);
  return std::optional<Name>();
}

Result<std::int64_t> unusedZoneId(SqliteDatabase& database) {
  std::int64_t highest = 0;
  for (const char* sql :
       {"SELECT max(id) FROM zones", "SELECT max(zone) FROM entries", "SELECT max(zone) FROM checkpoints",
        "SELECT max(zone) FROM anchors", "SELECT max(zone) FROM good"}) {
    const Result<std::int64_t> used = database.number(sql);
    if (!used) return used.error();
    highest = std::max(highest, *used);
  }
  return highest + 1;
}

}  // namespace holdfast
