// What a zone signed elsewhere must be so that validators can use it, name by name.
#include <algorithm>
#include <array>
#include <ctime>

#include "zone/record_text.h"
#include "zone/zone_checker.h"

namespace holdfast {

namespace {

constexpr std::size_t kRrsigFixed = 18;

/// RFC 4034 appendix B; algorithm 1, which nobody signs with any more, has another.
std::uint16_t keyTag(std::span<const std::uint8_t> rdata) noexcept {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < rdata.size(); ++i)
    sum += (i & 1) != 0 ? rdata[i] : std::uint32_t{rdata[i]} << 8;
  return static_cast<std::uint16_t>(sum + (sum >> 16 & 0xffff));
}

/// Octets of a DS digest by its type (IANA), 0 for one that is not known here.
std::size_t digestSize(unsigned type) noexcept {
  switch (type) {
    case 1:
      return 20;
    case 2:
    case 3:
      return 32;
    case 4:
      return 48;
    default:
      return 0;
  }
}

std::string timeText(std::uint32_t when, std::int64_t now) {
  // The moment within 68 years of now that has these low 32 bits (RFC 4034 section 3.1.5).
  const std::int64_t at = now + static_cast<std::int32_t>(when - static_cast<std::uint32_t>(now));
  return toText(WallTime(std::chrono::seconds(at)));
}

/// The types of an NSEC bitmap (RFC 4034 section 4.1.2).
std::set<RRType> typesOf(std::span<const std::uint8_t> bitmap) {
  std::set<RRType> types;
  while (bitmap.size() > 2 && bitmap.size() >= 2u + bitmap[1]) {
    for (unsigned i = 0; i < bitmap[1] * 8u; ++i)
      if ((bitmap[2 + i / 8] >> (7 - i % 8) & 1) != 0)
        types.insert(static_cast<RRType>(bitmap[0] * 256u + i));
    bitmap = bitmap.subspan(2u + bitmap[1]);
  }
  return types;
}

bool haveSameParameters(std::span<const std::uint8_t> nsec3, std::span<const std::uint8_t> param) {
  const auto mine = nsec3FieldsOf(nsec3), its = nsec3FieldsOf(param);
  return mine && its && mine->algorithm == its->algorithm && mine->parameters == its->parameters;
}

}  // namespace

void ZoneChecker::learnKeys() {
  if (!apex_) return;
  isSigned_ = apex_.has(RRType::RRSIG);
  hasNsec_ = apex_.has(RRType::NSEC);
  hasNsec3_ = apex_.has(RRType::NSEC3PARAM);
  if (const RRsetView keys = apex_.find(RRType::DNSKEY))
    for (const auto rdata : keys)
      if (rdata.size() > 4) keys_.emplace(keyTag(rdata), rdata[3]);
}

void ZoneChecker::checkDnssec(NodeView node) {
  bool hasSignatures = false;
  for (const RRsetView rrset : node) {
    switch (rrset.type()) {
      case RRType::DS:
        checkDs(node, rrset);
        break;
      case RRType::DNSKEY:
        checkDnskey(node, rrset);
        break;
      case RRType::NSEC3PARAM:
        checkNsec3param(node, rrset);
        break;
      case RRType::NSEC3:
        checkNsec3(node, rrset);
        break;
      case RRType::RRSIG:
        hasSignatures = true;
        checkSignatures(node, rrset);
        break;
      default:
        break;
    }
  }
  if (hasNsec_) checkNsec(node);
  if (!isSigned_ || keys_.empty() || !isAuthoritative(node)) return;
  const bool isCut = !isApex(node.name()) && node.has(RRType::NS);
  std::set<RRType> covered;
  if (hasSignatures)
    for (const auto rdata : node.find(RRType::RRSIG))
      if (rdata.size() > kRrsigFixed) covered.insert(coveredType(rdata));
  for (const RRsetView rrset : node) {
    const RRType type = rrset.type();
    if (type == RRType::RRSIG || covered.contains(type)) continue;
    if (isCut && type != RRType::DS && type != RRType::NSEC) continue;  // the child signs it
    found_(Check::RrsetUnsigned, node.name(), type, "no RRSIG");
  }
}

bool ZoneChecker::isAuthoritative(NodeView node) const {
  return !hasCuts_ || isApex(node.name()) || !above(node.name());
}

void ZoneChecker::checkDs(NodeView node, RRsetView ds) {
  if (isApex(node.name()))
    found_(Check::DsAtApex, node.name(), RRType::DS, "DS at the apex");
  else if (!node.has(RRType::NS))
    found_(Check::DsWithoutNs, node.name(), RRType::DS, "DS without NS");
  for (const auto rdata : ds) {
    const std::size_t wanted = rdata.size() < 4 ? 0 : digestSize(rdata[3]);
    if (rdata.size() < 4 || (wanted != 0 && rdata.size() != 4 + wanted))
      found_(Check::DsDigest, node.name(), RRType::DS,
             "a digest of " + std::to_string(rdata.size() < 4 ? 0 : rdata.size() - 4) + " octets");
  }
}

void ZoneChecker::checkDnskey(NodeView node, RRsetView keys) {
  if (!isApex(node.name()))
    found_(Check::DnskeyNotAtApex, node.name(), RRType::DNSKEY, "DNSKEY below the apex");
  else if (!isSigned_)
    found_(Check::RrsetUnsigned, node.name(), RRType::DNSKEY, "a DNSKEY in a zone without signatures");
  for (const auto rdata : keys)
    if (rdata.size() < 4 || rdata[2] != 3)
      found_(Check::DnskeyProtocol, node.name(), RRType::DNSKEY,
             rdata.size() < 4 ? "no protocol" : "protocol " + std::to_string(rdata[2]));
}

void ZoneChecker::checkNsec3Cost(NodeView node, RRType type, Octets rdata) {
  if (rdata.size() < 5) return;
  if (rdata[0] != 1)
    found_(Check::Nsec3Algorithm, node.name(), type, "hash algorithm " + std::to_string(rdata[0]));
  const unsigned iterations = number16(rdata.subspan(2));
  if (iterations > kMaxNsec3Iterations)
    found_(Check::Nsec3IterationsLimit, node.name(), type, std::to_string(iterations) + " iterations");
  else if (iterations > 0 && type == RRType::NSEC3PARAM)
    found_(Check::Nsec3Iterations, node.name(), type, std::to_string(iterations) + " iterations");
}

void ZoneChecker::checkNsec3param(NodeView node, RRsetView param) {
  if (!isApex(node.name()))
    found_(Check::Nsec3paramNotAtApex, node.name(), RRType::NSEC3PARAM, "NSEC3PARAM below the apex");
  if (param.count() > 1)
    found_(Check::SeveralNsec3params, node.name(), RRType::NSEC3PARAM,
           std::to_string(param.count()) + " records");
  for (const auto rdata : param) checkNsec3Cost(node, RRType::NSEC3PARAM, rdata);
}

void ZoneChecker::checkNsec3(NodeView node, RRsetView nsec3) {
  const RRsetView params = apex_ ? apex_.find(RRType::NSEC3PARAM) : RRsetView();
  for (const auto rdata : nsec3) {
    checkNsec3Cost(node, RRType::NSEC3, rdata);
    bool known = false;
    if (params)
      for (const auto param : params) known = known || haveSameParameters(rdata, param);
    if (!known)
      found_(Check::Nsec3Parameters, node.name(), RRType::NSEC3,
             params ? "those of no NSEC3PARAM" : "there is no NSEC3PARAM");
  }
}

void ZoneChecker::checkSignatures(NodeView node, RRsetView signatures) {
  const auto seen = [&](Check check, std::string observed) {
    found_(check, node.name(), RRType::RRSIG, std::move(observed));
  };
  if (keys_.empty() && isApex(node.name())) seen(Check::SignedWithoutDnskey, "no DNSKEY");
  const auto now = static_cast<std::uint32_t>(now_);
  for (const auto rdata : signatures) {
    if (rdata.size() <= kRrsigFixed) continue;
    const RRType covered = coveredType(rdata);
    const std::string over = "the RRSIG of " + toText(covered);
    if (!node.has(covered)) seen(Check::RrsigWithoutRrset, over);
    const std::uint32_t until = number32(rdata.subspan(8)), since = number32(rdata.subspan(12));
    if (now_ != 0 && static_cast<std::int32_t>(until - now) < 0)
      seen(Check::RrsigExpired, over + " until " + timeText(until, now_));
    else if (now_ != 0 && static_cast<std::int32_t>(since - now) > 0)
      seen(Check::RrsigNotYetValid, over + " from " + timeText(since, now_));
    const auto tag = static_cast<std::uint16_t>(number16(rdata.subspan(16)));
    if (!keys_.empty() && !keys_.contains({tag, rdata[2]}))
      seen(Check::RrsigKeyTag, over + " is by key " + std::to_string(tag));
  }
}

/// What can be seen from one name: that it has an NSEC, what that says of it, and that the next one exists.
void ZoneChecker::checkNsec(NodeView node) {
  const RRsetView nsec = node.find(RRType::NSEC);
  const auto seen = [&](Check check, std::string observed) {
    found_(check, node.name(), RRType::NSEC, std::move(observed));
  };
  if (!nsec) {
    if (node.rrsetCount() > 0 && isAuthoritative(node)) seen(Check::NsecChain, "no NSEC");
    return;
  }
  const Octets rdata = nsec.front();
  const std::size_t octets = nameOctets(rdata);
  if (octets == 0) return seen(Check::NsecChain, "no next name");
  std::array<std::uint8_t, kMaxNameOctets> buffer{};
  const NameView next = canonicalName(rdata.first(octets), buffer);
  const NodeView other = next.isAtOrBelow(zone_.apex()) ? zone_.find(next) : NodeView();
  if (!other || !other.has(RRType::NSEC))
    seen(Check::NsecChain, "the next name " + toText(next) + " has no NSEC");
  const std::set<RRType> claimed = typesOf(rdata.subspan(octets));
  const bool isCut = !isApex(node.name()) && node.has(RRType::NS);
  for (const RRsetView rrset : node) {
    const bool glue = isCut && isAddressType(rrset.type());
    if (!claimed.contains(rrset.type()) && !glue) seen(Check::NsecTypes, "lacks " + toText(rrset.type()));
  }
  for (const RRType type : claimed)
    if (!node.has(type)) seen(Check::NsecTypes, "claims " + toText(type));
}

}  // namespace holdfast
