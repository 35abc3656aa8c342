#include "zone/candidate.h"

#include "zone/compile.h"

namespace holdfast {

Candidate makeCandidate(const Submission& submission, const Basis& basis, Generation generation,
                        WallTime at) {
  Candidate candidate;
  const Zone& before = *basis.content;
  const std::uint32_t serial = serialFor(generation, before.hasContent() ? &before : nullptr);
  candidate.zone = submission.restored ? restoreContent(before, *submission.restored, generation, serial, at)
                                       : compilePlan(before, submission.plan, generation, serial, at);
  candidate.snapshot = basis.served->with(candidate.zone);
  candidate.losses = lossesBetween(before, *candidate.zone);
  const VelocityCase velocity{candidate.losses,     basis.losses,    basis.at,
                              basis.serverVelocity, basis.elsewhere, basis.elsewhereHas};
  candidate.verdict =
      judge({*basis.served, *candidate.snapshot, submission.plan.zone, submission.plan, basis.policy,
             submission.overrides, !submission.reason.empty(), at, &velocity, basis.deadline});
  candidate.diff = diffZones(before, *candidate.zone, submission.diffLimit);
  return candidate;
}

}  // namespace holdfast
