#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "zone/candidate.h"
#include "zone/plan_store.h"

namespace holdfast {

/// A wish to have an older generation's content back.
struct Rollback {
  Name zone;
  Generation to = 0;
  Caller caller;
  std::string reason;
  std::optional<Generation> base;  ///< what must be committed for it; none: whatever is
  std::vector<Removal> removals;
  bool removesAdded = false;
  std::vector<Override> overrides;
  bool dryRun = false;
  std::size_t diffLimit = 0;
};

/// A zone as `status` shows it.
struct ZoneStatus {
  Name apex;
  Generation planned = 0, committed = 0, served = 0;
  std::uint32_t serial = 0;
  std::optional<WallTime> committedAt;
  std::uint64_t names = 0;
  ZoneFacts facts;
  std::optional<std::string> frozen;
  WallTime frozenSince{};
  std::optional<HistoryEntry> lastRefusal;
  std::array<std::uint64_t, kRules> refusals{};  ///< since start, by rule
  std::uint64_t published = 0;                   ///< since start
  std::uint64_t warnings = 0;                    ///< about published plans, since start
  std::vector<Generation> good;                  ///< last-known-good ones, newest first
  std::string seal;                              ///< of the newest line of the history, 32 octets
};

/// What is kept of the past, by configuration.
struct Keeping {
  Retention history;
  std::chrono::milliseconds goodAfter{std::chrono::minutes(5)};  ///< served without interruption until then
  std::size_t goodKept = 3;
};

/// What one call of tend() did.
struct TendReport {
  std::vector<std::pair<Name, Generation>> promoted;  ///< to last-known-good
  std::uint64_t commits = 0, others = 0;              ///< lines of the history that went
  std::vector<Error> problems;
};

/// The only code that swaps the snapshot. Any number of threads submit; one at a time passes the critical
/// section, which is Publisher::decide in publisher_submit.cc and reads top to bottom: fence, guard, commit,
/// swap. Queries never meet its lock. Every calling thread holds an RcuThread.
class Publisher {
 public:
  using Clock = std::function<WallTime()>;
  /// Loads what the store has committed, before the first query. A zone whose content cannot be read is held
  /// without content, and loadProblems() says why: the others are served, and a newer plan heals it (I6).
  static Result<std::unique_ptr<Publisher>> open(std::unique_ptr<PlanStore> store, Clock clock);
  /// REQUIRES: no reader and no submitter is left.
  ~Publisher();
  const std::vector<Error>& loadProblems() const noexcept { return loadProblems_; }

  const RcuPointer<Snapshot>& snapshot() const noexcept { return snapshot_; }

  /// Judges and, if accepted, commits and swaps. An Error is a fault of the store, an unknown zone or a plan
  /// without a generation: nothing was published then. A refusal is an Outcome, and stands in the history.
  Result<Outcome> submit(const Submission& submission);
  /// Brings the content of an older generation back under a new one (I9), judged as any plan. What has come
  /// since and would go is refused unless `removals` name it, or `removesAdded` says that all of it may go.
  Result<Outcome> rollback(const Rollback& rollback);
  /// Records that a document could not be read (rule `unreadable`) or is not a plan (rule `invalid`), with
  /// the error's text. The served answers stay (I4, I12).
  Outcome refuse(NameView zone, const Caller& caller, std::string digest, const Error& error, bool dryRun);

  /// `policy` is in force from now on, or from when the zone is added, until told otherwise.
  void setPolicy(NameView zone, const GuardPolicy& policy);
  /// The limits over all zones held, from now on.
  void setServerVelocity(const VelocityPolicy& policy);
  Status addZone(NameView zone, const Caller& caller = {});
  Status removeZone(NameView zone, const std::string& reason, bool forget, const Caller& caller = {});
  /// With a reason: freezes; without: thaws, for the reason `thawedFor`.
  Status setFrozen(NameView zone, std::optional<std::string> reason, const Caller& caller = {},
                   const std::string& thawedFor = {});
  /// Promotes what has served for long enough, removes what is no longer kept, lets the store do what commits
  /// do not wait for. To be called every few seconds by one thread of low priority; `now` of the monotonic
  /// clock.
  TendReport tend(const Keeping& keeping,
                  std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now());

  bool hasZone(NameView zone) const;
  /// True where the zone was once added and then removed on purpose.
  bool wasRemoved(NameView zone) const;
  std::vector<ZoneStatus> status() const;
  std::optional<ZoneStatus> status(NameView zone) const;
  Result<std::vector<HistoryEntry>> history(NameView zone, std::size_t limit, std::int64_t beforeId) const;
  Result<std::shared_ptr<const Zone>> content(NameView zone, Generation generation) const;
  /// Recomputes the seals of the zone's history. Long work.
  Result<SealReport> verify(NameView zone) const;
  /// The newest commit that changed the owner, up to what is committed; none: it is older than what is kept.
  Result<std::optional<HistoryEntry>> lastChangeOf(NameView zone, NameView name) const;
  StoreStats storeStats() const { return store_->stats(); }

  const ReclaimStats& reclaimStats() const noexcept { return reclaim_; }
  struct SwapStats {
    std::atomic<std::uint64_t> swaps{0}, micros{0}, longestMicros{0};  ///< durable commit to pointer swapped
  };
  const SwapStats& swapStats() const noexcept { return swaps_; }

 private:
  struct ZoneState {
    StoredZone stored;
    std::shared_ptr<const Zone> content;  // never null; without content where nothing is committed
    GuardPolicy policy;
    Generation planned = 0;
    std::optional<HistoryEntry> lastRefusal;
    std::array<std::uint64_t, kRules> refusals{};
    std::uint64_t published = 0;
    std::uint64_t warnings = 0;
  };
  /// What a submission was given to work with, and which swap it was made after.
  struct Prepared {
    Candidate candidate;
    std::uint64_t edition = 0;
  };

  Publisher(std::unique_ptr<PlanStore> store, Clock clock);
  Status load();
  ZoneState* find(NameView zone);
  const ZoneState* find(NameView zone) const;
  Basis basisOf(const ZoneState& state);
  Candidate prepare(const Submission& submission, const Basis& basis, Outcome& outcome) const;
  Result<Outcome> decide(const Submission& submission, ZoneState& state, Prepared prepared, Outcome outcome);
  void fence(const Submission& submission, const ZoneState& state, Verdict& verdict) const;
  Outcome refused(const Submission& submission, ZoneState& state, Outcome outcome);
  void recordRefusal(ZoneState& state, HistoryEntry entry, Outcome& outcome);
  void swap(std::unique_ptr<Snapshot> next) noexcept;
  ZoneStatus statusOf(const ZoneState& state) const;

  const std::unique_ptr<PlanStore> store_;
  const Clock clock_;
  std::vector<Error> loadProblems_;  // constant once open() returned
  ReclaimStats reclaim_;
  SwapStats swaps_;
  RcuPointer<Snapshot> snapshot_;

  mutable std::mutex mutex_;              // the critical section; guards all below and every swap
  std::map<Name, ZoneState> zones_;       // removed zones too, for their fence
  std::map<Name, GuardPolicy> policies_;  // of zones not held too, for when they are added
  VelocityPolicy serverVelocity_ = defaultServerVelocity();
  VelocityLedger losses_;
  std::uint64_t edition_ = 0;  // counts swaps
};

}  // namespace holdfast
