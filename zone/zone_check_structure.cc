// What may stand where: the apex, aliases, zone cuts and what is below them, sizes.
#include <array>

#include "zone/record_text.h"
#include "zone/zone_checker.h"

namespace holdfast {

namespace {

constexpr std::size_t kMaxMessage = 65535;
/// What goes over every path in one datagram (RFC 9715), and the default of limits.udp-payload.
constexpr std::size_t kUdpPayload = 1232;
/// Room that an answer needs beside its RRset: header, longest question, the OPT record with its options.
constexpr std::size_t kMessageOverhead = 12 + kMaxNameOctets + 4 + kMaxOptOctets;
/// The same as clients mostly ask: header, their question, an OPT record without options.
constexpr std::size_t kUsualOverhead = 12 + 4 + 11;

/// What the RRset needs in a message whose owner names compress to two octets.
std::size_t sizeInMessage(RRsetView rrset) noexcept {
  std::size_t size = 0;
  for (const auto rdata : rrset) size += 12 + rdata.size();
  return size;
}

/// What the signatures over `type` add for clients that want them.
std::size_t sizeOfSignatures(RRsetView signatures, RRType type) noexcept {
  std::size_t size = 0;
  if (!signatures) return size;
  for (const auto rdata : signatures)
    if (coveredType(rdata) == type) size += 12 + rdata.size();
  return size;
}

bool isSingle(RRType type) noexcept {
  return type == RRType::CNAME || type == RRType::DNAME || type == RRType::SOA;
}

}  // namespace

ZoneChecker::ZoneChecker(const Zone& zone, WallTime now, Sink found)
    : zone_(zone),
      now_(std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count()),
      found_(std::move(found)),
      apex_(zone.apexNode()),
      hasCuts_(zone.facts().cuts > 0 || zone.facts().dnames > 0) {
  learnKeys();
}

void ZoneChecker::checkName(NodeView node) {
  checkStructure(node);
  if (hasCuts_) checkAbove(node);
  for (const RRsetView rrset : node) {
    checkSize(node, rrset);
    checkRecords(node, rrset);
  }
  checkDnssec(node);
}

void ZoneChecker::checkApex() {
  if (!apex_ || !apex_.has(RRType::SOA)) found_(Check::NoSoa, zone_.apex(), RRType::SOA, "none");
  const RRsetView ns = apex_ ? apex_.find(RRType::NS) : RRsetView();
  if (!ns)
    found_(Check::NoApexNs, zone_.apex(), RRType::NS, "none");
  else if (ns.count() == 1)
    found_(Check::SingleNameServer, zone_.apex(), RRType::NS, "1 name server");
}

void ZoneChecker::checkStructure(NodeView node) {
  unsigned others = 0;
  RRsetView cname;
  for (const RRsetView rrset : node) {
    if (rrset.type() == RRType::CNAME)
      cname = rrset;
    else if (!isDenialType(rrset.type()))
      ++others;
    if (isSingle(rrset.type()) && rrset.count() > 1)
      found_(Check::SeveralRecords, node.name(), rrset.type(), std::to_string(rrset.count()) + " records");
  }
  if (cname && others > 0)
    found_(Check::CnameAndOtherData, node.name(), RRType::CNAME,
           "CNAME and " + std::to_string(others) + " other RRsets");
  const NameView name = node.name();
  if (name.isWildcard()) {
    if (node.has(RRType::NS)) found_(Check::WildcardNs, name, RRType::NS, "NS at a wildcard");
    if (node.has(RRType::DNAME)) found_(Check::WildcardDname, name, RRType::DNAME, "DNAME at a wildcard");
  }
  if (isApex(name) || node.rrsetCount() == 0) return;
  for (NameView rest = name.parent(); rest.size() > zone_.apex().size(); rest = rest.parent())
    if (rest.isWildcard()) {
      found_(Check::InnerAsterisk, name, std::nullopt, "\"*\" below the first label");
      break;
    }
}

NodeView ZoneChecker::above(NameView name) const {
  const HashedName hashed(name);
  for (unsigned labels = zone_.apexLabels(); labels < hashed.labels(); ++labels) {
    const NodeView node = zone_.find(hashed, labels);
    if (!node) return {};
    if (node.has(RRType::DNAME)) return node;
    if (labels > zone_.apexLabels() && node.has(RRType::NS)) return node;
  }
  return {};
}

void ZoneChecker::checkAbove(NodeView node) {
  const NameView name = node.name();
  if (isApex(name) || !node.hasAnswers()) return;
  const NodeView top = above(name);
  if (!top) {
    if (node.has(RRType::NS)) checkCut(node);
    return;
  }
  if (top.has(RRType::DNAME) && (isApex(top.name()) || !top.has(RRType::NS))) {
    found_(Check::BelowDname, name, std::nullopt, "exists below the DNAME " + toText(top.name()));
    return;
  }
  for (const RRsetView rrset : node) {
    if (isDenialType(rrset.type()) || (isAddressType(rrset.type()) && isGlueAt(top, name))) continue;
    found_(Check::Occluded, name, rrset.type(), "below the zone cut " + toText(top.name()));
  }
}

void ZoneChecker::checkCut(NodeView cut) {
  const NameView name = cut.name();
  for (const RRsetView rrset : cut) {
    const RRType type = rrset.type();
    if (type == RRType::NS || type == RRType::DS || isDenialType(type)) continue;
    if (type == RRType::DNAME)
      found_(Check::DnameAndNs, name, type, "DNAME beside NS");
    else if (!isAddressType(type) || !isGlueAt(cut, name))
      found_(Check::Occluded, name, type, "at a zone cut");
  }
}

bool ZoneChecker::isGlueAt(NodeView cut, NameView name) const {
  std::array<std::uint8_t, kMaxNameOctets> buffer{};
  if (const RRsetView ns = cut.find(RRType::NS))
    for (const auto rdata : ns)
      if (canonicalName(rdata, buffer) == name) return true;
  // Another cut's server may be here; who has not seen all of them must take it for one.
  return !knowsGlue_ || glue_.contains(Name(name));
}

void ZoneChecker::learnGlue(const HasTime& hasTime) {
  if (zone_.facts().cuts > 0) {
    std::array<std::uint8_t, kMaxNameOctets> buffer{};
    const bool finished = zone_.names().forEach([&](NodeView node) {
      if (const RRsetView ns = node.find(RRType::NS))
        for (const auto rdata : ns)
          if (const NameView host = canonicalName(rdata, buffer); host.isAtOrBelow(zone_.apex()))
            glue_.emplace(host);
      return hasTime();
    });
    if (!finished) return;
  }
  knowsGlue_ = true;
}

void ZoneChecker::checkSize(NodeView node, RRsetView rrset) {
  if (rrset.pick() != 0 || isDenialType(rrset.type())) return;
  const std::size_t plain = sizeInMessage(rrset);
  const std::size_t whole = plain + sizeOfSignatures(node.find(RRType::RRSIG), rrset.type());
  if (whole + kMessageOverhead > kMaxMessage)
    found_(Check::ResponseTooLarge, node.name(), rrset.type(),
           std::to_string(whole + kMessageOverhead) + " octets");
  else if (plain + kUsualOverhead + node.name().size() > kUdpPayload)
    found_(Check::TruncatedByUdp, node.name(), rrset.type(),
           std::to_string(plain + kUsualOverhead + node.name().size()) + " octets");
}

}  // namespace holdfast
