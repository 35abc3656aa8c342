#pragma once

#include <optional>
#include <string>
#include <vector>

#include "zone/plan_store.h"
#include "zone/seal.h"
#include "zone/sqlite_database.h"

namespace holdfast {

/// A row of `zones` as it stands in the file: no seal covers it, so anything may.
struct ZoneRow {
  std::int64_t id = 0;
  std::string apex;
  std::int64_t fence = 0, committed = 0;
  bool removed = false;
  std::optional<std::string> frozen;
  WallTime frozenSince{};
  std::int64_t head = 0;  ///< id of the newest line, as the row has it
  std::string seal;       ///< and its seal
};
/// By id.
Result<std::vector<ZoneRow>> zoneRows(SqliteDatabase& database);

/// What the sealed lines of a zone's history tell about its row. Lines are added in their order, all of them
/// or those that matter; a history that does not begin with the zone tells only what its lines say.
class ToldByHistory {
 public:
  /// `isFirst`: nothing was ever before the line.
  void add(const StoredEntry& line, bool isFirst);

  /// Not below what any line committed.
  Generation fence() const noexcept { return fence_; }
  /// What the row's fence can be at most, if no line that came last is lost.
  Generation highestFence() const noexcept { return highestFence_; }
  /// None where the lines leave it open.
  std::optional<Generation> committed() const noexcept;
  bool isRemoved() const noexcept { return removed_.value_or(false); }
  const std::optional<std::string>& frozen() const noexcept { return frozen_; }
  WallTime frozenSince() const noexcept { return frozenSince_; }

  /// Whether what is committed can be this.
  bool allowsCommitted(std::int64_t committed) const noexcept;
  struct Problem {
    std::int64_t line = 0;  ///< that tells otherwise
    std::string what;       ///< empty: none
  };
  /// What of the row is not as the lines tell: all of it, and the first line.
  Problem disagreement(const ZoneRow& row) const;

 private:
  void setCommitted(Generation least, Generation most, std::int64_t line) noexcept;

  Generation fence_ = 0;
  Generation highestFence_ = kMaxGeneration;  ///< what the row's may be at most
  std::int64_t fenceLine_ = 0, committedLine_ = 0, removedLine_ = 0, frozenLine_ = 0;
  bool knowsOrder_ = false;  ///< what was added, removed or restored, and when, is told
  bool isCommittedTold_ = false, isFreezeTold_ = false;
  Generation leastCommitted_ = 0, mostCommitted_ = 0;
  std::optional<bool> removed_;
  std::optional<std::string> frozen_;
  WallTime frozenSince_{};
};

/// Of a zone by the number of its row, whether or not that is there. Reads some lines, and not the history.
Result<ToldByHistory> toldByHistory(SqliteDatabase& database, std::int64_t zone);

/// Whether the newest line of the zone is the one that the row names by id and seal: none after it was lost.
Result<bool> isNewestLineThere(SqliteDatabase& database, const ZoneRow& row);

/// Numbers of zones that have lines, and no row among `rows`.
Result<std::vector<std::int64_t>> zonesWithoutRow(SqliteDatabase& database, const std::vector<ZoneRow>& rows);
/// The one of the names that the oldest line of the zone was sealed with; none: another, or the line is not
/// as it was written.
Result<std::optional<Name>> apexOf(SqliteDatabase& database, std::int64_t zone,
                                   const std::vector<Name>& candidates);
/// A number for a zone that nothing in the store has, be it only the lines of a row that is lost.
Result<std::int64_t> unusedZoneId(SqliteDatabase& database);

}  // namespace holdfast
