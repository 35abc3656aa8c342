#include "zone/zone.h"

#include <algorithm>

namespace holdfast {

void ZoneFacts::add(NodeView node, NameView apex, int sign) noexcept {
  if (!node) return;
  const auto unit = static_cast<std::uint64_t>(sign);  // modulo 2^64, so that -1 takes away
  bool hasAddresses = false, hasTargets = false;
  for (const RRsetView rrset : node) {
    records += unit * rrset.count();
    hasTargets = hasTargets || rrset.isEndpoint();
    if (isAddressType(rrset.type())) {
      hasAddresses = true;
      targets += unit * rrset.count();
      weight += unit * weightOf(rrset);
      continue;
    }
    if (rrset.type() == RRType::NS && node.name() != apex) cuts += unit;
    if (rrset.type() == RRType::DNAME) dnames += unit;
    if (rrset.type() == RRType::CNAME) cnames += unit;
  }
  if (hasAddresses) addressNames += unit;
  if (hasTargets) endpoints += unit;
  if (node.name().isWildcard()) wildcards += unit;
}

ZoneFacts& ZoneFacts::operator+=(const ZoneFacts& other) noexcept {
  for (const auto count : kFactCounts) this->*count += other.*count;
  return *this;
}

std::vector<RRset> ownedRRsets(NodeView node) {
  std::vector<RRset> owned;
  if (!node) return owned;
  for (const RRsetView rrset : node) owned.push_back(rrset.toOwned());
  return owned;
}

ZoneEdit::ZoneEdit(const Zone& base) : base_(base), names_(base.names()) {}

void ZoneEdit::setRRset(NameView name, RRset rrset) {
  rrset.canonicalise();
  std::vector<RRset> rrsets = ownedRRsets(find(name));
  const auto same = std::find_if(rrsets.begin(), rrsets.end(),
                                 [&](const RRset& other) { return other.type == rrset.type; });
  if (same == rrsets.end())
    rrsets.push_back(std::move(rrset));
  else
    *same = std::move(rrset);
  setRRsets(name, rrsets);
}

void ZoneEdit::removeRRset(NameView name, RRType type) {
  if (const NodeView node = find(name); !node || !node.has(type)) return;
  std::vector<RRset> rrsets = ownedRRsets(find(name));
  std::erase_if(rrsets, [&](const RRset& rrset) { return rrset.type == type; });
  setRRsets(name, rrsets);
}

void ZoneEdit::removeName(NameView name) {
  if (find(name)) setRRsets(name, {});
}

void ZoneEdit::setRRsets(NameView name, const std::vector<RRset>& rrsets) {
  const std::vector<RRset> sorted = settled(rrsets);
  const NodeView before = find(name);
  const std::uint32_t children = before ? before.children() : 0;
  const bool existed = static_cast<bool>(before);
  if (sorted.empty() && children == 0) {
    if (!existed) return;
    names_.erase(name);
    if (name != apex()) dropChild(name.parent());
    return;
  }
  std::string node = encodeNode(name, children, sorted);
  if (existed &&
      std::ranges::equal(node, before.bytes(), {}, {}, [](std::uint8_t c) { return static_cast<char>(c); }))
    return;  // unchanged: keep sharing it
  names_.put(name, std::move(node));
  if (!existed && name != apex()) addChild(name.parent());
}

void ZoneEdit::addChild(NameView parent) {
  const NodeView node = find(parent);
  if (node) {
    names_.put(parent, withChildren(node, node.children() + 1));
    return;
  }
  names_.put(parent, encodeNode(parent, 1, {}));  // an empty non-terminal comes to be
  if (parent != apex()) addChild(parent.parent());
}

void ZoneEdit::dropChild(NameView parent) {
  const NodeView node = find(parent);
  if (!node) return;
  if (node.children() > 1 || node.rrsetCount() > 0) {
    names_.put(parent, withChildren(node, node.children() - 1));
    return;
  }
  names_.erase(parent);
  if (parent != apex()) dropChild(parent.parent());
}

std::shared_ptr<const Zone> ZoneEdit::finish(Generation generation, std::uint32_t serial,
                                             WallTime committedAt) {
  auto zone = std::make_shared<Zone>(Name(base_.apex()));
  zone->generation_ = generation;
  zone->serial_ = serial;
  zone->committedAt_ = committedAt;
  zone->firstCommittedAt_ = base_.hasContent() ? base_.firstCommittedAt() : committedAt;
  zone->facts_ = base_.facts();
  names_.forEachChange([&](NodeView before, NodeView after) {
    zone->facts_.add(before, apex(), -1);
    zone->facts_.add(after, apex(), 1);
  });
  finishAliases(*zone);
  finishDenial(*zone);
  zone->negativeSoa_ = NegativeSoa(zone->apexNode());
  return zone;
}

void ZoneEdit::finishAliases(Zone& zone) const {
  std::vector<std::string> added, removed;
  names_.forEachChange([&](NodeView before, NodeView after) {
    std::vector<std::string> was = AliasIndex::keysOf(before), is = AliasIndex::keysOf(after);
    if (was == is) return;
    std::ranges::move(was, std::back_inserter(removed));
    std::ranges::move(is, std::back_inserter(added));
  });
  const bool isSame = added.empty() && removed.empty();
  zone.aliases_ = isSame ? base_.aliases()
                         : AliasIndex(base_.aliases().keys().with(std::move(added), std::move(removed)));
}

/// The names and, in work of the order of the change where the way of denying stays, their chain.
void ZoneEdit::finishDenial(Zone& zone) {
  const DenialIndex& old = base_.denial();
  auto nsec3 = DenialIndex::parametersOf(find(apex()));
  const bool isSameWay = nsec3 == old.nsec3();
  std::vector<std::string> added, removed;
  names_.forEachChange([&](NodeView before, NodeView after) {
    auto was = DenialIndex::keyOf(before, apex(), nsec3);
    auto is = DenialIndex::keyOf(after, apex(), nsec3);
    if (was == is) return;
    if (was) removed.push_back(*std::move(was));
    if (is) added.push_back(*std::move(is));
  });
  zone.names_ = names_.finish();
  if (isSameWay) {
    const bool isSame = added.empty() && removed.empty();
    zone.denial_ =
        isSame ? old : DenialIndex(std::move(nsec3), old.keys().with(std::move(added), std::move(removed)));
    return;
  }
  added.clear();
  zone.names_.forEach([&](NodeView node) {
    if (auto key = DenialIndex::keyOf(node, apex(), nsec3)) added.push_back(*std::move(key));
    return true;
  });
  zone.denial_ = DenialIndex(std::move(nsec3), KeyTree().with(std::move(added), {}));
}

}  // namespace holdfast
