#include "zone/snapshot.h"

#include <algorithm>
#include <bit>

namespace holdfast {

Snapshot::Snapshot(std::vector<ZonePtr> zones) : zones_(std::move(zones)) {
  std::sort(zones_.begin(), zones_.end(),
            [](const ZonePtr& a, const ZonePtr& b) { return a->apex() < b->apex(); });
  if (zones_.empty()) return;
  slots_.resize(std::bit_ceil(zones_.size() * 2));
  for (const ZonePtr& zone : zones_) {
    const std::uint64_t hash = HashedName::of(zone->apex());
    std::size_t at = hash & (slots_.size() - 1);
    while (slots_[at].zone != nullptr) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = {hash, zone.get()};
    maxLabels_ = std::max(maxLabels_, zone->apexLabels());
  }
}

const Zone* Snapshot::at(std::uint64_t hash, NameView apex) const noexcept {
  if (slots_.empty()) return nullptr;
  for (std::size_t i = hash & (slots_.size() - 1);; i = (i + 1) & (slots_.size() - 1)) {
    const Slot& slot = slots_[i];
    if (slot.zone == nullptr) return nullptr;
    if (slot.hash == hash && slot.zone->apex() == apex) return slot.zone;
  }
}

const Zone* Snapshot::findZone(const HashedName& name, unsigned atMost) const noexcept {
  const Zone* waiting = nullptr;
  for (unsigned labels = std::min({atMost, maxLabels_, name.labels()});; --labels) {
    const Zone* zone = at(name.hash(labels), name.suffix(labels));
    if (zone != nullptr) {
      if (zone->hasContent()) return zone;
      if (waiting == nullptr) waiting = zone;
    }
    if (labels == 0) return waiting;
  }
}

const Zone* Snapshot::findZone(const HashedName& name, const Zone* likely) const noexcept {
  const bool isClosest = likely != nullptr && likely->hasContent() && name.labels() >= maxLabels_ &&
                         name.suffix(maxLabels_) == likely->apex();
  return isClosest ? likely : findZone(name, name.labels());
}

const Zone* Snapshot::zoneAt(NameView apex) const noexcept {
  return at(HashedName::of(apex), apex);
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
