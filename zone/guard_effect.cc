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

}  // namespace

void Judge::judgeChangedEffects() {
  for (const Changed changed : changedNames()) {
    if (!hasTime()) return;
    if (changed.isPlain) {
      ++verdict_.looked;
      continue;
    }
    judgeTypesOf(changed.name());
    const bool existed = changed.before && !changed.before.isHidden();
    if (existed && !changed.before.has(RRType::DNAME)) continue;
    // A name that comes to be is the closest encloser of what lies below it now, so a wildcard or DNAME
    // further up no longer is. "*.NAME" asks for all of those at once: no longer existing, it got the old
    // wildcard's answer, and if it exists now it is what they get. Below a DNAME it stands for all names that
    // a wildcard at the DNAME's target answers.
    if (const Result<Name> below = Name(changed.name()).child("*")) judgeTypesOf(*below);
  }
}

void Judge::judgeTypesOf(NameView name) {
  ++verdict_.looked;
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
  if (at.found == Found::Cname || at.found == Found::Dname) judgeEffect(name, RRType::CNAME);
  const NodeView end = endOfChain(case_.served, name);
  if (!end) {
    if (at.found == Found::Cname || at.found == Found::Dname) judgeEffect(name, RRType::A);
    return;
  }
  for (const RRsetView rrset : end)
    if (!isDenialType(rrset.type())) judgeEffect(name, rrset.type());
}

void Judge::judgeEffect(NameView name, RRType type) {
  if (isNamed(name, type) || (!told_.empty() && told_.contains(Name(name)))) return;
  const Effect before = effectOf(case_.served, name, type);
  const Effect after = effectOf(case_.candidate, name, type);
  if (!isWorse(before, after) || !judgedEffects_.emplace(Name(name), type).second) return;
  found(Rule::EmptyAnswer, name, type, std::string(describe(after)), std::string(describe(before)),
        "clients that get an answer now would get none: keep it, or name \"" + toText(name) + "/" +
            toText(type) + "\" in \"remove\"");
}

}  // namespace holdfast
