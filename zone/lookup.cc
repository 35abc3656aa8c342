#include "zone/lookup.h"

#include <algorithm>

namespace holdfast {

namespace {

Lookup delegation(NodeView cut, RRsetView ns) noexcept {
  Lookup result;
  result.found = Found::Delegation;
  result.node = cut;
  result.rrset = ns;
  result.encloser = cut;
  return result;
}

/// The node as a name that exists, null for one that holds nothing but a hashed denial.
NodeView visible(NodeView node) noexcept {
  return node && !node.isHidden() ? node : NodeView();
}

/// What a node that exists at (or by wildcard stands for) the name answers.
Lookup answerFrom(NodeView node, NodeView encloser, RRType type, bool wildcard) noexcept {
  Lookup result;
  result.node = node;
  result.encloser = encloser;
  result.wildcard = wildcard;
  if (type == RRType::ANY && node.rrsetCount() > 0) {
    result.found = Found::Data;
    result.rrset = *node.begin();
    return result;
  }
  result.rrset = node.find(type);
  if (result.rrset) {
    result.found = Found::Data;
    return result;
  }
  result.rrset = node.find(RRType::CNAME);
  result.found = result.rrset ? Found::Cname : Found::NoData;
  return result;
}

/// A zone cut or DNAME between the apex and the name, from the top down, the topmost first. Only zones that
/// have such things pay for the walk. A null node: nothing in the way.
Lookup inTheWay(const Zone& zone, const HashedName& name, RRType type) noexcept {
  if (zone.facts().cuts == 0 && zone.facts().dnames == 0) return {};
  for (unsigned labels = zone.apexLabels(); labels <= name.labels(); ++labels) {
    const NodeView node = zone.find(name, labels);
    if (!node) return {};
    const bool isName = labels == name.labels();
    if (labels > zone.apexLabels()) {
      // DS at the cut itself belongs to the parent's side (RFC 4035 section 3.1.4.1).
      const RRsetView ns = node.find(RRType::NS);
      if (ns && !(isName && type == RRType::DS)) return delegation(node, ns);
    }
    const RRsetView dname = isName ? RRsetView() : node.find(RRType::DNAME);
    if (!dname) continue;
    Lookup result;
    result.found = Found::Dname;
    result.node = node;
    result.encloser = node;
    result.rrset = dname;
    return result;
  }
  return {};
}

}  // namespace

Lookup lookup(const Zone& zone, const HashedName& name, RRType type) noexcept {
  if (const Lookup first = inTheWay(zone, name, type); first.node) return first;
  if (const NodeView node = visible(zone.find(name, name.labels())))
    return answerFrom(node, node, type, false);

  // The name does not exist: find the closest encloser (RFC 4592 section 3.3.1) and its wildcard. The apex
  // exists, so the walk ends there.
  Lookup result;
  unsigned labels = name.labels();
  do {
    result.encloser = visible(zone.find(name, --labels));
  } while (!result.encloser && labels > zone.apexLabels());
  if (!result.encloser || zone.facts().wildcards == 0) return result;

  std::array<std::uint8_t, kMaxNameOctets> buffer;
  const NameView wildcard = wildcardOf(name.suffix(labels), buffer);
  const NodeView source = zone.names().find(HashedName::of(wildcard), wildcard);
  if (!source) return result;
  // A wildcard that is a zone cut is not one to descend by (RFC 4592 section 4.2): its NS answer as data.
  return answerFrom(source, result.encloser, type, true);
}

NameView wildcardOf(NameView encloser, std::span<std::uint8_t, kMaxNameOctets> out) noexcept {
  out[0] = 1;
  out[1] = '*';
  std::copy_n(encloser.data(), encloser.size(), out.begin() + 2);
  return {out.data(), encloser.size() + 2};
}

std::size_t substituteDname(NameView name, NameView owner, NameView target,
                            std::span<std::uint8_t, kMaxNameOctets> out) noexcept {
  const std::size_t kept = name.size() - owner.size();
  if (kept + target.size() > kMaxNameOctets) return 0;
  std::copy_n(name.data(), kept, out.begin());
  std::copy_n(target.data(), target.size(), out.begin() + static_cast<std::ptrdiff_t>(kept));
  return kept + target.size();
}

NameView canonicalName(std::span<const std::uint8_t> wire,
                       std::span<std::uint8_t, kMaxNameOctets> out) noexcept {
  const std::size_t size = std::min(wire.size(), kMaxNameOctets);
  std::transform(wire.begin(), wire.begin() + static_cast<std::ptrdiff_t>(size), out.begin(), lowerOctet);
  return {out.data(), size};
}

}  // namespace holdfast
