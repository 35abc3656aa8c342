// A rollback moves forward (I9): old content, a new generation, the same guard and the same commit.
#include <mutex>

#include "zone/publisher.h"
#include "zone/record_text.h"

namespace holdfast {

namespace {

/// What `now` answers and `old` does not, as the removals that a person's word for all of it stands for.
std::vector<Removal> addedSince(const Zone& old, const Zone& now) {
  std::vector<Removal> added;
  NameTable::differences(old.names(), now.names(), [&](NodeView was, NodeView is) {
    if (!is) return true;
    for (const RRsetView rrset : is) {
      if (was && was.has(rrset.type())) continue;
      added.push_back({Name(is.name()), rrset.type()});
    }
    return true;
  });
  return added;
}

/// Keeps a generation from being cleaned up while it lives.
class Pinned {
 public:
  Pinned(CommitPath& path, std::mutex& section, NameView zone, Generation generation)
      : path_(path), section_(section), zone_(zone), generation_(generation) {
    const std::lock_guard held(section_);
    path_.pin(zone_, generation_);
  }
  ~Pinned() {
    const std::lock_guard held(section_);
    path_.unpin(zone_, generation_);
  }
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;

 private:
  CommitPath& path_;
  std::mutex& section_;
  const Name zone_;
  const Generation generation_;
};

}  // namespace

Submission submissionOf(const Rollback& wish, std::shared_ptr<const Zone> old, const Zone& now,
                        Generation committed) {
  Submission submission;
  submission.plan.zone = wish.zone;
  submission.plan.kind = PlanKind::Full;
  // What is to go was seen against this content, so no other may be in force when it goes.
  submission.plan.base = wish.base.value_or(committed);
  submission.plan.removals = wish.removals;
  if (wish.removesAdded)
    for (Removal& removal : addedSince(*old, now)) submission.plan.removals.push_back(std::move(removal));
  submission.restored = std::move(old);
  submission.caller = wish.caller;
  submission.reason = wish.reason;
  submission.overrides = wish.overrides;
  submission.dryRun = wish.dryRun;
  submission.diffLimit = wish.diffLimit;
  return submission;
}

Result<Outcome> Publisher::rollback(const Rollback& wish) {
  const Pinned pinned(path_, section_, wish.zone, wish.to);
  Result<std::shared_ptr<const Zone>> old = content(wish.zone, wish.to);
  if (!old) return std::move(old).error();
  std::shared_ptr<const Zone> now;
  Generation committed = 0;
  {
    const std::lock_guard view(view_);
    const ZoneState* state = path_.find(wish.zone);
    if (state == nullptr) return notHeld(wish.zone);
    now = state->content;
    committed = state->stored.committed;
  }
  Submission submission = submissionOf(wish, *std::move(old), *now, committed);
  if (wish.removesAdded)
    if (Status named = nameWhatGoes(submission); !named) return std::move(named).error();
  return submit(submission);
}

/// Whoever lets all go that came since lets go too of what only aliases, DNAMEs and wildcards make of it: the
/// guard finds those names, as the old content answers none of them.
Status Publisher::nameWhatGoes(Submission& submission) {
  constexpr int kMostRounds = 20;  // a verdict lists so many findings at a time
  Submission trial = submission;
  trial.dryRun = true;
  trial.diffLimit = 0;
  for (int round = 0;; ++round) {
    Result<Outcome> outcome = submit(trial);
    if (!outcome) return std::move(outcome).error();
    const std::size_t known = trial.plan.removals.size();
    for (const Reason& reason : outcome->verdict.reasons) {
      if (reason.rule != Rule::EmptyAnswer && reason.rule != Rule::Vanished) continue;
      Result<Name> name = Name::absolute(reason.name);
      const Result<RRType> type = parseType(reason.type);
      if (name) trial.plan.removals.push_back({*std::move(name), type ? std::optional(*type) : std::nullopt});
    }
    if (trial.plan.removals.size() > known && round < kMostRounds) continue;
    submission.plan.removals = std::move(trial.plan.removals);
    return Done{};
  }
}

}  // namespace holdfast
