#include "tests/zone/slow_store.h"

namespace holdfast::test {

void SlowStore::holdCommits(bool holds) {
  const std::lock_guard lock(mutex_);
  holdsCommits_ = holds;
  changed_.notify_all();
}

void SlowStore::holdRecords(bool holds) {
  const std::lock_guard lock(mutex_);
  holdsRecords_ = holds;
  changed_.notify_all();
}

void SlowStore::failEvery(unsigned n) {
  const std::lock_guard lock(mutex_);
  failEvery_ = n;
}

void SlowStore::failRecords(bool fails) {
  const std::lock_guard lock(mutex_);
  failsRecords_ = fails;
}

void SlowStore::awaitCommits(std::size_t begun) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return begun_ >= begun; });
}

std::size_t SlowStore::commits() const {
  const std::lock_guard lock(mutex_);
  return transactions_.size();
}

std::vector<std::map<Name, Generation>> SlowStore::transactions() const {
  const std::lock_guard lock(mutex_);
  return transactions_;
}

bool SlowStore::isDurable(NameView zone, Generation generation) const {
  const std::lock_guard lock(mutex_);
  const auto found = disk_.find(Name(zone));
  return found != disk_.end() && found->second.contents.contains(generation);
}

std::vector<HistoryEntry> SlowStore::lines(NameView zone) const {
  const std::lock_guard lock(mutex_);
  const auto found = disk_.find(Name(zone));
  return found == disk_.end() ? std::vector<HistoryEntry>() : found->second.history;
}

Result<std::vector<StoredZone>> SlowStore::zones() {
  const std::lock_guard lock(mutex_);
  return model_.zones();
}

Status SlowStore::putZone(const StoredZone& zone, const HistoryEntry& event) {
  const std::lock_guard lock(mutex_);
  return model_.putZone(zone, event);
}

Status SlowStore::forgetZone(NameView apex) {
  const std::lock_guard lock(mutex_);
  return model_.forgetZone(apex);
}

Result<std::shared_ptr<const Zone>> SlowStore::content(NameView apex, Generation generation) {
  const std::lock_guard lock(mutex_);
  return model_.content(apex, generation);
}

Status SlowStore::commit(std::span<const ZoneCommit> commits) {
  std::unique_lock lock(mutex_);
  ++begun_;
  changed_.notify_all();
  changed_.wait(lock, [&] { return !holdsCommits_; });
  if (failEvery_ != 0 && begun_ % failEvery_ == 0)
    model_.next = begun_ % 2 == 0 ? Fault::Fails : Fault::FailsDurably;
  Status done = model_.commit(commits);
  if (!done) return done;
  std::map<Name, Generation>& transaction = transactions_.emplace_back();
  for (const ZoneCommit& each : commits) transaction[Name(each.after->apex())] = each.entry.generation;
  return done;
}

Status SlowStore::takeBack(const StoredZone& zone) {
  const std::lock_guard lock(mutex_);
  return model_.takeBack(zone);
}

Status SlowStore::record(NameView apex, const HistoryEntry& entry) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !holdsRecords_; });
  if (failsRecords_) return Error{ErrorKind::Store, "model", "no space"};
  return model_.record(apex, entry);
}

Result<std::vector<HistoryEntry>> SlowStore::history(NameView apex, std::size_t limit,
                                                     std::int64_t beforeId) {
  const std::lock_guard lock(mutex_);
  return model_.history(apex, limit, beforeId);
}

}  // namespace holdfast::test
