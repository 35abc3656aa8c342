// Follows CNAME and DNAME chains the way a client and its resolver would, for the guard.
#include <array>

#include "zone/lookup.h"

namespace holdfast {

namespace {

struct End {
  Effect effect = Effect::Failed;
  NodeView node;  // the data's, where effect is Positive or NoData
};

Effect plainEffect(const Lookup& result) noexcept {
  switch (result.found) {
    case Found::Data:
      return Effect::Positive;
    case Found::NoData:
      return Effect::NoData;
    case Found::NxDomain:
      return Effect::NxDomain;
    default:
      return Effect::Referral;
  }
}

/// Where an alias leads that points into a zone held without content. It may be from before that zone was
/// added and still be answered by others, which the zone's first plan must not end. Only where all that the
/// alias's zone ever held came later did it never lead anywhere: so zones that are set up together can come
/// in any order, whatever their aliases lead to.
Effect aliasInto(const Zone& empty, const Zone& from) noexcept {
  return from.firstCommittedAt() > empty.committedAt() ? Effect::Unserved : Effect::Leaves;
}

/// `type` may be a type no node has: then the end is the node where the chain stops.
End follow(const Snapshot& snapshot, NameView name, RRType type) noexcept {
  std::array<std::array<std::uint8_t, kMaxNameOctets>, 2> buffers{};
  NameView current = name;
  const Zone* from = nullptr;  // of the step before
  for (unsigned step = 0; step <= kMaxChain; ++step) {
    const HashedName hashed(current);
    const bool atParent = type == RRType::DS && hashed.labels() > 0;
    const Zone* zone = snapshot.findZone(hashed, atParent ? hashed.labels() - 1 : hashed.labels());
    if (zone == nullptr && atParent) zone = snapshot.findZone(hashed);
    if (zone == nullptr) return {step == 0 ? Effect::NxDomain : Effect::Leaves, {}};
    if (!zone->hasContent()) return {step == 0 ? Effect::Failed : aliasInto(*zone, *from), {}};
    const Lookup result = lookup(*zone, hashed, type);
    from = zone;
    auto& out = buffers[step % 2];  // `current` borrows the other one
    if (result.found == Found::Cname) {
      current = canonicalName(result.rrset.front(), out);
    } else if (result.found == Found::Dname) {
      std::array<std::uint8_t, kMaxNameOctets> target{};
      const std::size_t size =
          substituteDname(current, result.node.name(), canonicalName(result.rrset.front(), target), out);
      if (size == 0) return {};
      current = {out.data(), size};
    } else {
      const Effect effect = plainEffect(result);
      return {effect == Effect::Referral && step > 0 ? Effect::Leaves : effect, result.node};
    }
  }
  return {};
}

}  // namespace

Effect effectOf(const Snapshot& snapshot, NameView name, RRType type) noexcept {
  return follow(snapshot, name, type).effect;
}

NodeView endOfChain(const Snapshot& snapshot, NameView name) noexcept {
  // Type 0 is reserved (RFC 6895 section 3.1): no node has it, so every chain is followed to its end.
  const End end = follow(snapshot, name, RRType{0});
  return end.effect == Effect::NoData ? end.node : NodeView();
}

}  // namespace holdfast
