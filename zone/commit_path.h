#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <utility>

#include "zone/velocity_ledger.h"
#include "zone/zone_state.h"

namespace holdfast {

/// What one passage of the critical section commits and swaps in: everything that it needs is there before
/// the commit, so that after it nothing can fail (I11).
struct Batch {
  struct Part {
    Attempt* attempt = nullptr;
    ZoneState* state = nullptr;
    HistoryEntry entry;
    std::shared_ptr<const Zone> content;
  };
  std::vector<Part> parts;
  std::unique_ptr<Snapshot> next;
  bool isEmpty() const noexcept { return parts.empty(); }
};

/// A batch that the store has made durable. Only CommitPath::commit makes one, and only such a one can be
/// published: committed before served (I7).
class Durable {
 public:
  Durable(Durable&&) noexcept = default;

 private:
  friend class CommitPath;
  Durable(Batch& batch, Monotonic since) noexcept : batch_(&batch), since_(since) {}
  Batch* batch_;
  Monotonic since_;  // when the store had it
};

/// A change of a zone other than by a plan, on the same way: staged, written, applied.
struct ZoneChange {
  ZoneState* state = nullptr;                  ///< never null once staged
  std::map<Name, ZoneState>::node_type added;  ///< owns `state` where the zone was not known
  StoredZone stored;                           ///< as it is to be
  HistoryEntry event;
  std::optional<GuardPolicy> policy;    ///< none: it stays
  std::shared_ptr<const Zone> content;  ///< none: it stays
  std::unique_ptr<Snapshot> next;       ///< none: what is served stays
  bool forgets = false;
  Monotonic durableSince{};  ///< once written
};

/// A zone as the store has it, and what can be served of it: perhaps without content, never null.
struct LoadedZone {
  StoredZone stored;
  std::shared_ptr<const Zone> content;
};

/// What the explorer of interleavings breaks on purpose to be seen to notice. Nothing else makes one that
/// differs from the default.
struct CommitFaults {
  bool skipsFence = false, skipsValidity = false, cleansByAge = false, swapsBeforeCommit = false;
};

/// The way of a plan to what is served, in steps, without threads and locks of its own: Publisher calls them
/// from many threads, the explorer of interleavings from one, in every order that two locks allow.
///
///   the section   one at a time, over choose - commit - publish, and over stage - write - apply of a zone
///   the view      one at a time, for a moment; every step but prepare, commit, write and cleanUp
///
/// What is committed is changed under both, so either suffices to read it. The section is held while the disk
/// works, the view never: admissions and status do not wait for it. Each step says what it needs.
class CommitPath {
 public:
  using Clock = std::function<WallTime()>;
  struct SwapStats {
    /// From the return of the durable write to when a query that begins gets the new snapshot.
    std::atomic<std::uint64_t> swaps{0}, micros{0}, longestMicros{0};
  };

  CommitPath(PlanStore& store, Clock clock, const CommitFaults& faults = {});

  // A plan, from top to bottom.

  /// Gives the attempt its basis, lets it wait for others, or refuses what is stale already. View.
  void admit(Attempt& attempt, Monotonic now);
  /// Compiles and judges, within what is left of the zone's time limit (I10). Long work, no lock.
  void prepare(Attempt& attempt) const;
  /// Settles what needs no commit: a refusal, a dry run, a verdict that no longer holds. Else it is Ready.
  /// View.
  void conclude(Attempt& attempt);
  /// Takes of the Ready ones all that can be committed at once: fence (I1), verdict still valid, one per
  /// zone, and none that matters to another. The rest is refused, prepared again or stays Ready. When it
  /// throws, nothing is lost. Section and view.
  Batch choose(Monotonic now);
  /// Makes the batch durable, all of it or nothing (I7). Section.
  Result<Durable> commit(Batch& batch);
  /// Swaps it in and tells everybody concerned. Section and view.
  void publish(Durable durable) noexcept;
  /// Tells everybody concerned that the store could not. Section and view.
  void fail(Batch& batch, const Error& error);
  /// Takes an attempt out that its caller gives up, in any step but within a batch. View.
  void withdraw(Attempt& attempt) noexcept;

  /// Whether the attempt must let another's turn pass: it was overtaken too often, and goes next. View.
  bool yields(Attempt& attempt, Monotonic now) const;

  // Refusals and superseded plans, written outside of both locks, in order.

  /// A refusal of what is not even a plan. View. False, and nothing is queued, where the zone is not held.
  bool refuse(Record& record);
  /// The queued ones, first come first; the caller has to write them. View.
  Record* takeRecords() noexcept;

  // Zones. Staging and writing: section. Applying: section and view.

  Result<ZoneChange> stageAdd(NameView zone, const Caller& caller);
  Result<ZoneChange> stageRemoval(NameView zone, const std::string& reason, bool forget,
                                  const Caller& caller);
  Result<ZoneChange> stageFreeze(NameView zone, std::optional<std::string> reason, const Caller& caller,
                                 const std::string& thawedFor);
  Status write(ZoneChange& change);
  void apply(ZoneChange& change) noexcept;
  /// In force from now on, or from when the zone is added. Section and view.
  void setPolicy(NameView zone, const GuardPolicy& policy);
  void setServerVelocity(const VelocityPolicy& policy);
  void setListed(std::size_t reasons, std::size_t warnings) noexcept;
  /// Before the first submission: holds what the store has.
  void load(std::vector<LoadedZone> zones);
  /// Before the first submission: what a commit of the past took or gave. `at` may lie before the start.
  /// Section and view.
  void replayLosses(NameView zone, const Losses& losses, Monotonic at);

  /// What is needed of the zone's history, beside what the store itself knows to keep (I5): what is committed
  /// and what is pinned. Section.
  std::vector<Generation> inUse(NameView zone) const;
  /// Keeps a generation from being cleaned up while a rollback to it is under way. Section.
  void pin(NameView zone, Generation generation);
  void unpin(NameView zone, Generation generation) noexcept;
  /// Windows that hold what is too old for anybody to ask for, and putting them back without it. The work
  /// between is long and needs no lock; a zone that was committed to meanwhile is left as it is. View.
  struct OldLosses {
    Name zone;
    LossWindow window;
    Monotonic oldest;  ///< of what may be asked for
    Edition asOf;
  };
  std::vector<OldLosses> oldLosses(Monotonic now) const;
  /// What was there is in `trimmed` then, to be let go of outside.
  void putTrimmed(OldLosses& trimmed) noexcept;

  /// Removes what retention no longer keeps, a bounded piece. Section.
  Result<CleanUpReport> cleanUp(NameView zone, const Retention& retention, WallTime now);

  // Reading. View or section.

  /// nullptr where the zone is not held.
  const ZoneState* find(NameView zone) const;
  /// Those that were removed too.
  const std::map<Name, ZoneState>& zones() const noexcept { return zones_; }
  ZoneStatus statusOf(const ZoneState& state) const;
  std::size_t waitingForCommit() const noexcept { return ready_.size(); }
  /// Whether the verdict on the attempt still counts.
  bool holds(const Attempt& attempt, const ZoneState& own) const noexcept;
  const VelocityLedger& losses() const noexcept { return losses_; }

  // Any thread, no lock.

  const RcuPointer<Snapshot>& snapshot() const noexcept { return snapshot_; }
  const ReclaimStats& reclaimStats() const noexcept { return reclaim_; }
  const SwapStats& swapStats() const noexcept { return swaps_; }

 private:
  ZoneState* stateOf(NameView zone);
  bool mayGo(Attempt& attempt, ZoneState& state);
  void setBasis(Attempt& attempt, const ZoneState& state, Monotonic now);
  void fence(const Submission& submission, const ZoneState& state, Verdict& verdict) const;
  bool mayMatter(const Attempt& a, const Attempt& b) const;
  void again(Attempt& attempt);
  void refuse(Attempt& attempt, ZoneState& state, Verdict verdict);
  void fail(Attempt& attempt, Error error);
  void finish(Attempt& attempt) noexcept;
  void queue(Record& record) noexcept;
  static void note(ZoneState& state, const HistoryEntry& refusal);

  std::optional<Reason> overServerLimit(const Attempt& attempt, const ZoneState& state, Monotonic now,
                                        const Loss& batch);
  bool fits(const Batch& batch, const Attempt& attempt, const ZoneState& state, Monotonic now);
  void add(Batch& batch, Attempt& attempt, ZoneState& state);
  void setNext(Batch& batch);
  Status takeBackDoubted(const Batch& batch);
  Status takeBack(ZoneState& state);
  void doubt(ZoneState& state, bool withAliases) noexcept;
  void setContent(ZoneState& state, std::shared_ptr<const Zone> content) noexcept;
  void forget(ZoneState& state) noexcept;
  void supersedeOlder(ZoneState& state, Generation published) noexcept;
  void swapIn(std::unique_ptr<Snapshot> next, Monotonic durableSince) noexcept;

  PlanStore& store_;
  const Clock clock_;
  const CommitFaults faults_;
  ReclaimStats reclaim_;
  SwapStats swaps_;
  RcuPointer<Snapshot> snapshot_;

  // Changed under section and view.
  std::map<Name, ZoneState> zones_;
  std::map<Name, GuardPolicy> policies_;  // of zones not held too, for when they are added
  GuardPolicy ofOthers_;                  // of zones that no policy was set for
  std::list<ZoneState*> byChange_;        // the one that changed last comes first
  Edition edition_ = 0;                   // counts swaps and changes of rules
  Edition allRules_ = 0;                  // older verdicts count no more, of whatever zone
  VelocityLedger losses_;
  VelocityPolicy serverVelocity_ = defaultServerVelocity();
  Loss has_;  // what all zones held have

  // Section.
  std::multimap<Name, Generation> pins_;
  std::size_t doubted_ = 0;  // zones

  // View.
  std::vector<Attempt*> ready_;  // in the order they came
  std::vector<Attempt*> turns_;  // overtaken too often, in the order they asked
  Record* firstRecord_ = nullptr;
  Record* lastRecord_ = nullptr;
};

}  // namespace holdfast
