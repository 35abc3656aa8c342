#include "zone/attempt.h"

#include <algorithm>
#include <utility>

namespace holdfast {

namespace {

bool hasAlias(const Submission& submission) noexcept {
  if (submission.restored) return hasAliases(*submission.restored);
  return submission.plan.sets && hasAliases(*submission.plan.sets);
}

}  // namespace

Attempt::Attempt(const Submission& wish)
    : submission(wish),
      bringsAliases(hasAlias(wish)),
      isWholeAndNumbered(wish.plan.kind == PlanKind::Full && !wish.plan.base && !wish.restored &&
                         !wish.dryRun) {}

void Attempt::leavePlans() noexcept {
  if (const std::shared_ptr<FullPlans> left = std::exchange(plans, nullptr)) left->leave(*this);
}

HistoryEntry entryFor(const Submission& submission, const Outcome& outcome, Fate fate, WallTime at) {
  HistoryEntry entry;
  entry.fate = fate;
  entry.generation = outcome.generation;
  entry.base = submission.plan.base.value_or(0);
  entry.serial = outcome.serial;
  entry.kind = submission.plan.kind;
  entry.source = submission.plan.source;
  entry.who = submission.caller.who;
  entry.reason = submission.reason;
  entry.digest = submission.digest;
  entry.at = at;
  entry.reasons = outcome.verdict.reasons;
  entry.overridden = outcome.verdict.overridden;
  entry.quarantined = outcome.quarantined;
  entry.restored = submission.restored ? submission.restored->generation() : 0;
  entry.namesAdded = outcome.diff.namesAdded;
  entry.namesRemoved = outcome.diff.namesRemoved;
  entry.namesChanged = outcome.diff.namesChanged;
  return entry;
}

bool FullPlans::enter(Attempt& attempt) {
  if (leader == nullptr) leader = &attempt;
  if (leader == &attempt) return true;
  if (!attempt.plans) later.push_back(&attempt);
  return false;
}

void FullPlans::leave(Attempt& attempt) noexcept {
  std::erase(round, &attempt);
  std::erase(later, &attempt);
  if (leader != &attempt) return;
  leader = nullptr;
  if (round.empty()) round.swap(later);
  const auto newest = std::max_element(round.begin(), round.end(), [](const Attempt* a, const Attempt* b) {
    return a->outcome.generation < b->outcome.generation;
  });
  if (newest == round.end()) return;
  leader = *newest;
  leader->step = Attempt::Step::Admit;
  round.erase(newest);
}

}  // namespace holdfast
