#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "zone/candidate.h"
#include "zone/plan_store.h"

namespace holdfast {

/// Counts the swaps of a publisher. A verdict says after which one its basis was taken.
using Edition = std::uint64_t;
using Monotonic = std::chrono::steady_clock::time_point;

struct FullPlans;

/// A line for the history that changes nothing: of a refusal or a superseded plan. It waits in a queue of its
/// own kind, so that queueing it needs no memory.
struct Record {
  Name zone;
  HistoryEntry entry;
  std::optional<Error> failed;  ///< why it could not be written
  bool isQueued = false;
  bool isWritten = false;  ///< it was tried, that is
  Record* next = nullptr;
};

/// A submission on its way from the caller to what is served. CommitPath moves it on; the caller owns it, and
/// it stays where it is until it is Done and its record is written.
struct Attempt {
  explicit Attempt(const Submission& wish);
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  enum class Step : std::uint8_t {
    Admit,    ///< to be admitted, for the first time or since its verdict no longer holds
    Waiting,  ///< for a newer plan of its zone, or for the turn of another; to be admitted again when woken
    Prepare,  ///< has its basis: to be compiled and judged, for as long as that takes
    Conclude,
    Ready,  ///< accepted: waits for the commit
    Done
  };

  /// Lets go of what it was judged against. Long work where that was the last to hold it: no lock.
  void letGo() noexcept {
    candidate = {};
    basis = {};
  }
  /// Leaves the full plans that it leads or waits among, if it does. Keeps them until it has: of a zone since
  /// forgotten it may be the last to hold them.
  void leavePlans() noexcept;

  const Submission& submission;
  const bool bringsAliases;  ///< CNAME or DNAME in what it brings
  /// A plan with the zone's whole content and a number of its own: of several waiting ones only the newest is
  /// wanted. Whoever names a base must be told whether that base still was the one.
  const bool isWholeAndNumbered;

  Step step = Step::Admit;
  unsigned lost = 0;                     ///< how often its verdict came too late
  std::vector<Snapshot::ZonePtr> zones;  ///< what is served as of the basis, until it is made of them
  Basis basis;
  Edition asOf = 0;         ///< of the basis
  bool hasAliases = false;  ///< in the zone before or after
  Candidate candidate;
  std::optional<Monotonic> patience;  ///< until when it lets others have their turn; none: it did not yet
  std::optional<Monotonic> wakeAt;    ///< while it waits: when to admit it again even if nothing happens
  std::shared_ptr<FullPlans> plans;   ///< where it leads or waits
  Record record;

  Outcome outcome;
  std::optional<Error> error;  ///< when Done: in place of the outcome
};

/// A commit's line in the history, or a refusal's.
HistoryEntry entryFor(const Submission& submission, const Outcome& outcome, Fate fate, WallTime at);

/// The full plans of one zone. One of them is compiled at a time. The newest of those waiting goes next; when
/// it is published, the older ones are superseded, and when it is not, the next newest goes. Who comes while
/// others wait is of the next round, so that no stream of newer plans keeps one waiting for ever.
struct FullPlans {
  Attempt* leader = nullptr;
  std::vector<Attempt*> round, later;

  /// True when it may go; else it is among the waiting ones. The caller notes in `plans` that it is in here.
  bool enter(Attempt& attempt);
  /// Takes it out, wherever it is; the next one leads. Its step is Admit then. Called by
  /// Attempt::leavePlans() only.
  void leave(Attempt& attempt) noexcept;
  /// Tells `tell` of each waiting plan older than `published`, and takes it out.
  template <class Tell>
  void supersede(Generation published, Tell tell) noexcept {
    for (std::vector<Attempt*>* waiting : {&round, &later})
      std::erase_if(*waiting, [&](Attempt* attempt) {
        if (attempt->outcome.generation >= published) return false;
        attempt->plans = nullptr;
        tell(*attempt);
        return true;
      });
  }
  bool isEmpty() const noexcept { return leader == nullptr && round.empty() && later.empty(); }
};

}  // namespace holdfast
