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
  std::vector<LoadedZone> zones;
  for (StoredZone& zone : *stored) {
    std::shared_ptr<const Zone> served = std::make_shared<Zone>(zone.apex);
    if (!zone.removed && zone.committed > 0) {
      Result<std::shared_ptr<const Zone>> content = store_->content(zone.apex, zone.committed);
      if (content)
        served = *std::move(content);
      else
        loadProblems_.push_back(std::move(content).error());
    }
    zones.push_back({std::move(zone), std::move(served)});
  }
  path_.load(std::move(zones));
  return Done{};
}

}  // namespace holdfast
