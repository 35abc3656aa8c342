#include "tests/zone/store_model.h"

#include <algorithm>

namespace holdfast::test {

namespace {

Error failed(const std::string& what) {
  return {ErrorKind::Store, "model", what};
}

}  // namespace

/// `change` works on a copy of the disk and may refuse: a transaction.
template <class Write>
Status StoreModel::write(Write change) {
  const Fault fault = std::exchange(next, Fault::None);
  if (fault == Fault::CrashBefore) throw MachineStopped();
  if (fault == Fault::Fails) return failed("no space");
  Disk changed = disk_;
  if (Status done = change(changed); !done) return done;
  disk_ = std::move(changed);
  if (fault == Fault::CrashDurable) throw MachineStopped();
  if (fault == Fault::FailsDurably) return failed("I/O error");
  return Done{};
}

Result<std::vector<StoredZone>> StoreModel::zones() {
  std::vector<StoredZone> all;
  for (const auto& [apex, zone] : disk_) all.push_back(zone.stored);
  return all;
}

Status StoreModel::putZone(const StoredZone& zone, const HistoryEntry& event) {
  return write([&](Disk& disk) -> Status {
    disk[zone.apex].stored = zone;
    disk[zone.apex].history.push_back(event);
    return Done{};
  });
}

Status StoreModel::forgetZone(NameView apex) {
  return write([&](Disk& disk) -> Status {
    disk.erase(Name(apex));
    return Done{};
  });
}

Result<std::shared_ptr<const Zone>> StoreModel::content(NameView apex, Generation generation) {
  const auto zone = disk_.find(Name(apex));
  if (zone == disk_.end()) return Error{ErrorKind::NotFound, toText(apex), "is not there"};
  const auto content = zone->second.contents.find(generation);
  if (content == zone->second.contents.end())
    return Error{ErrorKind::NotFound, toText(apex), "has no generation " + std::to_string(generation)};
  return content->second;
}

Status StoreModel::commit(std::span<const ZoneCommit> batch) {
  return write([&](Disk& disk) -> Status {
    for (const ZoneCommit& each : batch) {
      DiskZone& zone = disk[Name(each.after->apex())];
      const Generation generation = each.entry.generation;
      if (zone.contents.contains(generation) || zone.stored.fence >= generation)
        return failed("generation " + std::to_string(generation) + " is not above the fence");
      zone.contents[generation] = each.after;
      zone.stored.fence = zone.stored.committed = generation;
      zone.history.push_back(each.entry);
    }
    ++commits;
    return Done{};
  });
}

Status StoreModel::takeBack(const StoredZone& stored) {
  return write([&](Disk& disk) -> Status {
    DiskZone& zone = disk[stored.apex];
    zone.stored = stored;
    zone.contents.erase(zone.contents.upper_bound(stored.fence), zone.contents.end());
    std::erase_if(zone.history, [&](const HistoryEntry& entry) {
      return entry.fate == Fate::Committed && entry.generation > stored.fence;
    });
    return Done{};
  });
}

Status StoreModel::record(NameView apex, const HistoryEntry& entry) {
  return write([&](Disk& disk) -> Status {
    const auto zone = disk.find(Name(apex));
    if (zone == disk.end()) return failed("there is no such zone");
    zone->second.history.push_back(entry);
    return Done{};
  });
}

Result<std::vector<HistoryEntry>> StoreModel::history(NameView apex, std::size_t limit, std::int64_t) {
  std::vector<HistoryEntry> entries = disk_[Name(apex)].history;
  std::reverse(entries.begin(), entries.end());
  entries.resize(std::min(entries.size(), limit));
  return entries;
}

Result<CleanUpReport> StoreModel::cleanUp(NameView apex, const Retention&, std::span<const Generation> inUse,
                                          WallTime) {
  Status done = write([&](Disk& disk) -> Status {
    std::erase_if(disk[Name(apex)].contents, [&](const auto& content) {
      return std::find(inUse.begin(), inUse.end(), content.first) == inUse.end();
    });
    return Done{};
  });
  if (!done) return std::move(done).error();
  return CleanUpReport();
}

}  // namespace holdfast::test
