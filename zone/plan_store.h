#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "zone/history.h"

namespace holdfast {

/// A zone as the store knows it.
struct StoredZone {
  Name apex;
  Generation fence = 0;      ///< the highest generation ever committed; outlives removal
  Generation committed = 0;  ///< what is served; 0 after the zone was added, or removed and added again
  bool removed = false;
  std::optional<std::string> frozen;  ///< the reason, while frozen
  WallTime frozenSince{};
};

/// One zone's share of a commit. `before` is what was committed until now; what is written is the change
/// between the two, or now and then all of `after`. Borrows.
struct ZoneCommit {
  const HistoryEntry& entry;
  const Zone& before;
  const Zone& after;
};

/// The durable, ordered history of a server. Committed before served (I7): commit() returns success only when
/// the generation would survive a power cut. Any thread; the implementation serialises.
/// Nothing throws; failures are Errors of kind Store that name the file and the cause.
class PlanStore {
 public:
  virtual ~PlanStore() = default;

  virtual Result<std::vector<StoredZone>> zones() = 0;
  virtual Status putZone(const StoredZone& zone) = 0;
  /// Drops the zone, its history and its fence.
  virtual Status forgetZone(NameView apex) = 0;

  /// The content of a zone at a generation, with serial and commit time. NotFound where the store has it not.
  virtual Result<std::shared_ptr<const Zone>> content(NameView apex, Generation generation) = 0;

  /// Makes each `after` its zone's committed content: all of them durably in one transaction, or none.
  /// REQUIRES: a zone occurs once.
  virtual Status commit(std::span<const ZoneCommit> commits) = 0;
  virtual Status recordRefusal(NameView apex, const HistoryEntry& entry) = 0;

  /// Newest first, at most `limit`, with ids below `beforeId` (0: from the newest).
  virtual Result<std::vector<HistoryEntry>> history(NameView apex, std::size_t limit,
                                                    std::int64_t beforeId) = 0;
};

/// Opens or makes the SQLite store `directory`/plans.db and locks the directory against a second server.
Result<std::unique_ptr<PlanStore>> openSqliteStore(const std::string& directory);

}  // namespace holdfast
