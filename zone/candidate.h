#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>

#include "zone/submission.h"
#include "zone/velocity.h"

namespace holdfast {

/// What a plan is compiled and judged against, copied so that the work needs no lock. Immutable.
struct Basis {
  std::unique_ptr<Snapshot> served;
  std::shared_ptr<const Zone> content;  ///< of the plan's zone; never null
  GuardPolicy policy;
  /// What stands in the plan's zone, at least as far back as keepOf() says; what is older is left out when it
  /// is judged.
  LossWindow losses;
  VelocityPolicy serverVelocity = defaultServerVelocity();
  Loss lately;        ///< what stands in the plan's zone within serverVelocity.per
  Loss elsewhere;     ///< what stands in all other zones within serverVelocity.per
  Loss elsewhereHas;  ///< what all other zones held have (capacityOf)
  std::chrono::steady_clock::time_point at = std::chrono::steady_clock::now();
  /// Compiling and judging must be over by then; the verdict is `timeout` where they are not.
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  Generation fence = 0;
  Generation committed = 0;
};

/// How far back a zone's losses must be kept for the two policies.
inline std::chrono::milliseconds keepOf(const VelocityPolicy& zone, const VelocityPolicy& server) noexcept {
  return std::max(zone.per, server.per);
}

/// A compiled candidate with the guard's verdict on it. Holds for the basis it was made from.
struct Candidate {
  std::shared_ptr<const Zone> zone;
  std::unique_ptr<Snapshot> snapshot;  ///< the basis with `zone` in it
  Verdict verdict;
  std::vector<Name> kept;           ///< endpoints in quarantine, which stay as they were
  std::vector<Reason> quarantined;  ///< why; of names that lose something by them too
  Diff diff;
  std::string change;  ///< for the store, where it is accepted and to be committed: encodeChange()
  /// When that was over, but for packing the change, which no time limit is for.
  std::chrono::steady_clock::time_point judged{};
};

/// Compiles, then judges, and packs what is accepted so that the commit only has to write it; a large plan is
/// judged and packed at once. Long work: called without any lock, on any thread.
Candidate makeCandidate(const Submission& submission, const Basis& basis, Generation generation, WallTime at);

}  // namespace holdfast
