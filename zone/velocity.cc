#include "zone/velocity.h"

namespace holdfast {

namespace {

Loss capacityOf(NodeView node) noexcept {
  Loss has;
  if (!node) return has;
  for (const RRsetView rrset : node) {
    if (!isAddressType(rrset.type())) continue;
    has.targets += rrset.count();
    if (rrset.isEndpoint())
      for (unsigned i = 0; i < rrset.count(); ++i) has.weight += rrset.weight(i);
  }
  has.endpoints = has.targets > 0 ? 1 : 0;
  return has;
}

}  // namespace

Losses lossesBetween(const Zone& before, const Zone& after) {
  Losses losses;
  NameTable::differences(before.names(), after.names(), [&](NodeView old, NodeView now) {
    const Loss had = capacityOf(old), has = capacityOf(now);
    const Loss loss{had.targets - has.targets, had.weight - has.weight, had.endpoints - has.endpoints};
    if (loss != Loss{}) losses.byEndpoint.emplace((old ? old : now).name(), loss);
    return true;
  });
  return losses;
}

void VelocityLedger::record(NameView zone, const Losses& losses, Time at) {
  Entries& entries = zones_[Name(zone)];
  for (const auto& [endpoint, loss] : losses.byEndpoint) entries.emplace(endpoint, Entry{at, loss});
}

std::shared_ptr<const Losses> VelocityLedger::standing(NameView zone, Time now, std::chrono::seconds window) {
  auto standing = std::make_shared<Losses>();
  Entries& entries = zones_[Name(zone)];
  std::erase_if(entries, [&](const auto& each) { return each.second.at + window <= now; });
  for (const auto& [endpoint, entry] : entries) {  // of one endpoint in the order they were recorded in
    Loss& sum = standing->byEndpoint[endpoint];
    sum.targets = std::max<std::int64_t>(0, sum.targets + entry.loss.targets);
    sum.weight = std::max<std::int64_t>(0, sum.weight + entry.loss.weight);
    sum.endpoints = std::max<std::int64_t>(0, sum.endpoints + entry.loss.endpoints);
  }
  std::erase_if(standing->byEndpoint, [](const auto& each) { return each.second == Loss{}; });
  return standing;
}

void VelocityLedger::forget(NameView zone) {
  zones_.erase(Name(zone));
}

}  // namespace holdfast
