// The guard's rule `floor`: the fewest targets, and the least capacity, that an endpoint may be left with.
#include <algorithm>

#include "zone/judge.h"

namespace holdfast {

namespace {

std::uint64_t capacityOf(RRsetView rrset, bool byWeight) noexcept {
  return byWeight ? weightOf(rrset) : rrset.count();
}

/// Those that are in use beside others: all of plain records, those with a weight of an endpoint.
std::uint64_t usedOf(RRsetView rrset) noexcept {
  std::uint64_t used = 0;
  for (unsigned i = 0; i < rrset.count(); ++i) used += !rrset.isEndpoint() || rrset.weight(i) > 0 ? 1 : 0;
  return used;
}

/// The weight that records without one would carry: what they had, or the average for a new address.
std::uint64_t capacityByOldWeights(RRsetView old, RRsetView now) noexcept {
  const std::uint64_t average = capacityOf(old, true) / old.count();
  std::uint64_t sum = 0;
  for (const auto rdata : now) {
    std::uint64_t weight = average;
    unsigned i = 0;
    for (const auto other : old) {
      if (std::ranges::equal(other, rdata)) weight = old.weight(i);
      ++i;
    }
    sum += weight;
  }
  return sum;
}

}  // namespace

std::uint32_t addressesOf(NodeView node) noexcept {
  std::uint32_t count = 0;
  for (const RRType type : kAddressTypes)
    if (const RRsetView rrset = node.find(type)) count += rrset.count();
  return count;
}

std::int64_t addressesOf(NodeView node, RRType type) noexcept {
  const RRsetView rrset = node ? node.find(type) : RRsetView();
  return rrset ? rrset.count() : 0;
}

/// The set that clients get: the name's own, or where it is an alias that of the endpoint it leads to.
NodeView Judge::effectiveSet(const Snapshot& snapshot, NodeView node) const {
  if (!node || !node.has(RRType::CNAME)) return node;
  return endOfChain(snapshot, node.name());
}

void Judge::judgeFloorOf(const Changed& changed) {
  const bool hasOwn = case_.policy.endpoints.find(changed.name()) != nullptr;
  // An alias that turns is held to the capacity it had only where it has a floor of its own: weights of
  // different endpoints need not be of one measure. So is what a DNAME makes of a name.
  const bool isMade = takesDnamesPlace(changed);
  const bool isAlias = changed.after ? changed.after.has(RRType::CNAME) : isMade;
  if (isAlias && !hasOwn && (!changed.before || addressesOf(changed.before) == 0)) return;
  const auto setIn = [&](const Snapshot& snapshot, NodeView node) {
    return !node && isMade ? endOfChain(snapshot, changed.name()) : effectiveSet(snapshot, node);
  };
  const NodeView before = hasOwn ? setIn(case_.served, changed.before) : changed.before;
  judgeFloor(changed.name(), before, setIn(case_.candidate, changed.after));
}

void Judge::judgeAliasFloor(NameView alias) {
  if (case_.policy.endpoints.find(alias) == nullptr || !alias.isAtOrBelow(case_.zone)) return;
  const NodeView before = before_ == nullptr ? NodeView() : before_->find(alias);
  const NodeView after = after_.find(alias);
  const bool isChanged = !before || !after || !std::ranges::equal(before.bytes(), after.bytes());
  if (!isChanged)  // else it was judged among the names that change
    judgeFloor(alias, effectiveSet(case_.served, before), effectiveSet(case_.candidate, after));
}

void Judge::judgeFloor(NameView name, NodeView before, NodeView after) {
  if (!after) return;
  const EndpointFloor* own = case_.policy.endpoints.find(name);
  const std::uint32_t least = own != nullptr && own->minTargets ? *own->minTargets : case_.policy.minTargets;
  const std::uint32_t percent =
      own != nullptr && own->minCapacityPercent ? *own->minCapacityPercent : case_.policy.minCapacityPercent;
  const std::uint32_t now = addressesOf(after);
  const std::uint32_t was = before ? addressesOf(before) : 0;
  // Where less is served than the floor wants, what is no worse passes: it may be mended step by step. Plain
  // address records (name servers, say) that are new may be fewer, too.
  const bool isWorse = was > 0 ? now < was : after.isEndpoint() || own != nullptr;
  if (now > 0 && now < least && isWorse)
    foundFloor(name, std::nullopt, counted(now, "targets"), "at least " + counted(least, "targets"),
               "below min-targets: allow=floor:NAME with a reason if that is meant");
  judgeWeights(name, before, after);
  if (!before) return;
  judgeCapacity(name, before.find(RRType::A), after.find(RRType::A), percent);
  judgeCapacity(name, before.find(RRType::AAAA), after.find(RRType::AAAA), percent);
}

/// Weight 0 is for when nothing else is left: an endpoint of nothing else has no capacity.
void Judge::judgeWeights(NameView name, NodeView before, NodeView after) {
  const Loss has = capacityOf(after);
  if (!after.isEndpoint() || has.weight > 0) return;
  if (before && before.isEndpoint() && capacityOf(before).weight == 0) return;
  foundFloor(name, std::nullopt, counted(has.targets, "targets") + ", all of weight 0",
             "at least 1 target with a weight",
             "without a weight there is no capacity: give one, or allow=floor:NAME with a reason");
}

void Judge::judgeCapacity(NameView name, RRsetView old, RRsetView now, std::uint32_t percent) {
  if (!old || !now) return;  // all gone is judged as an empty answer
  const bool byWeight = old.isEndpoint() && capacityOf(old, true) > 0;
  const std::uint64_t was = capacityOf(old, byWeight);
  const std::uint64_t is = byWeight && !now.isEndpoint() ? capacityByOldWeights(old, now)
                           : !old.isEndpoint()           ? usedOf(now)
                                                         : capacityOf(now, byWeight);
  if (is * 100 >= was * percent) return;
  const char* unit = byWeight ? " weight" : " records";
  foundFloor(
      name, old.type(),
      std::to_string(is) + " of " + std::to_string(was) + unit + " (" + std::to_string(is * 100 / was) + "%)",
      "at least " + std::to_string(percent) + "% of the capacity served",
      "below min-capacity: go in smaller steps, or allow=floor:NAME with a reason");
}

void Judge::foundFloor(NameView name, std::optional<RRType> type, std::string observed, std::string limit,
                       std::string detail) {
  floored_.emplace(name);
  found(Rule::Floor, name, type, std::move(observed), std::move(limit), std::move(detail));
}

}  // namespace holdfast
