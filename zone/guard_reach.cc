// Which names a change reaches that it does not list: through aliases, under a new cut or DNAME, or by a new
// name that keeps a wildcard from covering others. Found by the index of aliases, so that the work follows
// the change; only a cut or DNAME put above names that exist, a DNAME that turns or goes, and a zone's first
// content look at more.
#include <algorithm>
#include <array>

#include "zone/judge.h"

namespace holdfast {

namespace {

/// Names that DNAMEs make can be made without end where one leads to above itself: each name goes through so
/// many in a row at most, and such a one is the last. Deeper names are answered as those asked for are.
constexpr std::size_t kMaxDnames = 3;

RRsetView find(NodeView node, RRType type) noexcept {
  return node ? node.find(type) : RRsetView();
}

bool differs(NodeView before, NodeView after, RRType type) noexcept {
  const RRsetView old = find(before, type), now = find(after, type);
  if (!old || !now) return static_cast<bool>(old) != static_cast<bool>(now);
  return !std::ranges::equal(old.bytes(), now.bytes());
}

bool has(NodeView node, RRType type) noexcept {
  return static_cast<bool>(find(node, type));
}

bool isHeld(const Snapshot& served, NameView name) noexcept {
  const Zone* zone = served.findZone(HashedName(name));
  return zone != nullptr && zone->find(name);
}

/// Whether the wildcard `source` of the zone is what the served snapshot makes of the name.
bool isCovered(const Snapshot& served, NameView name, NameView source) noexcept {
  const HashedName hashed(name);
  const Zone* zone = served.findZone(hashed);
  if (zone == nullptr || !zone->hasContent()) return false;
  const Lookup found = lookup(*zone, hashed, RRType{0});
  return found.wildcard && found.node.name() == source;
}

/// Whether there are names below, or a wildcard or DNAME makes any there.
bool answersBelow(const Snapshot& served, NameView owner, NodeView node) {
  if (node && node.children() > 0) return true;
  const Result<Name> any = Name(owner).child("*");
  if (!any) return false;
  const HashedName hashed(*any);
  const Zone* zone = served.findZone(hashed);
  if (zone == nullptr || !zone->hasContent()) return false;
  const Lookup found = lookup(*zone, hashed, RRType{0});
  return found.wildcard || found.found == Found::Dname;
}

}  // namespace

void Judge::judgeReached() {
  std::vector<NameView> tops;  // what hides names that exist, or hid them
  bool turnsDname = false;
  for (const Changed changed : changedNames()) {
    if (changed.isPlain && (!changed.before || case_.policy.endpoints.empty())) continue;
    const NodeView before = changed.before, after = changed.after;
    const bool isApex = changed.name() == case_.zone;
    const bool turnsCut = !isApex && has(before, RRType::NS) != has(after, RRType::NS);
    const bool dname = differs(before, after, RRType::DNAME);
    const bool below = !before || turnsCut || dname;
    const bool guardsFloors = !case_.policy.endpoints.empty() && before && addressesOf(before) > 0;
    if (below || !after || guardsFloors || !keepsTypes(before, after) ||
        differs(before, after, RRType::CNAME))
      reach({Name(changed.name()), below});
    turnsDname =
        turnsDname ||
        (dname && (has(before, RRType::DNAME) || answersBelow(case_.served, changed.name(), before)));
    const bool hides = dname || (turnsCut && has(after, RRType::NS));
    if (hides && before && before.children() > 0) tops.push_back(changed.name());
  }
  if (before_ == nullptr) {
    // A zone's first content may cover names of a zone above it.
    reach({Name(case_.zone), true});
    const Zone* above = case_.served.findZone(HashedName(case_.zone));
    if (above != nullptr && above->hasContent()) judgeHidden(*above, {case_.zone});
    for (const auto& zone : case_.served.zones())
      if (zone->apex().isBelow(case_.zone)) judgeTypesOf(zone->apex());
  } else if (!tops.empty()) {
    judgeHidden(*before_, std::move(tops));
  }
  while (!toFollow_.empty() && hasTime()) {
    const Reached reached = std::move(toFollow_.back());
    toFollow_.pop_back();
    for (const auto& zone : case_.served.zones()) {
      if (zone->facts().cnames > 0) reachAliases(reached, *zone);
      if (zone->facts().dnames > 0) reachThroughDnames(reached, *zone);
    }
  }
  if (turnsDname) judgeBelowDnames();
}

void Judge::reach(Reached reached) {
  if (reached_.emplace(reached.name, reached.below).second) toFollow_.push_back(std::move(reached));
}

/// Asks for the CNAMEs that lead to what is reached, and has those followed in turn.
void Judge::reachAliases(const Reached& reached, const Zone& zone) {
  const auto ask = [&](NameView owner, NameView) {
    ++verdict_.looked;
    const Name name(owner);
    if (!reached_.contains({name, false})) {
      judgeTypesOf(owner);
      judgeAliasFloor(owner);
      reach({name});
    }
    return hasTime();
  };
  zone.aliases().cnamesTo(reached.name, reached.below, ask);
  if (!reached.name.view().isWildcard()) return;
  // What a wildcard makes is any name below its parent. One that a DNAME made is not found by looking it up.
  const bool isServed = isHeld(case_.served, reached.name);
  zone.aliases().cnamesTo(reached.name.view().parent(), true, [&](NameView owner, NameView target) {
    ++verdict_.looked;
    if (isServed && !isCovered(case_.served, target, reached.name)) return hasTime();
    return ask(owner, target);
  });
}

/// Asks for the names that DNAMEs make of what is reached, and has those followed in turn.
void Judge::reachThroughDnames(const Reached& reached, const Zone& zone) {
  if (reached.through.size() >= kMaxDnames) return;
  const NameView name = reached.name;
  // A DNAME that leads to what is reached as a whole, or to what a wildcard makes: so are all names it makes.
  const bool isWildcard = name.isWildcard();
  if (reached.below || isWildcard)
    zone.aliases().dnamesTo(isWildcard ? name.parent() : name, true, [&](NameView owner, NameView) {
      ++verdict_.looked;
      if (const Result<Name> any = Name(owner).child("*")) judgeTypesOf(*any);
      reach({Name(owner), true});
      return hasTime();
    });
  for (NameView target = name; !target.isRoot() && hasTime();) {
    target = target.parent();
    zone.aliases().dnamesTo(target, false, [&](NameView owner, NameView) {
      ++verdict_.looked;
      if (std::ranges::find(reached.through, Name(owner)) != reached.through.end()) return hasTime();
      std::array<std::uint8_t, kMaxNameOctets> buffer{};
      const std::size_t size = substituteDname(name, target, owner, buffer);
      if (size == 0) return hasTime();
      Reached made{Name(NameView(buffer.data(), size)), reached.below, reached.through};
      made.through.emplace_back(owner);
      if (owner.isAtOrBelow(target)) made.through.resize(kMaxDnames);
      judgeTypesOf(made.name);
      if (made.below)
        if (const Result<Name> any = made.name.child("*")) judgeTypesOf(*any);
      reach(std::move(made));
      return hasTime();
    });
  }
}

/// Asks for every name of the zone at or below one of `tops`.
void Judge::judgeHidden(const Zone& zone, std::vector<NameView> tops) {
  std::sort(tops.begin(), tops.end());
  zone.names().forEach([&](NodeView node) {
    ++verdict_.looked;
    for (NameView up = node.name();; up = up.parent()) {
      if (std::binary_search(tops.begin(), tops.end(), up)) {
        judgeTypesOf(node.name());
        reach({Name(node.name())});
        break;
      }
      if (up.size() <= zone.apex().size()) break;
    }
    return hasTime();
  });
}

/// What a DNAME makes of a name changes with that name, so where one turns or ends, every name is asked for
/// under those that the DNAMEs give it. The same for one that is put where names were answered. What exists
/// below the new target counts too: where a wildcard answered for all names before, those answer for
/// themselves.
void Judge::judgeBelowDnames() {
  for (const auto& zone : case_.served.zones())
    zone->aliases().dnamesTo(Name().view(), true, [&](NameView owner, NameView target) {
      const NodeView node = zone->find(owner);
      const bool turns = zone.get() == before_ && differs(node, after_.find(owner), RRType::DNAME);
      dnames_.push_back({node, Name(target), turns});
      return hasTime();
    });
  for (const Changed changed : changedNames()) {
    const RRsetView made = find(changed.after, RRType::DNAME);
    if (!made || !differs(changed.before, changed.after, RRType::DNAME)) continue;
    const Name target(NameView(made.front().data(), made.front().size()));
    dnames_.push_back({changed.after, target, has(changed.before, RRType::DNAME)});
  }
  std::vector<const ServedDname*> passed;
  for (const auto& zone : case_.served.zones()) {
    const bool finished = zone->names().forEach([&](NodeView node) {
      ++verdict_.looked;
      judgeThroughDnames(node.name(), passed);
      return hasTime();
    });
    if (!finished) return;
  }
  for (const Changed changed : changedNames())
    if (!changed.before) judgeThroughDnames(changed.name(), passed);
}

void Judge::judgeThroughDnames(NameView name, std::vector<const ServedDname*>& passed) {
  for (const ServedDname& dname : dnames_) {
    if (!name.isBelow(dname.target) || !hasTime()) continue;
    if (std::find(passed.begin(), passed.end(), &dname) != passed.end()) continue;
    std::array<std::uint8_t, kMaxNameOctets> buffer{};
    const std::size_t size = substituteDname(name, dname.target, dname.node.name(), buffer);
    if (size == 0) continue;
    const NameView seen(buffer.data(), size);
    judgeTypesOf(seen);
    if (dname.turns) collectTurned(seen);
    const bool isNested = dname.node.name().isAtOrBelow(dname.target);
    if (isNested || passed.size() + 1 == kMaxDnames) continue;
    passed.push_back(&dname);
    judgeThroughDnames(seen, passed);
    passed.pop_back();
  }
}

}  // namespace holdfast
