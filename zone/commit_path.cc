// The steps of a plan before the critical section: admit, prepare, conclude, and what ends its way early.
#include "zone/commit_path.h"

#include <algorithm>

#include "zone/compile.h"

namespace holdfast {

namespace {

/// So often a verdict may come too late before its plan gets a turn: until it is settled, new plans of zones
/// that could matter to it wait, so that it cannot be overtaken for ever.
constexpr unsigned kTriesBeforeTurn = 2;

}  // namespace

CommitPath::CommitPath(PlanStore& store, Clock clock, const CommitFaults& faults)
    : store_(store), clock_(std::move(clock)), faults_(faults), snapshot_(std::make_unique<Snapshot>()) {}

void CommitPath::admit(Attempt& attempt, Monotonic now) {
  const Submission& submission = attempt.submission;
  ZoneState* state = stateOf(submission.plan.zone);
  if (state == nullptr) return fail(attempt, notHeld(submission.plan.zone));
  const Result<Generation> generation =
      generationFor(submission.plan, state->stored.committed, state->stored.fence);
  if (!generation) return fail(attempt, generation.error());
  attempt.outcome.generation = *generation;
  if (!submission.dryRun) state->planned = std::max(state->planned, *generation);

  // Sparing the work for what is stale already; choose() is what counts.
  Verdict fenced;
  fence(submission, *state, fenced);
  if (!fenced.accepted() && !submission.dryRun) return refuse(attempt, *state, std::move(fenced));

  attempt.step = Attempt::Step::Waiting;
  attempt.wakeAt.reset();
  if (attempt.isWholeAndNumbered && !mayGo(attempt, *state)) return;
  if (yields(attempt, now)) {
    attempt.wakeAt = attempt.patience;
    return;
  }
  setBasis(attempt, *state, now);
  attempt.step = Attempt::Step::Prepare;
}

/// Whether no other full plan of the zone is on its way. Else it waits, and may be superseded: what then
/// stands in the history is made here, because then nothing may need memory.
bool CommitPath::mayGo(Attempt& attempt, ZoneState& state) {
  if (attempt.plans != state.plans) attempt.leavePlans();  // of a zone since forgotten
  if (state.plans->leader != nullptr && state.plans->leader != &attempt && !attempt.plans) {
    attempt.record.zone = state.stored.apex;
    attempt.record.entry = entryFor(attempt.submission, attempt.outcome, Fate::Superseded, clock_());
  }
  const bool goes = state.plans->enter(attempt);
  attempt.plans = state.plans;
  return goes;
}

void CommitPath::setBasis(Attempt& attempt, const ZoneState& state, Monotonic now) {
  const NameView zone = state.stored.apex;
  Basis& basis = attempt.basis;
  {
    const ReadSection section;
    const auto zones = snapshot_.read(section).zones();
    attempt.zones.assign(zones.begin(), zones.end());
  }
  attempt.asOf = edition_;
  basis.content = state.content;
  basis.policy = state.policy;
  basis.fence = state.stored.fence;
  basis.committed = state.stored.committed;
  basis.at = now;
  basis.serverVelocity = serverVelocity_;
  basis.losses = losses_.of(zone);
  const VelocityLedger::Lately lately = losses_.lately(zone, now);
  basis.lately = lately.here;
  basis.elsewhere = lately.elsewhere;
  basis.elsewhereHas = has_ - capacityOf(state.content->facts());
}

namespace {

void refuseAsLate(Attempt& attempt) {
  std::vector<Reason>& reasons = attempt.candidate.verdict.reasons;
  const auto isTimeout = [](const Reason& reason) { return reason.rule == Rule::Timeout; };
  if (std::any_of(reasons.begin(), reasons.end(), isTimeout)) return;
  const std::string limit = std::to_string(attempt.basis.policy.timeout.count()) + " ms";
  reasons.push_back(
      {Rule::Timeout, attempt.submission.plan.zone.text(), "", "over " + limit, limit,
       "compiling and judging took too long: split the plan or raise guard.timeout of the zone"});
}

}  // namespace

void CommitPath::prepare(Attempt& attempt) const {
  const Monotonic begun = std::chrono::steady_clock::now();
  Basis& basis = attempt.basis;
  basis.served = std::make_unique<Snapshot>(std::move(attempt.zones));
  basis.deadline = begun + basis.policy.timeout - attempt.outcome.judged;
  // What earlier tries have used up is not to be had again.
  if (begun < basis.deadline)
    attempt.candidate = makeCandidate(attempt.submission, basis, attempt.outcome.generation, clock_());
  const Monotonic judged = std::max(begun, attempt.candidate.judged);
  if (judged >= basis.deadline) refuseAsLate(attempt);
  const Zone* candidate = attempt.candidate.zone.get();
  attempt.hasAliases = hasAliases(*basis.content) || (candidate != nullptr && hasAliases(*candidate));
  attempt.outcome.judged += std::chrono::duration_cast<std::chrono::microseconds>(judged - begun);
  attempt.step = Attempt::Step::Conclude;
}

void CommitPath::conclude(Attempt& attempt) {
  const Submission& submission = attempt.submission;
  Outcome& outcome = attempt.outcome;
  ZoneState* state = stateOf(submission.plan.zone);
  if (state == nullptr) return fail(attempt, notHeld(submission.plan.zone));
  Verdict fenced;
  fence(submission, *state, fenced);
  if (!fenced.accepted() && !submission.dryRun) return refuse(attempt, *state, std::move(fenced));
  // A dry run tells what would be, of what was committed when it began.
  if (!submission.dryRun && !holds(attempt, *state)) return again(attempt);

  outcome.diff = std::move(attempt.candidate.diff);
  outcome.kept = std::move(attempt.candidate.kept);
  outcome.quarantined = std::move(attempt.candidate.quarantined);
  outcome.serial = attempt.candidate.zone ? attempt.candidate.zone->serial() : 0;
  Verdict& verdict = attempt.candidate.verdict;
  verdict.reasons.insert(verdict.reasons.begin(), fenced.reasons.begin(), fenced.reasons.end());
  if (!verdict.accepted()) return refuse(attempt, *state, std::move(verdict));
  outcome.verdict = std::move(verdict);
  outcome.committed = state->stored.committed;
  if (submission.dryRun) {
    outcome.kind = Outcome::Kind::Accepted;
    return finish(attempt);
  }
  ready_.push_back(&attempt);
  attempt.step = Attempt::Step::Ready;
}

void CommitPath::fence(const Submission& submission, const ZoneState& state, Verdict& verdict) const {
  if (faults_.skipsFence) return;
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
  else if (plan.kind == PlanKind::Delta &&
           (!state.content->hasContent() || state.content->generation() != committed))
    add(Rule::BaseMismatch, "a delta to generation " + std::to_string(committed), "a full plan",
        "the content that the delta changes is not there: send a full plan");
  std::optional<Generation> asked = plan.generation;
  if (!asked && !plan.base && plan.soaSerial && state.stored.fence > 0) asked = *plan.soaSerial;
  if (asked && *asked <= state.stored.fence)
    add(Rule::StaleGeneration, std::to_string(*asked), "above " + std::to_string(state.stored.fence),
        "generation " + std::to_string(state.stored.fence) +
            (state.stored.fence == committed ? " is committed already" : " was committed before"));
  if (plan.expires && *plan.expires <= clock_())
    add(Rule::Expired, toText(clock_()), "before " + toText(*plan.expires),
        "the plan has expired: make a new one");
  if (state.stored.frozen && submission.caller.automation)
    add(Rule::Frozen, "automation", "people with a reason",
        "the zone is frozen (" + *state.stored.frozen + "): thaw it, or submit with a reason");
}

/// A verdict holds while nothing that it could depend on has changed: its own zone's content and rules, the
/// content of a zone above or below, and of any zone where aliases, on either side, may lead across.
bool CommitPath::holds(const Attempt& attempt, const ZoneState& own) const noexcept {
  if (faults_.skipsValidity) return true;
  const Edition asOf = attempt.asOf;
  if (own.changed > asOf || own.changedRules > asOf || allRules_ > asOf) return false;
  for (const ZoneState* other : byChange_) {
    if (other->changed <= asOf) break;
    if (attempt.hasAliases || other->changedAliases > asOf || isNested(own.stored.apex, other->stored.apex))
      return false;
  }
  return true;
}

/// As holds(), of two plans that are not compiled yet.
bool CommitPath::mayMatter(const Attempt& a, const Attempt& b) const {
  const Name& zoneA = a.submission.plan.zone;
  const Name& zoneB = b.submission.plan.zone;
  if (isNested(zoneA, zoneB) || a.bringsAliases || b.bringsAliases) return true;
  for (const Name* zone : {&zoneA, &zoneB})
    if (const ZoneState* state = find(*zone); state != nullptr && hasAliases(*state->content)) return true;
  return false;
}

bool CommitPath::yields(Attempt& attempt, Monotonic now) const {
  if (attempt.submission.dryRun) return false;
  for (const Attempt* turn : turns_) {
    if (turn == &attempt) return false;  // those that asked before it do not matter to it
    if (!mayMatter(*turn, attempt)) continue;
    const ZoneState* state = find(attempt.submission.plan.zone);
    if (state == nullptr) return false;
    if (!attempt.patience) attempt.patience = now + state->policy.timeout;
    return now < *attempt.patience;
  }
  return false;
}

void CommitPath::again(Attempt& attempt) {
  const bool hasTurn = std::find(turns_.begin(), turns_.end(), &attempt) != turns_.end();
  if (attempt.lost + 1 >= kTriesBeforeTurn && !hasTurn) turns_.push_back(&attempt);
  ++attempt.lost;
  std::erase(ready_, &attempt);
  attempt.step = Attempt::Step::Admit;
}

void CommitPath::refuse(Attempt& attempt, ZoneState& state, Verdict verdict) {
  attempt.outcome.verdict = std::move(verdict);
  attempt.outcome.kind = Outcome::Kind::Refused;
  attempt.outcome.committed = state.stored.committed;
  if (!attempt.submission.dryRun) {
    attempt.record.zone = state.stored.apex;
    attempt.record.entry = entryFor(attempt.submission, attempt.outcome, Fate::Refused, clock_());
    note(state, attempt.record.entry);
    queue(attempt.record);
  }
  finish(attempt);
}

bool CommitPath::refuse(Record& record) {
  ZoneState* state = stateOf(record.zone);
  if (state == nullptr) return false;
  record.entry.at = clock_();
  note(*state, record.entry);
  queue(record);
  return true;
}

void CommitPath::note(ZoneState& state, const HistoryEntry& refusal) {
  state.lastRefusal = std::make_shared<const HistoryEntry>(refusal);
  std::array<bool, kRules> seen{};
  for (const Reason& reason : refusal.reasons) seen[static_cast<std::size_t>(reason.rule)] = true;
  for (std::size_t i = 0; i < kRules; ++i) state.refusals[i] += seen[i] ? 1 : 0;
}

void CommitPath::queue(Record& record) noexcept {
  record.isQueued = true;
  (lastRecord_ == nullptr ? firstRecord_ : lastRecord_->next) = &record;
  lastRecord_ = &record;
}

Record* CommitPath::takeRecords() noexcept {
  lastRecord_ = nullptr;
  return std::exchange(firstRecord_, nullptr);
}

void CommitPath::fail(Attempt& attempt, Error error) {
  attempt.error = std::move(error);
  finish(attempt);
}

void CommitPath::finish(Attempt& attempt) noexcept {
  withdraw(attempt);
  attempt.step = Attempt::Step::Done;
}

void CommitPath::withdraw(Attempt& attempt) noexcept {
  std::erase(ready_, &attempt);
  std::erase(turns_, &attempt);
  attempt.leavePlans();
}

}  // namespace holdfast
