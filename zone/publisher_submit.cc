// How a plan becomes what is served. Long work is done first, without the lock, against a copy of what is
// committed; decide() is the critical section, and the only place where generations are compared, committed
// and swapped.
#include <algorithm>

#include "zone/compile.h"
#include "zone/publisher.h"

namespace holdfast {

namespace {

/// How often a candidate is compiled and judged anew outside the lock, because another plan was faster,
/// before it is done inside, where nobody can be.
constexpr int kOptimisticTries = 2;

HistoryEntry entryFor(const Submission& submission, const Outcome& outcome, WallTime at) {
  HistoryEntry entry;
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

class Stopwatch {
 public:
  std::chrono::microseconds elapsed() const {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begun_);
  }

 private:
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

Error notHeld(NameView zone) {
  return {ErrorKind::NotFound, toText(zone),
          "is not held: add it with PUT /v1/zones/ZONE or zonectl zone add"};
}

}  // namespace

Basis Publisher::basisOf(const ZoneState& state) {
  const ReadSection section;
  const auto zones = snapshot_.read(section).zones();
  Basis basis;
  basis.served = std::make_unique<Snapshot>(std::vector<Snapshot::ZonePtr>(zones.begin(), zones.end()));
  basis.content = state.content;
  basis.policy = state.policy;
  basis.fence = state.stored.fence;
  basis.committed = state.stored.committed;
  basis.serverVelocity = serverVelocity_;
  basis.losses =
      losses_.standing(state.stored.apex, basis.at, keepOf(state.policy.velocity, serverVelocity_));
  basis.elsewhere = losses_.elsewhere(state.stored.apex, basis.at, serverVelocity_.per);
  for (const auto& zone : zones)
    if (zone->apex() != state.stored.apex) basis.elsewhereHas += capacityOf(zone->facts());
  return basis;
}

Candidate Publisher::prepare(const Submission& submission, const Basis& basis, Outcome& outcome) const {
  const Stopwatch watch;
  Candidate candidate = makeCandidate(submission, basis, outcome.generation, clock_());
  outcome.judged += watch.elapsed();
  return candidate;
}

Result<Outcome> Publisher::submit(const Submission& submission) {
  const NameView zone = submission.plan.zone;
  for (int tries = 0;; ++tries) {
    Outcome outcome;
    Basis basis;
    Prepared prepared;
    {
      const std::lock_guard lock(mutex_);
      ZoneState* state = find(zone);
      if (state == nullptr) return notHeld(zone);
      basis = basisOf(*state);
      prepared.edition = edition_;
      const Result<Generation> generation = generationFor(submission.plan, basis.committed, basis.fence);
      if (!generation) return generation.error();
      outcome.generation = *generation;
      if (!submission.dryRun) state->planned = std::max(state->planned, *generation);
      // Sparing the work for what is stale already; decide() is what counts.
      fence(submission, *state, outcome.verdict);
      if (!outcome.verdict.accepted() && !submission.dryRun)
        return refused(submission, *state, std::move(outcome));
      outcome.verdict = {};
    }
    prepared.candidate = prepare(submission, basis, outcome);
    const std::lock_guard lock(mutex_);
    ZoneState* state = find(zone);
    if (state == nullptr) return notHeld(zone);
    if (prepared.edition != edition_ && tries + 1 < kOptimisticTries) continue;
    return decide(submission, *state, std::move(prepared), std::move(outcome));
  }
}

/// The critical section. REQUIRES: mutex_ is held.
Result<Outcome> Publisher::decide(const Submission& submission, ZoneState& state, Prepared prepared,
                                  Outcome outcome) {
  // Fence (I1): compared here, with what is committed at this moment, however fresh it was when it came.
  Verdict fenced;
  fence(submission, state, fenced);
  if (!fenced.accepted() && !submission.dryRun) {
    outcome.verdict = std::move(fenced);
    return refused(submission, state, std::move(outcome));
  }

  // Guard: a verdict holds for what it was judged against, so one that others overtook is made anew.
  Candidate candidate = std::move(prepared.candidate);
  if (prepared.edition != edition_) {
    const Result<Generation> generation =
        generationFor(submission.plan, state.stored.committed, state.stored.fence);
    if (!generation) return generation.error();
    outcome.generation = *generation;
    candidate = prepare(submission, basisOf(state), outcome);
  }
  outcome.verdict = std::move(candidate.verdict);
  outcome.verdict.reasons.insert(outcome.verdict.reasons.begin(), fenced.reasons.begin(),
                                 fenced.reasons.end());
  outcome.diff = std::move(candidate.diff);
  outcome.quarantined = std::move(candidate.quarantined);
  outcome.serial = candidate.zone->serial();
  if (!outcome.verdict.accepted()) return refused(submission, state, std::move(outcome));
  outcome.committed = state.stored.committed;
  if (submission.dryRun) {
    outcome.kind = Outcome::Kind::Accepted;
    return outcome;
  }

  LossWindow losses = losses_
                          .standing(state.stored.apex, std::chrono::steady_clock::now(),
                                    keepOf(state.policy.velocity, serverVelocity_))
                          .with(candidate.losses, std::chrono::steady_clock::now());

  // Commit (I7): durable before the first client can see it.
  outcome.kind = Outcome::Kind::Published;
  HistoryEntry entry = entryFor(submission, outcome, candidate.zone->committedAt());
  entry.fate = Fate::Committed;
  const Stopwatch watch;
  const std::array<ZoneCommit, 1> commits{{{entry, *state.content, candidate.zone}}};
  if (Status committed = store_->commit(commits); !committed) return std::move(committed).error();
  outcome.durable = watch.elapsed();

  // Swap: from here on nothing can fail (I11).
  losses_.put(state.stored.apex, std::move(losses));
  state.stored.fence = state.stored.committed = outcome.committed = outcome.generation;
  state.content = std::move(candidate.zone);
  ++state.published;
  state.warnings += outcome.verdict.warnings.size() + outcome.verdict.unlistedWarnings;
  swap(std::move(candidate.snapshot));
  return outcome;
}

void Publisher::fence(const Submission& submission, const ZoneState& state, Verdict& verdict) const {
  const Plan& plan = submission.plan;
  const std::string zone = toText(state.stored.apex);
  const auto add = [&](Rule rule, std::string observed, std::string limit, std::string detail) {
    verdict.reasons.push_back({rule, zone, "", std::move(observed), std::move(limit), std::move(detail)});
  };
  const Generation committed = state.stored.committed;
  if (plan.base && *plan.base != committed)
    add(Rule::BaseMismatch, std::to_string(*plan.base), std::to_string(committed),
        "the plan was made from generation " + std::to_string(*plan.base) + ", but " +
            std::to_string(committed) + " is committed: make it anew from that");
  else if (plan.kind == PlanKind::Delta && !state.content->hasContent())
    add(Rule::BaseMismatch, "a delta to generation " + std::to_string(committed), "a full plan",
        "the content that the delta changes is not there: send a full plan");
  std::optional<Generation> asked = plan.generation;
  if (!asked && !plan.base && plan.soaSerial && state.stored.fence > 0) asked = *plan.soaSerial;
  if (asked && *asked <= state.stored.fence)
    add(Rule::StaleGeneration, std::to_string(*asked), "above " + std::to_string(state.stored.fence),
        "a plan of generation " + std::to_string(state.stored.fence) + " is committed already");
  if (plan.expires && *plan.expires <= clock_())
    add(Rule::Expired, toText(clock_()), "before " + toText(*plan.expires),
        "the plan has expired: make a new one");
  if (state.stored.frozen && submission.caller.automation)
    add(Rule::Frozen, "automation", "people with a reason",
        "the zone is frozen (" + *state.stored.frozen + "): thaw it, or submit with a reason");
}

Outcome Publisher::refused(const Submission& submission, ZoneState& state, Outcome outcome) {
  outcome.kind = Outcome::Kind::Refused;
  outcome.committed = state.stored.committed;
  if (!submission.dryRun) recordRefusal(state, entryFor(submission, outcome, clock_()), outcome);
  return outcome;
}

void Publisher::recordRefusal(ZoneState& state, HistoryEntry entry, Outcome& outcome) {
  std::array<bool, kRules> seen{};
  for (const Reason& reason : outcome.verdict.reasons) seen[static_cast<std::size_t>(reason.rule)] = true;
  for (std::size_t i = 0; i < kRules; ++i) state.refusals[i] += seen[i] ? 1 : 0;
  if (Status recorded = store_->record(state.stored.apex, entry); !recorded)
    outcome.unrecorded = std::move(recorded).error();
  state.lastRefusal = std::move(entry);
}

Outcome Publisher::refuse(NameView zone, const Caller& caller, std::string digest, const Error& error,
                          bool dryRun) {
  const bool unreadable = error.kind == ErrorKind::Unreadable;
  Outcome outcome;
  outcome.malformed = error.kind == ErrorKind::Malformed || error.kind == ErrorKind::TooLarge || unreadable;
  outcome.verdict.reasons.push_back({unreadable ? Rule::Unreadable : Rule::Invalid, toText(zone), "",
                                     error.where.empty() ? error.what : error.where,
                                     unreadable ? "a whole, readable document" : "a well-formed plan",
                                     error.text()});
  const std::lock_guard lock(mutex_);
  ZoneState* state = find(zone);
  if (state == nullptr) return outcome;
  outcome.committed = state->stored.committed;
  if (dryRun) return outcome;
  HistoryEntry entry;
  entry.who = caller.who;
  entry.digest = std::move(digest);
  entry.at = clock_();
  entry.reasons = outcome.verdict.reasons;
  recordRefusal(*state, std::move(entry), outcome);
  return outcome;
}

}  // namespace holdfast
