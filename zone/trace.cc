#include "zone/trace.h"

#include <algorithm>

namespace holdfast {

namespace {

/// The zone that is asked for the name; the parent's side for a DS (RFC 4035 section 3.1.4.1).
const Zone* zoneFor(const Snapshot& snapshot, const HashedName& name, RRType type) {
  const bool atParent = type == RRType::DS && name.labels() > 0;
  const Zone* zone = snapshot.findZone(name, atParent ? name.labels() - 1 : name.labels());
  return zone == nullptr && atParent ? snapshot.findZone(name) : zone;
}

std::optional<Name> targetOf(const Lookup& result, NameView name) {
  std::array<std::uint8_t, kMaxNameOctets> target{}, made{};
  if (result.found != Found::Cname && result.found != Found::Dname) return std::nullopt;
  const NameView to = canonicalName(result.rrset.front(), target);
  if (result.found == Found::Cname) return Name(to);
  const std::size_t size = substituteDname(name, result.node.name(), to, made);
  return size == 0 ? std::nullopt : std::optional<Name>(NameView(made.data(), size));
}

}  // namespace

Trace traceOf(const Snapshot& snapshot, NameView name, RRType type) {
  Trace trace;
  trace.type = type;
  trace.effect = effectOf(snapshot, name, type);
  Name current(name);
  for (unsigned i = 0; i <= kMaxChain; ++i) {
    const HashedName hashed(current);
    const Zone* zone = zoneFor(snapshot, hashed, type);
    if (zone == nullptr) break;
    if (i == 0) {
      trace.isHeld = true;
      trace.hasContent = zone->hasContent();
    }
    if (!zone->hasContent()) break;
    const Lookup result = lookup(*zone, hashed, type);
    TraceStep step{current,         Name(zone->apex()), zone->generation(), zone->committedAt(), result.found,
                   result.wildcard, std::nullopt,       std::nullopt,       std::nullopt};
    if (result.node) step.owner = Name(result.node.name());
    if (result.rrset) step.rrset = result.rrset.toOwned();
    step.target = targetOf(result, current);
    trace.steps.push_back(step);
    if (!step.target) break;
    current = *step.target;
  }
  return trace;
}

std::vector<RRType> answeredTypes(const Snapshot& snapshot, NameView name) {
  std::vector<RRType> types;
  const NodeView end = endOfChain(snapshot, name);
  if (!end) return types;
  for (const RRsetView rrset : end)
    if (!isDenialType(rrset.type())) types.push_back(rrset.type());
  std::sort(types.begin(), types.end());
  return types;
}

}  // namespace holdfast
