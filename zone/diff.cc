#include "zone/diff.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "zone/record_text.h"

namespace holdfast {

namespace {

std::vector<std::string> recordTexts(const RRset& rrset) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < rrset.rdata.size(); ++i) {
    const std::string& rdata = rrset.rdata[i];
    std::string text =
        rdataText(rrset.type, {reinterpret_cast<const std::uint8_t*>(rdata.data()), rdata.size()});
    if (rrset.isEndpoint()) text += " (weight " + std::to_string(rrset.targets[i].weight) + ")";
    texts.push_back(std::move(text));
  }
  std::sort(texts.begin(), texts.end());
  return texts;
}

RRsetChange changeOf(const RRset& before, const RRset& after) {
  RRsetChange change;
  change.type = before.type;
  change.recordsBefore = static_cast<std::uint32_t>(before.rdata.size());
  change.recordsAfter = static_cast<std::uint32_t>(after.rdata.size());
  change.capacityBefore = before.capacity();
  change.capacityAfter = after.capacity();
  change.ttlBefore = before.ttl;
  change.ttlAfter = after.ttl;
  const auto old = recordTexts(before);
  const auto now = recordTexts(after);
  std::set_difference(now.begin(), now.end(), old.begin(), old.end(), std::back_inserter(change.added));
  std::set_difference(old.begin(), old.end(), now.begin(), now.end(), std::back_inserter(change.removed));
  return change;
}

NameChange changeOf(NodeView before, NodeView after) {
  NameChange change;
  change.name = Name((before ? before : after).name());
  change.isEndpoint = (before && before.isEndpoint()) || (after && after.isEndpoint());
  change.before = supplyOf(before);
  change.after = supplyOf(after);
  std::map<RRType, std::pair<RRset, RRset>> byType;
  for (RRset& rrset : ownedRRsets(before)) byType[rrset.type].first = std::move(rrset);
  for (RRset& rrset : ownedRRsets(after)) byType[rrset.type].second = std::move(rrset);
  for (auto& [type, sides] : byType) {
    sides.first.type = type;
    sides.second.type = type;
    if (type != RRType::SOA && sides.first != sides.second)
      change.rrsets.push_back(changeOf(sides.first, sides.second));
  }
  return change;
}

bool hasData(NodeView node) noexcept {
  return node && node.rrsetCount() > 0;
}

/// Whether every RRset of `a` but the SOA stands in `b` unchanged.
bool isWithin(NodeView a, NodeView b) noexcept {
  if (!hasData(a)) return true;
  for (const RRsetView rrset : a) {
    if (rrset.type() == RRType::SOA) continue;
    const RRsetView other = b ? b.find(rrset.type()) : RRsetView();
    if (!other || !std::ranges::equal(rrset.bytes(), other.bytes())) return false;
  }
  return true;
}

/// Or only the SOA or the number of children differs.
bool isTold(NodeView before, NodeView after) noexcept {
  return !isWithin(before, after) || !isWithin(after, before);
}

}  // namespace

Supply& Supply::operator+=(const Supply& other) noexcept {
  targets += other.targets;
  capacity += other.capacity;
  return *this;
}

Supply supplyOf(NodeView node) noexcept {
  Supply supply;
  if (!node) return supply;
  for (const RRsetView rrset : node) {
    if (!rrset.isEndpoint()) continue;
    supply.targets += rrset.count();
    for (unsigned i = 0; i < rrset.count(); ++i) supply.capacity += rrset.weight(i);
  }
  return supply;
}

Supply supplyOf(const Zone& zone) {
  Supply supply;
  zone.names().forEach([&](NodeView node) {
    supply += supplyOf(node);
    return true;
  });
  return supply;
}

Diff summaryOf(const std::vector<NodeChange>& changes) {
  Diff diff;
  for (const auto& [old, now] : changes) {
    if (!isTold(old, now)) continue;
    diff.before += supplyOf(old);
    diff.after += supplyOf(now);
    ++(!hasData(old) ? diff.namesAdded : !hasData(now) ? diff.namesRemoved : diff.namesChanged);
  }
  return diff;
}

Diff joined(const std::vector<Diff>& parts, const NodeChanges& changes, std::size_t limit) {
  Diff all;
  for (const Diff& part : parts) {
    all.before += part.before;
    all.after += part.after;
    all.namesAdded += part.namesAdded;
    all.namesRemoved += part.namesRemoved;
    all.namesChanged += part.namesChanged;
  }
  const std::uint64_t names = all.namesAdded + all.namesRemoved + all.namesChanged;
  const std::size_t listed = std::min<std::uint64_t>(limit, names);
  all.truncated = listed < names;
  for (auto at = changes.begin(); all.changes.size() < listed; ++at)
    if (isTold((*at).before, (*at).after)) all.changes.push_back(changeOf((*at).before, (*at).after));
  std::ranges::sort(all.changes, {}, &NameChange::name);
  return all;
}

Diff diffZones(const Zone& before, const Zone& after, std::size_t limit) {
  const NodeChanges changes(before.names(), after.names());
  std::vector<Diff> parts;
  for (const NodeChanges::Part& part : changes.parts()) parts.push_back(summaryOf(part.changes));
  return joined(parts, changes, limit);
}

}  // namespace holdfast
