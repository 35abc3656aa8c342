// The critical section, top to bottom: fence, verdict still valid, one durable commit for all, one swap for
// all.
#include <algorithm>

#include "zone/commit_path.h"

namespace holdfast {

Batch CommitPath::choose(Monotonic now) {
  Batch batch;
  const std::vector<Attempt*> ready = ready_;
  for (Attempt* attempt : ready) {
    ZoneState* state = stateOf(attempt->submission.plan.zone);
    if (state == nullptr) {
      fail(*attempt, {ErrorKind::NotFound, attempt->submission.plan.zone.text(), "is not held any more"});
      continue;
    }
    // Fence (I1): compared here, with what is committed at this moment, however fresh it was when it came.
    Verdict verdict;
    fence(attempt->submission, *state, verdict);
    // Guard: a verdict counts for what it was made against, so one that others overtook is made anew,
    // outside.
    if (verdict.accepted() && !holds(*attempt, *state)) {
      again(*attempt);
      continue;
    }
    if (auto reason = overServerLimit(*attempt, *state, now, {}); reason && verdict.accepted())
      verdict.reasons.push_back(*std::move(reason));
    if (!verdict.accepted())
      refuse(*attempt, *state, std::move(verdict));
    else if (fits(batch, *attempt, *state, now) && !yields(*attempt, now))
      add(batch, *attempt, *state);
  }
  if (!batch.isEmpty()) setNext(batch);
  return batch;
}

/// The limits over all zones, once more: others may have lost something since. `batch` is what the batch is
/// about to take from other zones.
std::optional<Reason> CommitPath::overServerLimit(const Attempt& attempt, const ZoneState& state,
                                                  Monotonic now, const Loss& batch) {
  if (attempt.asOf == edition_ && batch == Loss{}) return std::nullopt;
  const Loss elsewhere = losses_.lately(state.stored.apex, now).elsewhere + batch;
  const Loss has = has_ - capacityOf(state.content->facts()) - batch;
  return judgeServerVelocity(serverVelocity_, attempt.outcome.verdict.serverLoss, elsewhere, has);
}

/// Whether it depends on nothing that the batch is about to change: that may still fail, and no one may be
/// told that a plan which never was committed stood in the way. What does not fit stays for the next batch.
bool CommitPath::fits(const Batch& batch, const Attempt& attempt, const ZoneState& state, Monotonic now) {
  Loss lost;
  for (const Batch::Part& part : batch.parts) {
    // Where the last write failed, the next may fail for the same reason: it takes no other zone along.
    if (part.state->isDoubted || state.isDoubted) return false;
    if (attempt.hasAliases || part.attempt->hasAliases) return false;
    if (isNested(state.stored.apex, part.state->stored.apex)) return false;
    lost += part.attempt->outcome.verdict.serverLoss.after;
    lost -= part.attempt->outcome.verdict.serverLoss.before;
  }
  return !overServerLimit(attempt, state, now, lost);
}

void CommitPath::add(Batch& batch, Attempt& attempt, ZoneState& state) {
  const std::shared_ptr<const Zone>& content = attempt.candidate.zone;
  attempt.outcome.serial = content->serial();
  HistoryEntry entry = entryFor(attempt.submission, attempt.outcome, Fate::Committed, content->committedAt());
  batch.parts.push_back({&attempt, &state, std::move(entry), content});
}

void CommitPath::setNext(Batch& batch) {
  Attempt& first = *batch.parts.front().attempt;
  if (batch.parts.size() == 1 && first.asOf == edition_) {
    batch.next = std::move(first.candidate.snapshot);
    return;
  }
  std::vector<Snapshot::ZonePtr> contents;
  for (const Batch::Part& part : batch.parts) contents.push_back(part.content);
  const ReadSection section;
  batch.next = snapshot_.read(section).with(contents);
}

Result<Durable> CommitPath::commit(Batch& batch) {
  if (faults_.swapsBeforeCommit) swapIn(std::move(batch.next), std::chrono::steady_clock::now());
  if (Status clean = takeBackDoubted(batch); !clean) return std::move(clean).error();
  std::vector<ZoneCommit> commits;
  for (const Batch::Part& part : batch.parts) {
    const Attempt& attempt = *part.attempt;
    const bool isOfThis = attempt.basis.content == part.state->content;
    commits.push_back({part.entry, *part.state->content, part.content,
                       isOfThis ? std::string_view(attempt.candidate.change) : std::string_view()});
  }
  const Monotonic begun = std::chrono::steady_clock::now();
  if (Status committed = store_.commit(commits); !committed) return std::move(committed).error();
  const Monotonic ended = std::chrono::steady_clock::now();
  for (const Batch::Part& part : batch.parts)
    part.attempt->outcome.durable = std::chrono::duration_cast<std::chrono::microseconds>(ended - begun);
  return Durable(batch, ended);
}

/// What failed writes may have left all the same must not come to light after the next commit, which was
/// judged without it. A zone that cannot matter to the batch does not hold it up.
Status CommitPath::takeBackDoubted(const Batch& batch) {
  if (doubted_ == 0) return Done{};
  for (auto& [apex, state] : zones_) {
    if (!state.isDoubted) continue;
    const bool mayDoubtAliases = state.mayDoubtAliases;
    Status done = takeBack(state);
    if (done) continue;
    for (const Batch::Part& part : batch.parts)
      if (mayDoubtAliases || part.attempt->hasAliases || isNested(apex, part.state->stored.apex)) return done;
  }
  return Done{};
}

Status CommitPath::takeBack(ZoneState& state) {
  Status done = store_.takeBack(state.stored);
  if (!done) return done;
  state.isDoubted = state.mayDoubtAliases = false;
  --doubted_;
  return done;
}

/// From here on nothing can fail (I11).
void CommitPath::publish(Durable durable) noexcept {
  static_assert(std::is_nothrow_move_assignable_v<std::shared_ptr<const Zone>>&& noexcept(losses_.put(
      NameView(),
      std::declval<LossStep&>()))&& noexcept(std::declval<RcuPointer<Snapshot>&>().swap(nullptr, reclaim_)));
  Batch& batch = *durable.batch_;
  ++edition_;
  for (Batch::Part& part : batch.parts) {
    ZoneState& state = *part.state;
    Attempt& attempt = *part.attempt;
    Outcome& outcome = attempt.outcome;
    outcome.kind = Outcome::Kind::Published;
    state.stored.fence = state.stored.committed = outcome.committed = outcome.generation;
    state.planned = outcome.generation;  // what was refused before is not to come any more
    setContent(state, std::move(part.content));
    losses_.put(state.stored.apex, outcome.verdict.losses);
    ++state.published;
    state.warnings += outcome.verdict.warnings.size() + outcome.verdict.unlistedWarnings;
    state.quarantined += outcome.kept.size();
    if (!outcome.kept.empty()) state.lastQuarantine = outcome.generation;
    if (attempt.isWholeAndNumbered) supersedeOlder(state, outcome.generation);
    finish(attempt);
  }
  swapIn(std::move(batch.next), durable.since_);
}

/// Full plans that waited beside the one that is published now, and were not judged.
void CommitPath::supersedeOlder(ZoneState& state, Generation published) noexcept {
  state.plans->supersede(published, [&](Attempt& older) noexcept {
    ++state.superseded;
    older.outcome.kind = Outcome::Kind::Superseded;
    older.outcome.committed = published;
    older.record.entry.at = state.content->committedAt();
    queue(older.record);
    finish(older);
  });
}

void CommitPath::setContent(ZoneState& state, std::shared_ptr<const Zone> content) noexcept {
  const bool withAliases = hasAliases(*state.content) || hasAliases(*content);
  has_ += capacityOf(content->facts()) - capacityOf(state.content->facts());
  state.content = std::move(content);
  state.changed = edition_;
  if (withAliases) state.changedAliases = edition_;
  byChange_.splice(byChange_.begin(), byChange_, state.place);
}

void CommitPath::swapIn(std::unique_ptr<Snapshot> next, Monotonic durableSince) noexcept {
  if (!next) return;  // swapped before, on purpose
  snapshot_.swap(std::move(next), reclaim_);
  const auto took = std::chrono::steady_clock::now() - durableSince;
  const auto micros =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(took).count());
  swaps_.swaps.fetch_add(1, std::memory_order_relaxed);
  swaps_.micros.fetch_add(micros, std::memory_order_relaxed);
  if (micros > swaps_.longestMicros.load(std::memory_order_relaxed))
    swaps_.longestMicros.store(micros, std::memory_order_relaxed);
}

void CommitPath::fail(Batch& batch, const Error& error) {
  // All of them before any is told, which takes memory.
  for (const Batch::Part& part : batch.parts) doubt(*part.state, part.attempt->hasAliases);
  for (const Batch::Part& part : batch.parts) fail(*part.attempt, error);
}

void CommitPath::doubt(ZoneState& state, bool withAliases) noexcept {
  if (!state.isDoubted) ++doubted_;
  state.isDoubted = true;
  state.mayDoubtAliases = state.mayDoubtAliases || withAliases;
}

}  // namespace holdfast
