// What changes a zone other than a plan, in the same critical section: adding, removing, freezing, policies,
// clean-up. And what is told of zones.
#include <algorithm>

#include "zone/commit_path.h"

namespace holdfast {

namespace {

HistoryEntry event(Fate fate, const Caller& caller, std::string reason, WallTime at) {
  HistoryEntry entry;
  entry.fate = fate;
  entry.who = caller.who;
  entry.reason = std::move(reason);
  entry.at = at;
  return entry;
}

}  // namespace

ZoneState* CommitPath::stateOf(NameView zone) {
  const auto found = zones_.find(Name(zone));
  return found == zones_.end() || found->second.stored.removed ? nullptr : &found->second;
}

const ZoneState* CommitPath::find(NameView zone) const {
  const auto found = zones_.find(Name(zone));
  return found == zones_.end() || found->second.stored.removed ? nullptr : &found->second;
}

void CommitPath::load(std::vector<LoadedZone> zones) {
  std::vector<Snapshot::ZonePtr> served;
  for (LoadedZone& loaded : zones) {
    const Name apex = loaded.stored.apex;
    ZoneState& state = zones_[apex];
    state.stored = std::move(loaded.stored);
    state.content = std::move(loaded.content);
    state.planned = state.stored.fence;
    state.place = byChange_.insert(byChange_.begin(), &state);
    has_ += capacityOf(state.content->facts());
    if (!state.stored.removed) served.push_back(state.content);
  }
  swapIn(std::make_unique<Snapshot>(std::move(served)), std::chrono::steady_clock::now());
}

void CommitPath::replayLosses(NameView zone, const Losses& losses, Monotonic at) {
  losses_.record(zone, losses, at);
}

std::vector<CommitPath::OldLosses> CommitPath::oldLosses(Monotonic now) const {
  std::vector<OldLosses> old;
  for (const auto& [apex, state] : zones_) {
    const LossWindow* window = losses_.find(apex);
    const Monotonic oldest = now - keepOf(state.policy.velocity, serverVelocity_);
    if (window != nullptr && window->hasUntil(oldest)) old.push_back({apex, *window, oldest, state.changed});
  }
  return old;
}

void CommitPath::putTrimmed(OldLosses& trimmed) noexcept {
  const auto found = zones_.find(trimmed.zone);
  if (found != zones_.end() && found->second.changed == trimmed.asOf)
    losses_.putTrimmed(trimmed.zone, trimmed.window);
}

Result<ZoneChange> CommitPath::stageAdd(NameView zone, const Caller& caller) {
  if (find(zone) != nullptr) return Error{ErrorKind::Conflict, toText(zone), "is held already"};
  const Name apex(zone);
  ZoneChange change;
  const auto removed = zones_.find(apex);
  if (removed != zones_.end()) {
    change.state = &removed->second;
    change.stored = removed->second.stored;
  } else {
    std::map<Name, ZoneState> made;
    ZoneState& state = made[apex];
    state.content = std::make_shared<Zone>(apex);
    state.policy = ofOthers_;
    state.unlisted.push_back(&state);
    state.place = state.unlisted.begin();
    change.state = &state;
    change.added = made.extract(apex);
  }
  if (const auto policy = policies_.find(apex); policy != policies_.end()) change.policy = policy->second;
  change.stored.apex = apex;
  change.stored.removed = false;
  change.stored.committed = 0;
  const WallTime now = clock_();
  change.content = std::make_shared<Zone>(apex, now);
  change.event = event(Fate::ZoneAdded, caller, "", now);
  const ReadSection section;
  change.next = snapshot_.read(section).with(change.content);
  return change;
}

Result<ZoneChange> CommitPath::stageRemoval(NameView zone, const std::string& reason, bool forget,
                                            const Caller& caller) {
  const auto known = zones_.find(Name(zone));
  if (known == zones_.end() || (known->second.stored.removed && !forget)) return notHeld(zone);
  if (reason.empty()) return Error{ErrorKind::Invalid, "reason", "is missing: say why the zone goes"};
  ZoneChange change;
  change.state = &known->second;
  change.forgets = forget;
  change.stored = known->second.stored;
  change.stored.removed = true;
  change.stored.committed = 0;
  change.content = std::make_shared<Zone>(Name(zone));
  change.event = event(Fate::ZoneRemoved, caller, reason, clock_());
  const ReadSection section;
  change.next = snapshot_.read(section).without(zone);
  return change;
}

Result<ZoneChange> CommitPath::stageFreeze(NameView zone, std::optional<std::string> reason,
                                           const Caller& caller, const std::string& thawedFor) {
  ZoneState* state = stateOf(zone);
  if (state == nullptr) return notHeld(zone);
  const WallTime now = clock_();
  ZoneChange change;
  change.state = state;
  change.stored = state->stored;
  change.stored.frozen = std::move(reason);
  change.stored.frozenSince = change.stored.frozen ? now : WallTime{};
  if (change.stored.frozen) {
    change.event = event(Fate::Frozen, caller, *change.stored.frozen, now);
  } else {
    change.event = event(Fate::Thawed, caller, thawedFor, now);
  }
  return change;
}

Status CommitPath::write(ZoneChange& change) {
  Status done =
      change.forgets ? store_.forgetZone(change.stored.apex) : store_.putZone(change.stored, change.event);
  change.durableSince = std::chrono::steady_clock::now();
  if (!done && !change.added) doubt(*change.state, true);
  return done;
}

/// Nothing can fail here (I11).
void CommitPath::apply(ZoneChange& change) noexcept {
  ZoneState& state = *change.state;
  ++edition_;
  if (change.added) {
    zones_.insert(std::move(change.added));
    byChange_.splice(byChange_.begin(), state.unlisted);
  }
  std::swap(state.stored, change.stored);  // what goes is let go of outside
  if (change.policy) std::swap(state.policy, *change.policy);
  state.changedRules = edition_;
  if (change.content) setContent(state, std::move(change.content));
  if (change.next) swapIn(std::move(change.next), change.durableSince);
  if (change.forgets) forget(state);
}

void CommitPath::forget(ZoneState& state) noexcept {
  if (state.isDoubted) --doubted_;
  byChange_.erase(state.place);
  allRules_ = edition_;
  losses_.forget(state.stored.apex);
  const auto found =
      std::find_if(zones_.begin(), zones_.end(), [&](const auto& each) { return &each.second == &state; });
  zones_.erase(found);
}

void CommitPath::setPolicy(NameView zone, const GuardPolicy& policy) {
  policies_.insert_or_assign(Name(zone), policy);
  ZoneState* state = stateOf(zone);
  if (state == nullptr || state->policy == policy) return;
  state->policy = policy;
  state->changedRules = ++edition_;
}

/// No verdict changes with it.
void CommitPath::setListed(std::size_t reasons, std::size_t warnings) noexcept {
  const auto set = [=](GuardPolicy& policy) {
    policy.maxReasons = reasons;
    policy.maxWarnings = warnings;
  };
  set(ofOthers_);
  for (auto& [apex, policy] : policies_) set(policy);
  for (auto& [apex, state] : zones_) set(state.policy);
}

void CommitPath::setServerVelocity(const VelocityPolicy& policy) {
  losses_.setServerWindow(policy.per);
  serverVelocity_ = policy;
  allRules_ = ++edition_;
}

std::vector<Generation> CommitPath::inUse(NameView zone) const {
  std::vector<Generation> used;
  if (const ZoneState* state = find(zone); state != nullptr && state->stored.committed > 0)
    used.push_back(state->stored.committed);
  const auto [first, last] = pins_.equal_range(Name(zone));
  for (auto pin = first; pin != last; ++pin) used.push_back(pin->second);
  return used;
}

void CommitPath::pin(NameView zone, Generation generation) {
  pins_.emplace(zone, generation);
}

void CommitPath::unpin(NameView zone, Generation generation) noexcept {
  const auto found = std::find_if(pins_.begin(), pins_.end(), [&](const auto& pin) {
    return pin.second == generation && pin.first.view() == zone;
  });
  if (found != pins_.end()) pins_.erase(found);
}

Result<CleanUpReport> CommitPath::cleanUp(NameView zone, const Retention& retention, WallTime now) {
  // The store may take what failed for committed: it would keep that, and not what is.
  if (ZoneState* state = stateOf(zone); state != nullptr && state->isDoubted)
    if (Status done = takeBack(*state); !done) return std::move(done).error();
  const std::vector<Generation> used = inUse(zone);
  return store_.cleanUp(zone, retention, faults_.cleansByAge ? std::vector<Generation>() : used, now);
}

ZoneStatus CommitPath::statusOf(const ZoneState& state) const {
  ZoneStatus status;
  status.apex = state.stored.apex;
  status.planned = state.planned;
  status.committed = state.stored.committed;
  // What is served is asked of the snapshot itself, so that the status cannot claim what queries do not get.
  const ReadSection section;
  const Zone* served = snapshot_.read(section).zoneAt(state.stored.apex);
  if (served != nullptr && served->hasContent()) {
    status.served = served->generation();
    status.serial = served->serial();
    status.committedAt = served->committedAt();
    status.names = served->names().size();
    status.facts = served->facts();
  }
  status.maxNames = state.policy.maxNames;
  status.floors = state.policy.endpoints;
  status.frozen = state.stored.frozen;
  status.frozenSince = state.stored.frozenSince;
  status.lastRefusal = state.lastRefusal;
  status.refusals = state.refusals;
  status.published = state.published;
  status.superseded = state.superseded;
  status.warnings = state.warnings;
  status.quarantined = state.quarantined;
  status.lastQuarantine = state.lastQuarantine;
  ZoneHead head = store_.head(state.stored.apex);
  status.good = std::move(head.good);
  status.seal = std::move(head.seal);
  return status;
}

}  // namespace holdfast
