#include "zone/snapshot.h"

#include <algorithm>
#include <bit>

namespace holdfast {

Snapshot::Snapshot(std::vector<ZonePtr> zones) : zones_(std::move(zones)) {
  std::sort(zones_.begin(), zones_.end(),
            [](const ZonePtr& a, const ZonePtr& b) { return a->apex() < b->apex(); });
  if (zones_.empty()) return;
  slots_.resize(std::bit_ceil(zones_.size() * 2));
  for (std::size_t i = 0; i < zones_.size(); ++i) {
    const Zone& zone = *zones_[i];
    const std::uint64_t hash = HashedName::of(zone.apex());
    std::size_t at = hash & (slots_.size() - 1);
    while (slots_[at].zone != nullptr) at = (at + 1) & (slots_.size() - 1);
    // In canonical order what lies below a name follows it.
    slots_[at] = {hash, &zone, i + 1 < zones_.size() && zones_[i + 1]->apex().isBelow(zone.apex())};
    maxLabels_ = std::max(maxLabels_, zone.apexLabels());
  }
}

const Snapshot::Slot* Snapshot::at(std::uint64_t hash, NameView apex) const noexcept {
  if (slots_.empty()) return nullptr;
  for (std::size_t i = hash & (slots_.size() - 1);; i = (i + 1) & (slots_.size() - 1)) {
    const Slot& slot = slots_[i];
    if (slot.zone == nullptr) return nullptr;
    if (slot.hash == hash && slot.zone->apex() == apex) return &slot;
  }
}

const Snapshot::Slot* Snapshot::findSlot(const HashedName& name, unsigned atMost) const noexcept {
  const Slot* waiting = nullptr;
  for (unsigned labels = std::min({atMost, maxLabels_, name.labels()});; --labels) {
    const Slot* slot = at(name.hash(labels), name.suffix(labels));
    if (slot != nullptr) {
      if (slot->zone->hasContent()) return slot;
      if (waiting == nullptr) waiting = slot;
    }
    if (labels == 0) return waiting;
  }
}

const Zone* Snapshot::findZone(const HashedName& name, unsigned atMost) const noexcept {
  const Slot* slot = findSlot(name, atMost);
  return slot == nullptr ? nullptr : slot->zone;
}

const Zone* Snapshot::findZone(const HashedName& name, ZoneBefore& before) const noexcept {
  if (const Slot* slot = before.slot_; slot != nullptr && !slot->isAboveOthers && slot->zone->hasContent()) {
    const unsigned labels = slot->zone->apexLabels();
    if (name.labels() >= labels && name.suffix(labels) == slot->zone->apex()) return slot->zone;
  }
  const Slot* slot = findSlot(name, name.labels());
  if (slot == nullptr) return nullptr;
  before.slot_ = slot;
  return slot->zone;
}

const Zone* Snapshot::zoneAt(NameView apex) const noexcept {
  const Slot* slot = at(HashedName::of(apex), apex);
  return slot == nullptr ? nullptr : slot->zone;
}

std::unique_ptr<Snapshot> Snapshot::with(ZonePtr zone) const {
  return with(std::span(&zone, 1));
}

std::unique_ptr<Snapshot> Snapshot::with(std::span<const ZonePtr> changed) const {
  std::vector<ZonePtr> zones = zones_;
  for (const ZonePtr& zone : changed) {
    const auto isSame = [&](const ZonePtr& other) { return other->apex() == zone->apex(); };
    const auto same = std::find_if(zones.begin(), zones.end(), isSame);
    if (same == zones.end())
      zones.push_back(zone);
    else
      *same = zone;
  }
  return std::make_unique<Snapshot>(std::move(zones));
}

std::unique_ptr<Snapshot> Snapshot::without(NameView apex) const {
  std::vector<ZonePtr> zones = zones_;
  std::erase_if(zones, [&](const ZonePtr& zone) { return zone->apex() == apex; });
  return std::make_unique<Snapshot>(std::move(zones));
}

}  // namespace holdfast
