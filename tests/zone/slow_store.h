#pragma once

#include <condition_variable>
#include <mutex>

#include "tests/zone/store_model.h"

namespace holdfast::test {

/// A modelled store for many threads that counts what it does, and lets a test hold it up or make it fail.
class SlowStore : public PlanStore {
 public:
  /// Commits wait from now on, or go on.
  void holdCommits(bool holds);
  void holdRecords(bool holds);
  /// Every n-th commit fails; 0: none.
  void failEvery(unsigned n);
  void failRecords(bool fails);
  /// Until so many commits have begun, held up or not.
  void awaitCommits(std::size_t begun);

  std::size_t commits() const;
  /// The generations that each transaction made durable, in order.
  std::vector<std::map<Name, Generation>> transactions() const;
  bool isDurable(NameView zone, Generation generation) const;
  std::vector<HistoryEntry> lines(NameView zone) const;  ///< oldest first

  Result<std::vector<StoredZone>> zones() override;
  Status putZone(const StoredZone& zone, const HistoryEntry& event) override;
  Status forgetZone(NameView apex) override;
  Result<std::shared_ptr<const Zone>> content(NameView apex, Generation generation) override;
  Status commit(std::span<const ZoneCommit> commits) override;
  Status takeBack(const StoredZone& zone) override;
  Status record(NameView apex, const HistoryEntry& entry) override;
  Result<std::vector<HistoryEntry>> history(NameView apex, std::size_t limit, std::int64_t beforeId) override;

 private:
  mutable std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  bool holdsCommits_ = false, holdsRecords_ = false, failsRecords_ = false;
  unsigned failEvery_ = 0;
  std::size_t begun_ = 0;
  std::vector<std::map<Name, Generation>> transactions_;
  Disk disk_;
  StoreModel model_{disk_};
};

}  // namespace holdfast::test
