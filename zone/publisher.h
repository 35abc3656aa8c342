#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "zone/commit_path.h"
#include "zone/rollback.h"

namespace holdfast {

class PastAnswers;

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

/// The only code that swaps the snapshot. Any number of threads submit. The way of a plan is
/// Publisher::submit in publisher_submit.cc, to be read from top to bottom; its steps, and what they may
/// meet, are CommitPath's.
///
/// Three locks, taken in this order and none of them by queries: `section_`, the critical section, is held
/// while the disk makes a commit durable, which takes along all plans that are ready by then; `recording_`
/// while refusals are written; `view_` for moments only, so that status and admissions wait for no disk.
/// Every calling thread holds an RcuThread.
class Publisher {
 public:
  using Clock = CommitPath::Clock;
  using SwapStats = CommitPath::SwapStats;
  /// Loads what the store has committed, before the first query. A zone whose content cannot be read is
  /// served with the newest last-known-good generation that can, else with any older one, else held without
  /// content; loadProblems() says which and why. The others are served, and a newer full plan heals it (I6).
  /// What may be long and no answer needs comes with replayPast().
  static Result<std::unique_ptr<Publisher>> openServing(std::unique_ptr<PlanStore> store, Clock clock);
  /// Makes the windows of losses again from the history. Once, by any thread; plans and rollbacks wait for
  /// it, as none may be judged by half a window. Returns what of the history could not be read.
  std::vector<Error> replayPast();
  /// Both, one after the other; loadProblems() has those of both.
  static Result<std::unique_ptr<Publisher>> open(std::unique_ptr<PlanStore> store, Clock clock);
  /// REQUIRES: no reader and no submitter is left.
  ~Publisher();
  const std::vector<Error>& loadProblems() const noexcept { return loadProblems_; }

  const RcuPointer<Snapshot>& snapshot() const noexcept { return path_.snapshot(); }

  /// Judges and, if accepted, commits and swaps. Returns once the outcome is true for good: published and
  /// durable, refused, or superseded, and in the history. An Error is a fault of the store, an unknown zone
  /// or a plan without a generation: nothing was published then. Blocks while a newer full plan of the zone
  /// is judged, and for the disk.
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
  /// How many findings a refusal and warnings an outcome list, of every zone, from now on until told
  /// otherwise by this or by setPolicy.
  void setListed(std::size_t reasons, std::size_t warnings);
  Status addZone(NameView zone, const Caller& caller = {});
  Status removeZone(NameView zone, const std::string& reason, bool forget, const Caller& caller = {});
  /// With a reason: freezes, in the place of a freeze that stands, which the history names; without: thaws,
  /// for the reason `thawedFor`, and does nothing, in the history neither, where nothing is frozen. Returns
  /// the freeze that stood before.
  Result<std::optional<Freeze>> setFrozen(NameView zone, std::optional<std::string> reason,
                                          const Caller& caller = {}, const std::string& thawedFor = {});
  /// Promotes what has served for long enough, removes what is no longer kept, lets the store do what commits
  /// do not wait for. To be called every few seconds by one thread of low priority; `now` of the monotonic
  /// clock.
  TendReport tend(const Keeping& keeping,
                  std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now());

  /// Plans that are accepted and wait for the commit, or are in it.
  std::size_t waitingForCommit() const;
  bool hasZone(NameView zone) const;
  /// True where the zone was once added and then removed on purpose.
  bool wasRemoved(NameView zone) const;
  /// How many such zones there are. Those forgotten do not count.
  std::size_t zonesRemoved() const;
  std::vector<ZoneStatus> status() const;
  std::optional<ZoneStatus> status(NameView zone) const;
  Result<std::vector<HistoryEntry>> history(NameView zone, std::size_t limit, std::int64_t beforeId) const;
  Result<std::shared_ptr<const Zone>> content(NameView zone, Generation generation) const;
  /// The newest; null where the zone is not held, without content where nothing is committed.
  std::shared_ptr<const Zone> committed(NameView zone) const;
  /// Recomputes the seals of the zone's history. Long work.
  Result<SealReport> verify(NameView zone) const;
  /// The newest commit that changed the owner, up to what is committed; none: it is older than what is kept.
  Result<std::optional<HistoryEntry>> lastChangeOf(NameView zone, NameView name) const;
  StoreStats storeStats() const { return store_->stats(); }

  const ReclaimStats& reclaimStats() const noexcept { return path_.reclaimStats(); }
  const SwapStats& swapStats() const noexcept { return path_.swapStats(); }

 private:
  /// What a zone serves, and since when as tend() saw it.
  struct Serving {
    Generation generation = 0;
    std::chrono::steady_clock::time_point since;
  };

  Publisher(std::unique_ptr<PlanStore> store, Clock clock);
  Status load();
  std::shared_ptr<const Zone> loadContent(const StoredZone& zone);
  /// What commits of the past took or gave, and when.
  using PastLosses = std::vector<std::pair<Losses, std::chrono::steady_clock::time_point>>;
  PastLosses lossesOf(NameView zone, PastAnswers& past, std::vector<Error>& problems) const;
  void record(NameView zone, const PastLosses& losses);
  void recordTurns(PastAnswers& past);
  std::chrono::steady_clock::time_point steadyTimeOf(WallTime committed) const;
  Attempt::Step admit(Attempt& attempt);
  Attempt::Step conclude(Attempt& attempt);
  Attempt::Step settle(Attempt& attempt);
  Status nameWhatGoes(Submission& submission);
  void pass(Batch& batch);
  void withdraw(Attempt& attempt) noexcept;
  void write(Record& record);
  void writeQueued(NameView forgotten);
  Status change(Result<ZoneChange> staged);
  void findIdleFloors(ZoneStatus& status) const;
  std::vector<std::shared_ptr<const Zone>> readyToPromote(const Keeping& keeping,
                                                          std::chrono::steady_clock::time_point now);
  void forgetOldLosses(std::chrono::steady_clock::time_point now);
  Result<CleanUpReport> cleanUp(const Name& zone, const Retention& retention);

  const std::unique_ptr<PlanStore> store_;
  const Clock clock_;
  std::vector<Error> loadProblems_;  // constant once open() returned

  std::map<Name, Serving> serving_;  // of the thread that calls tend()

  mutable std::mutex section_;
  std::mutex recording_;
  mutable std::mutex view_;
  std::condition_variable changed_;  // with view_: some attempt moved on, or a zone changed
  bool isPastKnown_ = false;         // with view_: the windows of losses are whole
  CommitPath path_;                  // guarded as its steps say
};

}  // namespace holdfast
