#include "zone/publisher.h"

#include <algorithm>

namespace holdfast {

namespace {

HistoryEntry event(Fate fate, const Caller& caller, const std::string& reason, WallTime at) {
  HistoryEntry entry;
  entry.fate = fate;
  entry.who = caller.who;
  entry.reason = reason;
  entry.at = at;
  return entry;
}

}  // namespace

Publisher::Publisher(std::unique_ptr<PlanStore> store, Clock clock)
    : store_(std::move(store)), clock_(std::move(clock)), snapshot_(std::make_unique<Snapshot>()) {}

Publisher::~Publisher() {
  RcuRetired::drain();
}

Publisher::ZoneState* Publisher::find(NameView zone) {
  const auto found = zones_.find(Name(zone));
  return found == zones_.end() || found->second.stored.removed ? nullptr : &found->second;
}

const Publisher::ZoneState* Publisher::find(NameView zone) const {
  const auto found = zones_.find(Name(zone));
  return found == zones_.end() || found->second.stored.removed ? nullptr : &found->second;
}

void Publisher::swap(std::unique_ptr<Snapshot> next) noexcept {
  const auto begun = std::chrono::steady_clock::now();
  snapshot_.swap(std::move(next), reclaim_);
  ++edition_;
  const auto took = std::chrono::steady_clock::now() - begun;
  const auto micros =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(took).count());
  swaps_.swaps.fetch_add(1, std::memory_order_relaxed);
  swaps_.micros.fetch_add(micros, std::memory_order_relaxed);
  if (micros > swaps_.longestMicros.load(std::memory_order_relaxed))
    swaps_.longestMicros.store(micros, std::memory_order_relaxed);
}

void Publisher::setPolicy(NameView zone, const GuardPolicy& policy) {
  const std::lock_guard lock(mutex_);
  policies_.insert_or_assign(Name(zone), policy);
  if (ZoneState* state = find(zone)) {
    state->policy = policy;
    ++edition_;  // a verdict by the old policy no longer counts
  }
}

void Publisher::setServerVelocity(const VelocityPolicy& policy) {
  const std::lock_guard lock(mutex_);
  serverVelocity_ = policy;
  ++edition_;
}

Status Publisher::addZone(NameView zone, const Caller& caller) {
  const std::lock_guard lock(mutex_);
  if (find(zone) != nullptr) return Error{ErrorKind::Conflict, toText(zone), "is held already"};
  ZoneState state;
  if (const auto removed = zones_.find(Name(zone)); removed != zones_.end()) state = removed->second;
  if (const auto policy = policies_.find(Name(zone)); policy != policies_.end())
    state.policy = policy->second;
  state.stored.apex = Name(zone);
  state.stored.removed = false;
  state.stored.committed = 0;
  state.content = std::make_shared<Zone>(Name(zone), clock_());
  const ReadSection section;
  std::unique_ptr<Snapshot> next = snapshot_.read(section).with(state.content);
  if (Status put = store_->putZone(state.stored, event(Fate::ZoneAdded, caller, "", clock_())); !put)
    return put;
  zones_[Name(zone)] = std::move(state);
  swap(std::move(next));
  return Done{};
}

Status Publisher::removeZone(NameView zone, const std::string& reason, bool forget, const Caller& caller) {
  const std::lock_guard lock(mutex_);
  ZoneState* state = find(zone);
  const bool remembers = zones_.contains(Name(zone));
  if (state == nullptr && !(forget && remembers))
    return Error{ErrorKind::NotFound, toText(zone), "is not held"};
  if (reason.empty()) return Error{ErrorKind::Invalid, "reason", "is missing: say why the zone goes"};
  const ReadSection section;
  std::unique_ptr<Snapshot> next = snapshot_.read(section).without(zone);
  StoredZone stored = zones_[Name(zone)].stored;
  stored.removed = true;
  stored.committed = 0;
  const HistoryEntry removal = event(Fate::ZoneRemoved, caller, reason, clock_());
  if (Status put = forget ? store_->forgetZone(zone) : store_->putZone(stored, removal); !put) return put;
  if (forget) {
    losses_.forget(zone);
    zones_.erase(Name(zone));
  } else {
    state->stored = std::move(stored);
    state->content = std::make_shared<Zone>(Name(zone));
  }
  swap(std::move(next));
  return Done{};
}

Status Publisher::setFrozen(NameView zone, std::optional<std::string> reason, const Caller& caller,
                            const std::string& thawedFor) {
  const std::lock_guard lock(mutex_);
  ZoneState* state = find(zone);
  if (state == nullptr) return Error{ErrorKind::NotFound, toText(zone), "is not held"};
  StoredZone stored = state->stored;
  stored.frozen = std::move(reason);
  const WallTime now = clock_();
  stored.frozenSince = stored.frozen ? now : WallTime{};
  const HistoryEntry line = stored.frozen ? event(Fate::Frozen, caller, *stored.frozen, now)
                                          : event(Fate::Thawed, caller, thawedFor, now);
  if (Status put = store_->putZone(stored, line); !put) return put;
  state->stored = std::move(stored);
  return Done{};
}

bool Publisher::hasZone(NameView zone) const {
  const std::lock_guard lock(mutex_);
  return find(zone) != nullptr;
}

bool Publisher::wasRemoved(NameView zone) const {
  const std::lock_guard lock(mutex_);
  const auto found = zones_.find(Name(zone));
  return found != zones_.end() && found->second.stored.removed;
}

ZoneStatus Publisher::statusOf(const ZoneState& state) const {
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
  status.frozen = state.stored.frozen;
  status.frozenSince = state.stored.frozenSince;
  status.lastRefusal = state.lastRefusal;
  status.refusals = state.refusals;
  status.published = state.published;
  status.warnings = state.warnings;
  status.good = state.stored.good;
  status.seal = state.stored.seal;
  return status;
}

std::vector<ZoneStatus> Publisher::status() const {
  const std::lock_guard lock(mutex_);
  std::vector<ZoneStatus> all;
  for (const auto& [apex, state] : zones_)
    if (!state.stored.removed) all.push_back(statusOf(state));
  return all;
}

std::optional<ZoneStatus> Publisher::status(NameView zone) const {
  const std::lock_guard lock(mutex_);
  const ZoneState* state = find(zone);
  if (state == nullptr) return std::nullopt;
  return statusOf(*state);
}

Result<std::vector<HistoryEntry>> Publisher::history(NameView zone, std::size_t limit,
                                                     std::int64_t beforeId) const {
  {
    const std::lock_guard lock(mutex_);
    if (!zones_.contains(Name(zone))) return Error{ErrorKind::NotFound, toText(zone), "is not held"};
  }
  return store_->history(zone, limit, beforeId);
}

Result<std::shared_ptr<const Zone>> Publisher::content(NameView zone, Generation generation) const {
  {
    const std::lock_guard lock(mutex_);
    const ZoneState* state = find(zone);
    if (state == nullptr) return Error{ErrorKind::NotFound, toText(zone), "is not held"};
    if (state->content->hasContent() && state->content->generation() == generation) return state->content;
  }
  return store_->content(zone, generation);
}

Result<SealReport> Publisher::verify(NameView zone) const {
  {
    const std::lock_guard lock(mutex_);
    if (!zones_.contains(Name(zone))) return Error{ErrorKind::NotFound, toText(zone), "is not held"};
  }
  return store_->verify(zone);
}

Result<std::optional<HistoryEntry>> Publisher::lastChangeOf(NameView zone, NameView name) const {
  Generation committed = 0;
  {
    const std::lock_guard lock(mutex_);
    const ZoneState* state = find(zone);
    if (state == nullptr) return Error{ErrorKind::NotFound, toText(zone), "is not held"};
    committed = state->stored.committed;
  }
  return store_->lastChangeOf(zone, name, committed);
}

}  // namespace holdfast
