#pragma once

#include <map>
#include <string>
#include <vector>

#include "zone/plan_store.h"

namespace holdfast::test {

/// What happens to the next write of the store.
enum class Fault : std::uint8_t {
  None,
  Fails,         ///< the caller is told, and nothing is on the disk
  FailsDurably,  ///< the caller is told, but the disk has it all the same
  CrashBefore,   ///< nothing is on the disk
  CrashDurable   ///< the disk has it, and nobody was told
};
constexpr bool isCrash(Fault fault) noexcept {
  return fault >= Fault::CrashBefore;
}

/// Thrown out of a write in which the machine stops.
struct MachineStopped {};

/// What the disk has of a zone.
struct DiskZone {
  StoredZone stored;
  std::map<Generation, std::shared_ptr<const Zone>> contents;
  std::vector<HistoryEntry> history;
};
using Disk = std::map<Name, DiskZone>;

/// A plan store over a disk in memory, as strict as the real one, with faults to order. One thread.
class StoreModel : public PlanStore {
 public:
  explicit StoreModel(Disk& disk) : disk_(disk) {}
  Fault next = Fault::None;  ///< of the next write; used up by it
  std::size_t commits = 0;   ///< transactions

  Result<std::vector<StoredZone>> zones() override;
  Status putZone(const StoredZone& zone, const HistoryEntry& event) override;
  Status forgetZone(NameView apex) override;
  Result<std::shared_ptr<const Zone>> content(NameView apex, Generation generation) override;
  Status commit(std::span<const ZoneCommit> commits) override;
  Status takeBack(const StoredZone& zone) override;
  Status record(NameView apex, const HistoryEntry& entry) override;
  Result<std::vector<HistoryEntry>> history(NameView apex, std::size_t limit, std::int64_t beforeId) override;
  /// Removes every content that is not in use.
  Result<CleanUpReport> cleanUp(NameView apex, const Retention& retention, std::span<const Generation> inUse,
                                WallTime now) override;

 private:
  template <class Write>
  Status write(Write change);

  Disk& disk_;
};

}  // namespace holdfast::test
