#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "zone/history.h"
#include "zone/zone_image.h"

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

/// One zone's share of a commit. `before` is what was committed until now, and what is written is the change
/// between the two. Borrows.
struct ZoneCommit {
  const HistoryEntry& entry;
  const Zone& before;
  std::shared_ptr<const Zone> after;
  /// What encodeChange() makes of the two, where somebody has made it already: else the store does.
  std::string_view change{};
};

/// Told of each owner that a commit changed, with its nodes before and after; null where it did not exist.
/// The views hold during the call.
using ChangeVisitor = std::function<void(Generation, WallTime, NodeView before, NodeView after)>;

/// What recomputing the chain of a zone's history showed.
struct SealReport {
  std::uint64_t entries = 0;    ///< lines whose seal was recomputed
  std::uint64_t cleanedUp = 0;  ///< lines that retention removed, and for which an anchor stands
  std::string head;             ///< seal of the newest line, 32 octets; empty where there is none
  std::int64_t broken = 0;      ///< id of the first line that is not as it was written; 0: none
  std::string problem;          ///< what is wrong there; empty: the history is whole
  bool whole() const noexcept { return problem.empty(); }
};

/// What of the history is kept. A commit goes when it is over both, so many newer ones and that age, or where
/// there are more than `most`: then the oldest go, whatever the two say.
struct Retention {
  std::uint64_t commits = 1000;
  std::chrono::seconds age{std::chrono::hours(24 * 30)};
  std::uint64_t others = 10'000;  ///< refusals, superseded plans and events of a zone, by count alone
  std::uint64_t most = 100'000;
};

/// What one call of cleanUp() did: a bounded piece of work.
struct CleanUpReport {
  std::uint64_t commits = 0;  ///< lines removed with their content
  std::uint64_t others = 0;
  bool more = false;  ///< there is more to remove: call again, but let commits go first
};

/// What commits and promotions leave behind.
struct ZoneHead {
  std::string seal;              ///< of the newest line of the history, 32 octets
  std::vector<Generation> good;  ///< last-known-good generations, newest first
  /// Were good until a rollback to below all of them; kept until another is, for when nothing else reads.
  std::vector<Generation> leftBehind;
};

/// Numbers for the metrics. Totals are since the start.
struct StoreStats {
  std::uint64_t octets = 0;     ///< of the files, the write-ahead log included
  std::uint64_t walOctets = 0;  ///< of these the write-ahead log
  std::uint64_t freeOctets = 0;
  std::uint64_t entries = 0;  ///< lines of all histories
  std::uint64_t failures = 0;
  std::uint64_t rebuilds = 0;  ///< how often the store was made anew, since it was lost or damaged
  std::uint64_t imagesWritten = 0, imageFailures = 0;  ///< images of zones, and those that could not be
  std::uint64_t imagesUsed = 0, imagesRefused = 0;     ///< at the start; of those refused the store was read
  std::uint64_t imageOctets = 0;                       ///< of all images that the store knows of
  bool readOnly = false;
  std::string problem;  ///< why the last write failed; empty since one succeeded
};

/// The durable, ordered history of a server. Committed before served (I7): commit() returns success only when
/// the generation would survive a power cut. Any thread; the implementation serialises.
/// Nothing throws; failures are Errors of kind Store that name the file and the cause.
class PlanStore {
 public:
  virtual ~PlanStore() = default;

  virtual Result<std::vector<StoredZone>> zones() = 0;
  /// Writes the zone durably, with a line in its history that says who, when and why.
  virtual Status putZone(const StoredZone& zone, const HistoryEntry& event) = 0;
  /// Drops the zone, its history and its fence.
  virtual Status forgetZone(NameView apex) = 0;

  /// The content of a zone at a generation, with serial and commit time. NotFound where the store has it not.
  virtual Result<std::shared_ptr<const Zone>> content(NameView apex, Generation generation) = 0;

  /// Makes each `after` its zone's committed content: all of them durably in one transaction, or none.
  /// REQUIRES: a zone occurs once.
  virtual Status commit(std::span<const ZoneCommit> commits) = 0;
  /// After a write of the zone that was reported as failed, and may have become durable all the same: settles
  /// that it did not, so that neither the next write nor a restart finds the zone other than `zone` says.
  virtual Status takeBack(const StoredZone&) { return Done{}; }
  /// Writes a line that changes nothing: a refusal or a superseded plan. In order, not lost by a crash of the
  /// process, durable with the next commit or maintain(). Cheaper than a commit: waits for no disk.
  virtual Status record(NameView apex, const HistoryEntry& entry) = 0;

  /// Newest first, at most `limit`, with ids below `beforeId` (0: from the newest).
  virtual Result<std::vector<HistoryEntry>> history(NameView apex, std::size_t limit,
                                                    std::int64_t beforeId) = 0;

  // What follows has a meaning for a store that lasts; another one has nothing of it.

  /// Visits, oldest first, each owner that commits after `since` changed. What is no longer kept, or cannot
  /// be read, is left out.
  virtual Status replay(NameView, WallTime /*since*/, const ChangeVisitor&) { return Done{}; }
  /// The newest commit at or before `upTo` that changed the owner; none: it is older than what is kept.
  /// TooLarge where it is behind more octets of changes than are looked through. Long work; commits and
  /// reads go on.
  virtual Result<std::optional<HistoryEntry>> lastChangeOf(NameView /*apex*/, NameView /*name*/,
                                                           Generation /*upTo*/) {
    return std::optional<HistoryEntry>();
  }
  /// Recomputes the chain of the zone's history and the digests of its contents. Long work; commits go on.
  virtual Result<SealReport> verify(NameView) { return SealReport(); }

  /// Chooses, outside of every lock, what cleanUp() of the zone is to remove, so that it need not look for
  /// it. `inUse` as cleanUp() will be given it, if nothing changes. From the thread that calls maintain().
  /// False: there is nothing to remove.
  virtual Result<bool> chooseCleanUp(NameView /*apex*/, const Retention&, std::span<const Generation>,
                                     WallTime /*now*/) {
    return true;
  }
  /// Removes what retention no longer keeps, a bounded piece per call, never what can be reached: what is
  /// committed, a last-known-good, one of `inUse`, or what these are rebuilt from (I5). Where one of these
  /// was not known to what chose, no commit is removed, and there is more.
  /// REQUIRES: called in the publisher's critical section, so that `inUse` and the commits stand still.
  virtual Result<CleanUpReport> cleanUp(NameView /*apex*/, const Retention&, std::span<const Generation>,
                                        WallTime /*now*/) {
    return CleanUpReport();
  }
  /// Makes what is served a last-known-good generation, and keeps the newest `keep` of them.
  virtual Status promote(const std::shared_ptr<const Zone>&, std::size_t /*keep*/) { return Done{}; }
  /// Content to serve where that of the committed generation cannot be read: the newest last-known-good that
  /// reads, or any older generation. `problems` tells what could not be read on the way.
  virtual Result<std::shared_ptr<const Zone>> anyContent(NameView apex, std::vector<Error>& /*problems*/) {
    return Error{ErrorKind::NotFound, toText(apex), "has no other content"};
  }
  /// Work that commits must not wait for: checkpoints, the write-ahead log, giving back disk space. From one
  /// thread, every few seconds, outside of every lock.
  virtual Status maintain() { return Done{}; }
  /// From memory: waits for no disk.
  virtual ZoneHead head(NameView /*apex*/) { return {}; }
  virtual StoreStats stats() { return {}; }
  /// What happened to the store that people must know, since the last call: set aside, made anew, read-only.
  virtual std::vector<Error> takeProblems() { return {}; }
};

/// How the store is opened. The defaults are what a server wants.
struct StoreOptions {
  std::string vfs;  ///< SQLite's name of the file system; empty: the default
  /// So seldom, at most, maintain() reads all pages for damage, where the file has changed.
  std::chrono::milliseconds pageChecks{60'000};
  /// A start reads all pages of a file of so many octets for damage; of a larger one maintain() does at once.
  std::uint64_t octetsCheckedAtStart = 1u << 20;
  /// So many octets of changes lastChangeOf() looks through at most.
  std::uint64_t searchedOctets = 64u << 20;
  ImageSettings images;
};

/// Opens or makes the SQLite store `directory`/plans.db and locks the directory against a second server. A
/// store that cannot be read is set aside and made anew from the last-known-good copies; takeProblems()
/// tells.
Result<std::unique_ptr<PlanStore>> openSqliteStore(const std::string& directory,
                                                   const StoreOptions& options = {});

}  // namespace holdfast
