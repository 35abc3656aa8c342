// The authority and additional sections.
#include <algorithm>

#include "server/response.h"

namespace holdfast {

namespace {

/// The host that an NS, MX, SRV, SVCB or HTTPS record names, lower-cased into `out`; "no name" where there is
/// none.
NameView hostOf(RRType type, std::span<const std::uint8_t> rdata,
                std::span<std::uint8_t, kMaxNameOctets> out) noexcept {
  const std::size_t before = type == RRType::NS ? 0 : type == RRType::SRV ? 6 : 2;
  if (rdata.size() <= before) return {};
  return canonicalName(rdata.subspan(before), out);
}

}  // namespace

void Response::authoritySection() noexcept {
  if (end_ == ChainEnd::Referral) {
    addReferral();
  } else if (end_ == ChainEnd::NoData || end_ == ChainEnd::NxDomain) {
    const NodeView apex = zone_->apexNode();
    const RRsetView soa = apex ? apex.find(RRType::SOA) : RRsetView();
    Owner owner = steps_ == 0 ? Owner::aboveQuestion(query_, zone_->apex()) : Owner(zone_->apex());
    if (soa) require(Section::Authority, owner, {apex, soa, negativeTtl(soa)});
  }
  addProofs();
}

/// The NS of the cut, then the DS that says it is signed or the proof that there is none (RFC 4035 section
/// 3.1.4).
void Response::addReferral() noexcept {
  const NodeView cut = last_.node;
  Owner owner(cut.name());
  if (!require(Section::Authority, owner, {cut, last_.rrset}) || !dnssec_) return;
  const RRsetView ds = cut.find(RRType::DS);
  if (!ds) return proveNoData(HashedName(cut.name()), last_);
  // In a zone that is not signed it would be no link of a chain of trust.
  if (isSigned(cut, RRType::DS)) require(Section::Authority, owner, {cut, ds});
}

void Response::additionalSection() noexcept {
  if (end_ == ChainEnd::Referral) {
    const Wanted wanted{last_.rrset, zone_, last_.node};
    addInDomainGlue(wanted);
    if (!truncated_) addAddresses(wanted);
  }
  if (answered_.rrset) addAddresses(answered_);
}

/// Addresses of servers inside the delegated zone: without them the referral leads nowhere, so what does not
/// fit is told by TC (RFC 9471 section 3.1).
void Response::addInDomainGlue(const Wanted& wanted) noexcept {
  std::array<std::uint8_t, kMaxNameOctets> buffer;
  for (const auto rdata : wanted.rrset) {
    const NameView host = hostOf(RRType::NS, rdata, buffer);
    if (!host || !host.isAtOrBelow(wanted.cut.name())) continue;
    const NodeView node = wanted.zone->find(host);
    if (node && !addAddressesOf(host, node)) {
      truncated_ = true;
      return;
    }
  }
}

/// Addresses of the other hosts, as far as held and as they fit (RFC 1034 section 4.3.2, step 6). A host that
/// several records name is added once.
void Response::addAddresses(const Wanted& wanted) noexcept {
  constexpr unsigned kMaxHosts = 64;
  std::array<std::uint64_t, kMaxHosts> added;
  unsigned hosts = 0;
  std::array<std::uint8_t, kMaxNameOctets> buffer;
  for (const auto rdata : wanted.rrset) {
    const NameView host = hostOf(wanted.rrset.type(), rdata, buffer);
    if (!host || (wanted.cut && host.isAtOrBelow(wanted.cut.name()))) continue;
    const HashedName hashed(host);
    const auto end = added.begin() + hosts;
    if (std::find(added.begin(), end, hashed.hash()) != end) continue;
    if (hosts == kMaxHosts) return;
    added[hosts++] = hashed.hash();
    if (const NodeView node = addressNode(hashed)) addAddressesOf(host, node);
  }
}

/// Returns false when one of the address RRsets did not fit; the other may have.
bool Response::addAddressesOf(NameView target, NodeView node) noexcept {
  Owner owner(target);
  bool all = true;
  for (const RRType type : {RRType::A, RRType::AAAA}) {
    const RRsetView rrset = node.find(type);
    if (!rrset || addRRset(Section::Additional, owner, {node, rrset})) continue;
    // Signatures that do not fit are left out here, and it is not told by TC (RFC 4035 section 3.1.1).
    owner = Owner(target);
    if (addRRset(Section::Additional, owner, {node, rrset}, false)) continue;
    all = false;
    owner = Owner(target);
  }
  return all;
}

/// Where the addresses of a host are, in any zone held: authoritative data, or glue below a cut.
NodeView Response::addressNode(const HashedName& target) const noexcept {
  const Zone* zone = snapshot_.findZone(target);
  if (zone == nullptr || !zone->hasContent()) return {};
  const Lookup result = lookup(*zone, target, RRType::A);
  switch (result.found) {
    case Found::Data:
    case Found::NoData:
      return result.node;
    case Found::Delegation:
      return zone->find(target, target.labels());
    default:
      return {};
  }
}

}  // namespace holdfast
