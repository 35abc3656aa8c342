// What proves to a validating client that something does not exist: RFC 4035 section 3.1.3 where the zone
// denies by NSEC, RFC 5155 section 7.2 where it does by NSEC3.
#include <algorithm>

#include "server/response.h"

namespace holdfast {

/// A chain has at most one wildcard a step, and three links at its end, so there is room for all.
void Response::need(const DenialLink& link) noexcept {
  if (!link) return;
  if (!proof_) proof_.emplace();
  const auto end = proof_->begin() + proofs_;
  const bool isKnown = std::any_of(proof_->begin(), end, [&](const DenialLink& other) {
    return other.node.bytes().data() == link.node.bytes().data();
  });
  if (!isKnown && proofs_ < proof_->size()) (*proof_)[proofs_++] = link;
}

void Response::addProofs() noexcept {
  for (unsigned i = 0; i < proofs_ && !truncated_; ++i) {
    const DenialLink& link = (*proof_)[i];
    Owner owner(link.node.name());
    require(Section::Authority, owner, {link.node, link.rrset});
  }
}

/// The closest encloser that the chain of NSEC3 knows, from the ancestor with that many labels up, and that
/// the name one label longer does not exist (RFC 5155 section 7.2.1). Opt-out leaves ancestors without a
/// record of their own. Returns the labels of that encloser.
unsigned Response::proveEncloser(const HashedName& name, unsigned labels) noexcept {
  for (;; --labels) {
    const DenialLink encloser = findNsec3(*zone_, name.suffix(labels));
    if (encloser.matches) need(encloser);
    if (encloser.matches || labels <= zone_->apexLabels()) break;
  }
  need(findNsec3(*zone_, name.suffix(labels + 1)));
  return labels;
}

/// RFC 4035 section 3.1.3.3, RFC 5155 section 7.2.6: an answer by wildcard counts only where the name itself
/// does not exist.
void Response::proveNoCloserName(const HashedName& name, const Lookup& wildcard) noexcept {
  if (!proves()) return;
  if (!zone_->denial().nsec3()) return need(findNsec(*zone_, name.name()));
  const unsigned encloser = wildcard.encloser.name().labels();
  need(findNsec3(*zone_, name.suffix(encloser + 1)));
}

/// RFC 4035 sections 3.1.3.1 and 3.1.3.4, RFC 5155 sections 7.2.3 to 7.2.5; for a referral without a DS RFC
/// 4035 section 3.1.4, RFC 5155 section 7.2.7.
void Response::proveNoData(const HashedName& name, const Lookup& result) noexcept {
  if (!proves()) return;
  if (!zone_->denial().nsec3()) {
    need(findNsec(*zone_, name.name()));
    if (result.wildcard) need(findNsec(*zone_, result.node.name()));
    return;
  }
  if (result.wildcard) {
    proveEncloser(name, result.encloser.name().labels());
    return need(findNsec3(*zone_, result.node.name()));
  }
  const DenialLink link = findNsec3(*zone_, name.name());
  if (link.matches || name.labels() <= zone_->apexLabels()) return need(link);
  proveEncloser(name, name.labels() - 1);
}

/// RFC 4035 section 3.1.3.2, RFC 5155 section 7.2.2: neither the name nor a wildcard for it exists.
void Response::proveNxDomain(const HashedName& name, const Lookup& result) noexcept {
  if (!proves() || !result.encloser) return;
  std::array<std::uint8_t, kMaxNameOctets> wildcard;
  const unsigned labels = result.encloser.name().labels();
  if (!zone_->denial().nsec3()) {
    need(findNsec(*zone_, name.name()));
    return need(findNsec(*zone_, wildcardOf(name.suffix(labels), wildcard)));
  }
  const unsigned encloser = proveEncloser(name, labels);
  need(findNsec3(*zone_, wildcardOf(name.suffix(encloser), wildcard)));
}

}  // namespace holdfast
