#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <vector>

#include "zone/rcu.h"
#include "zone/zone.h"

namespace holdfast {

/// Everything queries are answered from: the zones, each at one generation. Immutable.
/// Published by one pointer; dereferenced only with an open ReadSection (RcuPointer::read).
class Snapshot : public RcuRetired {
 public:
  using ZonePtr = std::shared_ptr<const Zone>;

  Snapshot() = default;
  explicit Snapshot(std::vector<ZonePtr> zones);

  /// The zone that answers for the name: of the zones with content the closest above it. Where only zones
  /// without content lie above, the closest of those; nullptr where none does.
  /// `atMost` is the number of labels the apex may have: labels() - 1 asks for the parent's side of a cut.
  const Zone* findZone(const HashedName& name, unsigned atMost) const noexcept;
  const Zone* findZone(const HashedName& name) const noexcept { return findZone(name, name.labels()); }
  /// The zone that a name was found in, to be tried first for the next.
  class ZoneBefore;
  /// As findZone(name). Names that are asked for together are mostly of one zone: where it is that of the
  /// name before, and no other lies below it, that is seen without a hash. REQUIRES: `before` is new, or was
  /// only ever given to this snapshot.
  const Zone* findZone(const HashedName& name, ZoneBefore& before) const noexcept;
  /// The zone with exactly that apex, or nullptr.
  const Zone* zoneAt(NameView apex) const noexcept;

  std::span<const ZonePtr> zones() const noexcept { return zones_; }

  /// A copy in which `zone` takes the place of the one with its apex, or is added. Shares all else.
  std::unique_ptr<Snapshot> with(ZonePtr zone) const;
  std::unique_ptr<Snapshot> with(std::span<const ZonePtr> zones) const;
  std::unique_ptr<Snapshot> without(NameView apex) const;

 private:
  struct Slot {
    std::uint64_t hash = 0;
    const Zone* zone = nullptr;
    bool isAboveOthers = false;
  };
  const Slot* at(std::uint64_t hash, NameView apex) const noexcept;

  const Slot* findSlot(const HashedName& name, unsigned atMost) const noexcept;

  std::vector<ZonePtr> zones_;  // by canonical order of apex
  std::vector<Slot> slots_;     // open addressing, a power of two, at most half full
  unsigned maxLabels_ = 0;      // of any apex
};

class Snapshot::ZoneBefore {
 private:
  friend class Snapshot;
  const Slot* slot_ = nullptr;
};

}  // namespace holdfast
