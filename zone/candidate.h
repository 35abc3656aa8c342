#pragma once

#include <memory>

#include "zone/submission.h"
#include "zone/velocity.h"

namespace holdfast {

/// What a plan is compiled and judged against, copied so that the work needs no lock. Immutable.
struct Basis {
  std::unique_ptr<Snapshot> served;
  std::shared_ptr<const Zone> content;  ///< of the plan's zone; never null
  GuardPolicy policy;
  std::shared_ptr<const Losses> losses;  ///< of the plan's zone within its window; may be null: none
  Generation fence = 0;
  Generation committed = 0;
};

/// A compiled candidate with the guard's verdict on it. Holds for the basis it was made from.
struct Candidate {
  std::shared_ptr<const Zone> zone;
  std::unique_ptr<Snapshot> snapshot;  ///< the basis with `zone` in it
  Verdict verdict;
  std::vector<Reason> quarantined;  ///< why these endpoints stay as they were
  Losses losses;                    ///< what it takes away from endpoints, or gives back
  Diff diff;
};

/// Compiles and judges, in that order. Long work: called without any lock, on any thread.
Candidate makeCandidate(const Submission& submission, const Basis& basis, Generation generation, WallTime at);

}  // namespace holdfast
