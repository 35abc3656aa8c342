#include "zone/candidate.h"

#include <set>
#include <stop_token>

#include "zone/compile.h"
#include "zone/parallel.h"
#include "zone/store_codec.h"

namespace holdfast {

namespace {

/// All that a candidate is made from, and by when.
struct Work {
  const Submission& submission;
  const Basis& basis;
  const LossWindow& lost;
  Generation generation;
  WallTime at;
  std::chrono::steady_clock::time_point deadline;
};

/// So large a plan is worth another thread to pack it on.
constexpr std::size_t kManyNames = 20'000;

bool isLarge(const Submission& submission) noexcept {
  const Zone* brought = submission.restored ? submission.restored.get() : submission.plan.sets.get();
  return brought != nullptr && brought->names().size() > kManyNames;
}

/// Compares the candidate's zone with what is there, and says what it comes to.
NodeChanges compare(const Work& work, Candidate& candidate) {
  const Submission& submission = work.submission;
  std::vector<Diff> parts(NameTable::kShares);
  NodeChanges changes(
      work.basis.content->names(), candidate.zone->names(), isLarge(submission),
      [&](std::size_t number, const NodeChanges::Part& part) { parts[number] = summaryOf(part.changes); });
  candidate.diff = joined(parts, changes, submission.diffLimit);
  return changes;
}

/// Judges the candidate and packs it for the store. What turns out to be refused is not packed on.
void judgeAndPack(const Work& work, std::span<const Name> kept, const NodeChanges& changes,
                  Candidate& candidate) {
  const Submission& submission = work.submission;
  const Basis& basis = work.basis;
  const VelocityCase velocity{work.lost,    basis.at,        basis.serverVelocity,
                              basis.lately, basis.elsewhere, basis.elsewhereHas};
  const Case judged{*basis.served,
                    *candidate.snapshot,
                    changes,
                    submission.plan.zone,
                    submission.plan,
                    basis.policy,
                    submission.overrides,
                    !submission.reason.empty(),
                    work.at,
                    &velocity,
                    work.deadline,
                    kept};
  std::stop_source unwanted;
  if (submission.dryRun) unwanted.request_stop();
  const auto step = [&](std::size_t which) {
    if (which == 0) {
      candidate.verdict = judge(judged);
      candidate.judged = std::chrono::steady_clock::now();
      if (!candidate.verdict.accepted() || candidate.judged >= work.deadline) unwanted.request_stop();
    } else if (!unwanted.stop_requested()) {
      candidate.change = encodeChange(*basis.content, *candidate.zone, changes, unwanted.get_token());
    }
  };
  inParallel(2, isLarge(submission), step);
  if (unwanted.stop_requested()) candidate.change.clear();
}

/// Compiles and judges with the owners in `kept` left as they are.
Candidate attempt(const Work& work, std::span<const Name> kept) {
  const auto& [submission, basis, lost, generation, at, deadline] = work;
  Candidate candidate;
  const Zone& before = *basis.content;
  const std::uint32_t serial = serialFor(generation, before.hasContent() ? &before : nullptr);
  const CompileOptions options{deadline, kept};
  candidate.zone = submission.restored
                       ? restoreContent(before, *submission.restored, generation, serial, at, options)
                       : compilePlan(before, submission.plan, generation, serial, at, options);
  if (!candidate.zone) {
    candidate.zone = basis.content;
    candidate.snapshot = basis.served->with(candidate.zone);
    candidate.verdict.reasons.push_back(timeoutReason(submission.plan.zone, basis.policy));
    candidate.judged = std::chrono::steady_clock::now();
    return candidate;
  }
  candidate.snapshot = basis.served->with(candidate.zone);
  judgeAndPack(work, kept, compare(work, candidate), candidate);
  return candidate;
}

/// Whether a finding is about one endpoint and not about the plan or the zone as a whole.
bool isOfOneEndpoint(const Reason& reason) noexcept {
  switch (reason.rule) {
    case Rule::EmptyAnswer:
    case Rule::Vanished:
    case Rule::Floor:
    case Rule::Ttl:
    case Rule::BogusTarget:
      return true;
    case Rule::Velocity:
      return reason.code == "endpoint";
    default:
      return false;
  }
}

/// Whether the plan changes what the name itself holds. False too for what holds the zone together: its apex,
/// cuts and DNAMEs stay or change with the plan as a whole.
bool isChangedEndpoint(const Zone& before, const Zone& after, const Name& name) {
  if (name == Name(after.apex())) return false;
  const NodeView old = before.hasContent() ? before.find(name) : NodeView();
  const NodeView now = after.find(name);
  for (const NodeView node : {old, now})
    if (node && (node.has(RRType::NS) || node.has(RRType::DNAME))) return false;
  if (!old || !now) return static_cast<bool>(old) != static_cast<bool>(now);
  return !std::ranges::equal(old.bytes(), now.bytes());
}

std::uint64_t mostKept(const Quarantine& limit, const Zone& before) noexcept {
  return limit.endpoints + before.facts().addressNames * limit.percent / 100;
}

/// The endpoints without which the rest of the plan may pass; empty where it must be refused whole. What
/// others lose by them (an alias, say) the second judgement tells.
std::vector<Name> toKeep(const Candidate& refused, const Basis& basis) {
  std::set<Name> names;
  for (const Reason& reason : refused.verdict.reasons) {
    if (!isOfOneEndpoint(reason)) return {};
    const Result<Name> name = Name::absolute(reason.name);
    if (!name || !name->view().isAtOrBelow(refused.zone->apex())) continue;
    if (isChangedEndpoint(*basis.content, *refused.zone, *name)) names.insert(*name);
  }
  const bool isWhole = refused.verdict.unlisted == 0;
  if (!isWhole || names.size() > mostKept(basis.policy.quarantine, *basis.content)) return {};
  return {names.begin(), names.end()};
}

bool isSame(const Reason& a, const Reason& b) noexcept {
  return a.rule == b.rule && a.name == b.name && a.type == b.type;
}

Candidate make(const Submission& submission, const Basis& basis, Generation generation, WallTime at) {
  const auto deadline = std::min(basis.deadline, std::chrono::steady_clock::now() + basis.policy.timeout);
  const LossWindow lost = basis.losses.since(basis.at - keepOf(basis.policy.velocity, basis.serverVelocity));
  const Work work{submission, basis, lost, generation, at, deadline};
  Candidate whole = attempt(work, {});
  if (whole.verdict.accepted() || !basis.policy.quarantine.isOn()) return whole;
  std::vector<Name> kept = toKeep(whole, basis);
  if (kept.empty()) return whole;
  Candidate rest = attempt(work, kept);
  const Diff& left = rest.diff;
  if (rest.verdict.accepted() && left.namesAdded + left.namesRemoved + left.namesChanged > 0) {
    rest.kept = std::move(kept);
    rest.quarantined = std::move(whole.verdict.reasons);
    return rest;
  }
  // Refused whole: with what is wrong with the plan, and with what is wrong without those endpoints.
  for (Reason& reason : rest.verdict.reasons) {
    std::vector<Reason>& reasons = whole.verdict.reasons;
    const bool isKnown =
        std::ranges::any_of(reasons, [&](const Reason& known) { return isSame(known, reason); });
    if (!isKnown) reasons.push_back(std::move(reason));
  }
  return whole;
}

}  // namespace

Candidate makeCandidate(const Submission& submission, const Basis& basis, Generation generation,
                        WallTime at) {
  Candidate candidate;
  givingWay(isLarge(submission), [&] { candidate = make(submission, basis, generation, at); });
  return candidate;
}

}  // namespace holdfast
