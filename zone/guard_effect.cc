// The guard's rule that no answer disappears by accident (I2): what the served snapshot answers positively as
// a client sees it, the candidate must answer positively too.
#include <algorithm>
#include <array>

#include "zone/judge.h"
#include "zone/record_text.h"

namespace holdfast {

namespace {

std::string_view describe(Effect effect) noexcept {
  switch (effect) {
    case Effect::Positive:
      return "a positive answer";
    case Effect::Leaves:
      return "an alias to a name outside the zones held";
    case Effect::Referral:
      return "a referral";
    case Effect::NoData:
      return "NODATA";
    case Effect::NxDomain:
      return "NXDOMAIN";
    case Effect::Unserved:
      return "an alias into a zone without content";
    case Effect::Failed:
      return "a loop or overlong chain";
  }
  return "";
}

bool isWorse(Effect before, Effect after) noexcept {
  if (before == Effect::Positive) return after != Effect::Positive;
  if (before == Effect::Leaves) return after != Effect::Positive && after != Effect::Leaves;
  // A delegation that goes takes the whole zone below it along.
  return before == Effect::Referral && after != Effect::Positive && after != Effect::Referral;
}

bool isAlias(NodeView node) noexcept {
  return node.has(RRType::CNAME) || node.has(RRType::DNAME);
}

/// Whether every type `before` has is still in `after`.
bool keepsTypes(NodeView before, NodeView after) noexcept {
  for (const RRsetView rrset : before)
    if (!after.has(rrset.type())) return false;
  return true;
}

/// Whether `after` has a type that changes what other names answer and `before` has not, or has otherwise.
bool redirects(NodeView before, NodeView after) noexcept {
  for (const RRType type : {RRType::NS, RRType::CNAME, RRType::DNAME}) {
    const RRsetView now = after.find(type);
    if (!now) continue;
    const RRsetView old = before ? before.find(type) : RRsetView();
    if (!old || (type != RRType::NS && !std::ranges::equal(now.bytes(), old.bytes()))) return true;
  }
  return false;
}

}  // namespace

void Judge::judgeEffects() {
  judgeChangedEffects();

  // A change can reach names it does not list: through aliases, under a new cut or DNAME, or by a new name
  // that keeps a wildcard from covering others. Only then are more names asked.
  bool loses = false;
  bool losesDname = false;
  bool shadows = before_ == nullptr;  // a zone's first content may cover names of a zone above it
  bool adds = false;
  for (const Changed& changed : changed_) {
    if (changed.before && (!changed.after || !keepsTypes(changed.before, changed.after))) loses = true;
    if (changed.before && changed.before.has(RRType::DNAME) &&
        (!changed.after || !changed.after.has(RRType::DNAME)))
      losesDname = true;
    if (!changed.before) adds = true;
    if (changed.after && redirects(changed.before, changed.after)) shadows = true;
  }
  ZoneFacts all;
  for (const auto& zone : case_.served.zones()) {
    all.cnames += zone->facts().cnames;
    all.dnames += zone->facts().dnames;
    all.wildcards += zone->facts().wildcards;
  }
  const bool uncovers = adds && all.wildcards + all.dnames > 0;
  if (!loses && !shadows && !uncovers) return;
  if (shadows || all.cnames + all.dnames > 0) judgeAliases(shadows);
  if (all.dnames > 0) judgeBelowDnames(shadows || losesDname);
}

void Judge::judgeChangedEffects() {
  for (const Changed& changed : changed_) {
    if (!hasTime()) return;
    judgeTypesOf(changed.name());
    if (changed.before) continue;
    // A name that comes to be is the closest encloser of what lies below it now, so a wildcard or DNAME
    // further up no longer is. "*.NAME" asks for all of those at once: no longer existing, it got the old
    // wildcard's answer, and if it exists now it is what they get.
    if (const Result<Name> below = Name(changed.name()).child("*")) judgeTypesOf(*below);
  }
}

void Judge::judgeAliases(bool everyName) {
  for (const auto& zone : case_.served.zones()) {
    // Other than by an alias, the change reaches names at or below its own apex only.
    const bool near = zone->apex().isAtOrBelow(case_.zone) || case_.zone.isAtOrBelow(zone->apex());
    const bool asksAll = everyName && near;
    if (!asksAll && zone->facts().cnames + zone->facts().dnames == 0) continue;
    const bool finished = zone->names().forEach([&](NodeView node) {
      if ((asksAll && node.name().isAtOrBelow(case_.zone)) || isAlias(node)) judgeTypesOf(node.name());
      return hasTime();
    });
    if (!finished) return;
  }
}

/// What a DNAME makes of a name changes with that name, so the changed names and all aliases are asked for;
/// where the change redirects or ends a DNAME, every name is.
void Judge::judgeBelowDnames(bool everyName) {
  const auto forEachIn = [&](auto isWanted, const std::function<void(NodeView)>& visit) {
    for (const auto& zone : case_.served.zones()) {
      if (!isWanted(zone->facts())) continue;
      const bool finished = zone->names().forEach([&](NodeView node) {
        visit(node);
        return hasTime();
      });
      if (!finished) return;
    }
  };
  const auto hasDnames = [](const ZoneFacts& facts) { return facts.dnames > 0; };
  forEachIn(hasDnames, [&](NodeView node) {
    const RRsetView dname = node.find(RRType::DNAME);
    if (!dname) return;
    std::array<std::uint8_t, kMaxNameOctets> buffer{};
    dnames_.push_back({node, Name(canonicalName(dname.front(), buffer))});
  });
  const auto mayAsk = [&](const ZoneFacts& facts) { return everyName || facts.cnames + facts.dnames > 0; };
  std::vector<const ServedDname*> passed;
  forEachIn(mayAsk, [&](NodeView node) {
    if (everyName || isAlias(node)) judgeThroughDnames(node.name(), passed);
  });
  for (const Changed& changed : changed_) {
    judgeThroughDnames(changed.name(), passed);
    if (changed.before) continue;
    if (const Result<Name> below = Name(changed.name()).child("*")) judgeThroughDnames(*below, passed);
  }
}

/// Asks for `name` under every other name that DNAMEs give it, one after another. Names can be made without
/// end where a DNAME leads to above itself, so each is gone through once, such a one as the last, and no more
/// than kMaxDnames in a row: deeper names are answered as those asked for are.
void Judge::judgeThroughDnames(NameView name, std::vector<const ServedDname*>& passed) {
  constexpr std::size_t kMaxDnames = 3;
  for (const ServedDname& dname : dnames_) {
    if (!name.isBelow(dname.target) || !hasTime()) continue;
    if (std::find(passed.begin(), passed.end(), &dname) != passed.end()) continue;
    std::array<std::uint8_t, kMaxNameOctets> buffer{};
    const std::size_t size = substituteDname(name, dname.target, dname.node.name(), buffer);
    if (size == 0) continue;
    const NameView seen(buffer.data(), size);
    judgeTypesOf(seen);
    const bool isNested = dname.node.name().isAtOrBelow(dname.target);
    if (isNested || passed.size() + 1 == kMaxDnames) continue;
    passed.push_back(&dname);
    judgeThroughDnames(seen, passed);
    passed.pop_back();
  }
}

void Judge::judgeTypesOf(NameView name) {
  const Zone* zone = case_.served.findZone(HashedName(name));
  if (zone == nullptr || !zone->hasContent()) return;
  // The DS of a zone held is the parent's to answer, whatever the zone itself holds.
  if (zone->apex() == name) judgeEffect(name, RRType::DS);
  const Lookup at = lookup(*zone, HashedName(name), RRType{0});
  if (at.found == Found::Delegation) {
    if (at.node.name() != name) return;  // what lies below a cut is not ours to answer
    judgeEffect(name, RRType::NS);
    if (at.node.has(RRType::DS)) judgeEffect(name, RRType::DS);
    return;
  }
  if (at.found == Found::Cname) judgeEffect(name, RRType::CNAME);
  const NodeView end = endOfChain(case_.served, name);
  if (!end) {
    if (at.found == Found::Cname || at.found == Found::Dname) judgeEffect(name, RRType::A);
    return;
  }
  for (const RRsetView rrset : end)
    if (!isDenialType(rrset.type())) judgeEffect(name, rrset.type());
}

void Judge::judgeEffect(NameView name, RRType type) {
  if (isNamed(name, type)) return;
  const Effect before = effectOf(case_.served, name, type);
  const Effect after = effectOf(case_.candidate, name, type);
  if (!isWorse(before, after) || !judgedEffects_.emplace(Name(name), type).second) return;
  found(Rule::EmptyAnswer, name, type, std::string(describe(after)), std::string(describe(before)),
        "clients that get an answer now would get none: keep it, or name \"" + toText(name) + "/" +
            toText(type) + "\" in \"remove\"");
}

}  // namespace holdfast
