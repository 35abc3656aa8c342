// What is done before the first query: loading what the store has committed.
#include "zone/publisher.h"

namespace holdfast {

Result<std::unique_ptr<Publisher>> Publisher::open(std::unique_ptr<PlanStore> store, Clock clock) {
  std::unique_ptr<Publisher> publisher(new Publisher(std::move(store), std::move(clock)));
  if (Status loaded = publisher->load(); !loaded) return std::move(loaded).error();
  return publisher;
}

Status Publisher::load() {
  Result<std::vector<StoredZone>> stored = store_->zones();
  if (!stored) return std::move(stored).error();
  const std::lock_guard lock(mutex_);
  std::vector<Snapshot::ZonePtr> served;
  for (StoredZone& zone : *stored) {
    ZoneState state;
    state.content = std::make_shared<Zone>(zone.apex);
    state.planned = zone.fence;
    if (!zone.removed && zone.committed > 0) {
      Result<std::shared_ptr<const Zone>> content = store_->content(zone.apex, zone.committed);
      if (content)
        state.content = *std::move(content);
      else
        loadProblems_.push_back(std::move(content).error());
    }
    if (!zone.removed) served.push_back(state.content);
    const Name apex = zone.apex;
    state.stored = std::move(zone);
    zones_.emplace(apex, std::move(state));
  }
  swap(std::make_unique<Snapshot>(std::move(served)));
  return Done{};
}

}  // namespace holdfast
