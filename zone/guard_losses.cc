// What a plan takes from the endpoints of its zone, or gives them: by what names hold, and where an alias
// turns by what clients get under it.
#include "zone/judge.h"

namespace holdfast {

namespace {

bool isAlias(NodeView node) noexcept {
  return node && node.has(RRType::CNAME);
}

bool isMadeByDname(const Zone* zone, NodeView node, NameView name) noexcept {
  return !node && zone != nullptr && zone->facts().dnames > 0 &&
         lookup(*zone, HashedName(name), RRType{0}).found == Found::Dname;
}

}  // namespace

/// REQUIRES: judgeReached() was called, which finds what lies under a DNAME that turns.
void Judge::collectLosses() {
  // What is new settles losses that stand, and where none do it is nothing to keep in mind.
  const bool nothingStands = case_.velocity == nullptr || case_.velocity->lost.size() == 0;
  for (const Changed changed : changedNames()) {
    if (!hasTime()) return;
    if (changed.isPlain && !changed.before && nothingStands) continue;
    EndpointLoss loss = lossBetween(changed.before, changed.after);
    if (turnsAlias(changed.before, changed.after) || takesDnamesPlace(changed))
      setAnswered(loss, changed.name());
    if (loss != EndpointLoss{}) losses_.byEndpoint.insert_or_assign(Name(changed.name()), loss);
  }
}

void Judge::collectTurned(NameView name) {
  EndpointLoss loss;
  setAnswered(loss, name);
  if (loss != EndpointLoss{}) losses_.byEndpoint.insert_or_assign(Name(name), loss);
}

/// Before and after by the two snapshots, so that a plan that turns an alias and changes what it leads to is
/// taken as a whole. What others answer, outside of the zones held, is not known and counts as nothing.
void Judge::setAnswered(EndpointLoss& loss, NameView name) const {
  const NodeView before = endOfChain(case_.served, name), after = endOfChain(case_.candidate, name);
  for (const RRType type : kAddressTypes)
    loss.of(type).answered = addressesOf(before, type) - addressesOf(after, type);
}

/// Whether a DNAME made of the name before what it holds itself now, or makes now what it held. With a
/// wildcard it is otherwise: a name in its place was nobody's before, and is an addition.
bool Judge::takesDnamesPlace(const Changed& changed) const noexcept {
  return isMadeByDname(before_, changed.before, changed.name()) ||
         isMadeByDname(&after_, changed.after, changed.name());
}

/// What clients get under a name that lost something: its own, or where it is or was an alias, or is or was
/// none of the zone's own names but what a DNAME makes, what it leads to.
Judge::Changed Judge::answeredAt(NameView name) const {
  const Changed own{before_->find(name), after_.find(name)};
  const bool isOwn = own.before || own.after;
  if (isOwn && !isAlias(own.before) && !isAlias(own.after) && !takesDnamesPlace(own)) return own;
  return {endOfChain(case_.served, name), endOfChain(case_.candidate, name)};
}

}  // namespace holdfast
