#include "zone/publisher.h"

namespace holdfast {

Publisher::Publisher(std::unique_ptr<PlanStore> store, Clock clock)
    : store_(std::move(store)), clock_(std::move(clock)), path_(*store_, clock_) {}

Publisher::~Publisher() {
  RcuRetired::drain();
}

void Publisher::setPolicy(NameView zone, const GuardPolicy& policy) {
  const std::lock_guard section(section_);
  const std::lock_guard view(view_);
  path_.setPolicy(zone, policy);
  changed_.notify_all();
}

void Publisher::setServerVelocity(const VelocityPolicy& policy) {
  const std::lock_guard section(section_);
  const std::lock_guard view(view_);
  path_.setServerVelocity(policy);
  changed_.notify_all();
}

void Publisher::setListed(std::size_t reasons, std::size_t warnings) {
  const std::lock_guard section(section_);
  const std::lock_guard view(view_);
  path_.setListed(reasons, warnings);
}

Status Publisher::addZone(NameView zone, const Caller& caller) {
  const std::lock_guard section(section_);
  return change(path_.stageAdd(zone, caller));
}

Status Publisher::removeZone(NameView zone, const std::string& reason, bool forget, const Caller& caller) {
  const std::lock_guard section(section_);
  if (!forget) return change(path_.stageRemoval(zone, reason, false, caller));
  // Refusals that still wait to be written must not come after the history they belong to.
  const std::lock_guard recording(recording_);
  writeQueued({});
  Status done = change(path_.stageRemoval(zone, reason, true, caller));
  writeQueued(done ? zone : NameView());
  return done;
}

Result<std::optional<Freeze>> Publisher::setFrozen(NameView zone, std::optional<std::string> reason,
                                                   const Caller& caller, const std::string& thawedFor) {
  const std::lock_guard section(section_);
  std::optional<Freeze> before;
  if (const ZoneState* state = path_.find(zone); state != nullptr && state->stored.frozen)
    before = Freeze{*state->stored.frozen, state->stored.frozenSince};
  if (!reason && !before && path_.find(zone) != nullptr) return before;
  Status done = change(path_.stageFreeze(zone, std::move(reason), caller, thawedFor));
  if (!done) return std::move(done).error();
  return before;
}

/// REQUIRES: section_ is held.
Status Publisher::change(Result<ZoneChange> staged) {
  if (!staged) return std::move(staged).error();
  if (Status written = path_.write(*staged); !written) return written;
  const std::lock_guard view(view_);
  path_.apply(*staged);
  changed_.notify_all();
  return Done{};
}

std::size_t Publisher::waitingForCommit() const {
  const std::lock_guard view(view_);
  return path_.waitingForCommit();
}

bool Publisher::hasZone(NameView zone) const {
  const std::lock_guard view(view_);
  return path_.find(zone) != nullptr;
}

bool Publisher::wasRemoved(NameView zone) const {
  const std::lock_guard view(view_);
  const auto found = path_.zones().find(Name(zone));
  return found != path_.zones().end() && found->second.stored.removed;
}

std::size_t Publisher::zonesRemoved() const {
  const std::lock_guard view(view_);
  const ReadSection section;
  return path_.zones().size() - path_.snapshot().read(section).zones().size();
}

/// Outside of the locks: there may be a floor for each of many names.
void Publisher::findIdleFloors(ZoneStatus& status) const {
  if (status.floors.empty()) return;
  const ReadSection section;
  const Zone* served = path_.snapshot().read(section).zoneAt(status.apex);
  if (served == nullptr || !served->hasContent()) return;
  for (const auto& [name, floor] : status.floors.all())
    if (const NodeView node = served->find(name); !node || node.rrsetCount() == 0)
      status.idleFloors.push_back(name);
}

std::vector<ZoneStatus> Publisher::status() const {
  std::vector<ZoneStatus> all;
  {
    const std::lock_guard view(view_);
    for (const auto& [apex, state] : path_.zones())
      if (!state.stored.removed) all.push_back(path_.statusOf(state));
  }
  for (ZoneStatus& status : all) findIdleFloors(status);
  return all;
}

std::optional<ZoneStatus> Publisher::status(NameView zone) const {
  std::optional<ZoneStatus> status;
  {
    const std::lock_guard view(view_);
    const ZoneState* state = path_.find(zone);
    if (state == nullptr) return std::nullopt;
    status = path_.statusOf(*state);
  }
  findIdleFloors(*status);
  return status;
}

Result<std::vector<HistoryEntry>> Publisher::history(NameView zone, std::size_t limit,
                                                     std::int64_t beforeId) const {
  {
    const std::lock_guard view(view_);
    if (!path_.zones().contains(Name(zone))) return notHeld(zone);
  }
  return store_->history(zone, limit, beforeId);
}

Result<std::shared_ptr<const Zone>> Publisher::content(NameView zone, Generation generation) const {
  {
    const std::lock_guard view(view_);
    const ZoneState* state = path_.find(zone);
    if (state == nullptr) return notHeld(zone);
    if (state->content->hasContent() && state->content->generation() == generation) return state->content;
  }
  return store_->content(zone, generation);
}

std::shared_ptr<const Zone> Publisher::committed(NameView zone) const {
  const std::lock_guard view(view_);
  const ZoneState* state = path_.find(zone);
  return state == nullptr ? nullptr : state->content;
}

Result<SealReport> Publisher::verify(NameView zone) const {
  {
    const std::lock_guard view(view_);
    if (!path_.zones().contains(Name(zone))) return notHeld(zone);
  }
  return store_->verify(zone);
}

Result<std::optional<HistoryEntry>> Publisher::lastChangeOf(NameView zone, NameView name) const {
  Generation committed = 0;
  {
    const std::lock_guard view(view_);
    const ZoneState* state = path_.find(zone);
    if (state == nullptr) return notHeld(zone);
    committed = state->stored.committed;
  }
  return store_->lastChangeOf(zone, name, committed);
}

}  // namespace holdfast
