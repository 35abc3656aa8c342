// How a plan becomes what is served: Publisher::submit, top to bottom. What the steps do is CommitPath's;
// here is who waits for whom.
#include "zone/publisher.h"

namespace holdfast {

namespace {

Monotonic now() noexcept {
  return std::chrono::steady_clock::now();
}

}  // namespace

Result<Outcome> Publisher::submit(const Submission& submission) {
  Attempt attempt(submission);
  Attempt::Step step = attempt.step;  // as last seen under a lock: others move a waiting attempt on
  try {
    while (step != Attempt::Step::Done) {
      step = admit(attempt);  // waits while a newer full plan of the zone is judged, or another has its turn
      if (step == Attempt::Step::Prepare) {
        path_.prepare(attempt);    // compile and guard: long, no lock
        step = conclude(attempt);  // a refusal needs no commit
      }
      if (step == Attempt::Step::Ready) step = settle(attempt);  // fence, still valid, commit, swap
    }
  } catch (...) {
    withdraw(attempt);
    if (attempt.record.isQueued) write(attempt.record);  // refused, before another's step threw
    throw;
  }
  if (attempt.record.isQueued) write(attempt.record);
  if (attempt.error) return *std::move(attempt.error);
  attempt.outcome.unrecorded = std::move(attempt.record.failed);
  return std::move(attempt.outcome);
}

Attempt::Step Publisher::admit(Attempt& attempt) {
  attempt.letGo();
  std::unique_lock view(view_);
  changed_.wait(view, [this] { return isPastKnown_; });  // after a start: a moment, or a long history
  while (attempt.step == Attempt::Step::Admit || attempt.step == Attempt::Step::Waiting) {
    path_.admit(attempt, now());
    if (attempt.step != Attempt::Step::Waiting) break;
    if (attempt.wakeAt)
      changed_.wait_until(view, *attempt.wakeAt);
    else
      changed_.wait(view);
  }
  changed_.notify_all();
  return attempt.step;
}

Attempt::Step Publisher::conclude(Attempt& attempt) {
  const std::lock_guard view(view_);
  path_.conclude(attempt);
  changed_.notify_all();
  return attempt.step;
}

/// Group commit: who gets the section takes along all that is ready, and who waited mostly finds it done.
Attempt::Step Publisher::settle(Attempt& attempt) {
  for (;;) {
    {
      Batch batch;  // let go of after the section
      const std::lock_guard section(section_);
      {
        const std::lock_guard view(view_);
        if (attempt.step != Attempt::Step::Ready) return attempt.step;
        batch = path_.choose(now());
        changed_.notify_all();
      }
      if (!batch.isEmpty()) pass(batch);
    }
    std::unique_lock view(view_);
    if (attempt.step != Attempt::Step::Ready) return attempt.step;
    if (path_.yields(attempt, now())) changed_.wait_until(view, *attempt.patience);
  }
}

/// REQUIRES: section_ is held.
void Publisher::pass(Batch& batch) {
  Result<Durable> durable = path_.commit(batch);  // the disk works, and only the section waits for it
  const std::lock_guard view(view_);
  if (durable)
    path_.publish(*std::move(durable));
  else
    path_.fail(batch, durable.error());
  changed_.notify_all();
}

void Publisher::withdraw(Attempt& attempt) noexcept {
  const std::lock_guard view(view_);
  path_.withdraw(attempt);
  changed_.notify_all();
}

Outcome Publisher::refuse(NameView zone, const Caller& caller, std::string digest, const Error& error,
                          bool dryRun) {
  const bool unreadable = error.kind == ErrorKind::Unreadable;
  Outcome outcome;
  outcome.malformed = error.kind == ErrorKind::Malformed || error.kind == ErrorKind::TooLarge || unreadable;
  outcome.tooLarge = error.kind == ErrorKind::TooLarge;
  outcome.verdict.reasons.push_back({unreadable ? Rule::Unreadable : Rule::Invalid, toText(zone), "",
                                     error.where.empty() ? error.what : error.where,
                                     unreadable ? "a whole, readable document" : "a well-formed plan",
                                     error.text()});
  Record record;
  record.zone = Name(zone);
  record.entry.who = caller.who;
  record.entry.digest = std::move(digest);
  record.entry.reasons = outcome.verdict.reasons;
  {
    const std::lock_guard view(view_);
    const ZoneState* state = path_.find(zone);
    if (state == nullptr) return outcome;
    outcome.committed = state->stored.committed;
    if (dryRun || !path_.refuse(record)) return outcome;
  }
  write(record);
  outcome.unrecorded = std::move(record.failed);
  return outcome;
}

/// Refusals are written outside of both other locks, in the order they were decided: who gets here writes all
/// that wait, and who waited mostly finds it done.
void Publisher::write(Record& record) {
  const std::lock_guard recording(recording_);
  if (!record.isWritten) writeQueued({});
}

/// REQUIRES: recording_ is held. What is of the zone `forgotten` is dropped: its history is gone.
void Publisher::writeQueued(NameView forgotten) {
  Record* next = nullptr;
  {
    const std::lock_guard view(view_);
    next = path_.takeRecords();
  }
  while (next != nullptr) {
    Record& record = *next;
    next = record.next;
    if (!forgotten || record.zone.view() != forgotten) {
      try {
        if (Status done = store_->record(record.zone, record.entry); !done)
          record.failed = std::move(done).error();
      } catch (...) {  // those behind it are written all the same
        record.failed = Error{ErrorKind::Store, "", "out of memory"};
      }
    }
    record.isWritten = true;  // its owner may go once recording_ is free
  }
}

}  // namespace holdfast
