// Where names in RDATA lead: name servers, aliases, hosts of mail and services.
#include <algorithm>
#include <array>

#include "zone/record_text.h"
#include "zone/zone_checker.h"

namespace holdfast {

namespace {

using Buffer = std::array<std::uint8_t, kMaxNameOctets>;

bool isDigitOctet(std::uint8_t c) noexcept {
  return c >= '0' && c <= '9';
}

bool isLetterOrDigit(std::uint8_t c) noexcept {
  return isDigitOctet(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// RFC 1123 section 2.1. An underscore, which no host name may have, is common in owners that are not hosts.
bool isHostLabel(std::span<const std::uint8_t> label, bool underscores) noexcept {
  if (label.empty() || label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(), [&](std::uint8_t c) {
    return isLetterOrDigit(c) || c == '-' || (underscores && c == '_');
  });
}

/// Four numbers as the first labels: "192.0.2.1." or, its final dot forgotten, "192.0.2.1.example.".
bool looksLikeAddress(NameView name) noexcept {
  for (unsigned i = 0; i < 4; ++i) {
    if (name.isRoot()) return false;
    const auto label = name.firstLabel();
    if (label.size() > 3 || !std::all_of(label.begin(), label.end(), isDigitOctet)) return false;
    name = name.parent();
  }
  return name.isRoot() || !isDigitOctet(name.firstLabel().front());
}

bool hasAddress(NodeView node) noexcept {
  return node && (node.has(RRType::A) || node.has(RRType::AAAA));
}

}  // namespace

ZoneChecker::Reach ZoneChecker::reachOf(NameView host) const {
  if (!host.isAtOrBelow(zone_.apex())) return {Host::Outside, {}};
  const HashedName hashed(host);
  const Lookup found = lookup(zone_, hashed, RRType::A);
  switch (found.found) {
    case Found::Data:
      return {Host::Address, {}};
    case Found::Cname:
      return {Host::Alias, {}};
    case Found::Delegation:
      if (hasAddress(zone_.find(hashed, hashed.labels()))) return {Host::Address, {}};
      return {Host::BelowCut, found.node};
    case Found::NoData:
      return {found.node && hasAddress(found.node) ? Host::Address : Host::None, {}};
    case Found::Dname:
    case Found::NxDomain:
      break;
  }
  return {};
}

void ZoneChecker::checkServers(NodeView node, RRsetView ns) {
  if (hasCuts_ && !isApex(node.name()) && above(node.name())) return;  // occluded, and said so
  const bool apex = isApex(node.name());
  const auto seen = [&](Check check, NameView host, const char* what) {
    found_(check, node.name(), RRType::NS, toText(host) + what);
  };
  bool reachable = false;
  unsigned withoutGlue = 0;
  Buffer buffer{};
  for (const auto rdata : ns) {
    const NameView host = canonicalName(rdata, buffer);
    checkHostName(node, RRType::NS, host);
    const Reach reach = reachOf(host);
    if (reach.host == Host::Address || reach.host == Host::Outside) {
      reachable = true;
    } else if (reach.host == Host::Alias) {
      seen(apex ? Check::ApexNsIsCname : Check::NsIsCname, host, " is a CNAME");
    } else if (reach.host == Host::None) {
      seen(apex ? Check::ApexNsWithoutAddress : Check::NsWithoutAddress, host, " has no address");
    } else if (reach.cut.name() == node.name()) {
      ++withoutGlue;
      seen(Check::MissingGlue, host, " has no address");
    } else {
      reachable = true;  // by asking the other delegation's servers
      seen(Check::SiblingGlue, host, " has no address");
    }
  }
  if (!reachable && withoutGlue == ns.count())
    found_(Check::Lame, node.name(), RRType::NS, "no name server has an address");
}

void ZoneChecker::checkAlias(NodeView node, RRsetView cname) {
  std::array<Buffer, 2> buffers{};
  NameView target = canonicalName(cname.front(), buffers[0]);
  checkHostName(node, RRType::CNAME, target);
  for (unsigned step = 1; step <= kMaxChain; ++step) {
    if (!target.isAtOrBelow(zone_.apex())) return;
    const Lookup next = lookup(zone_, HashedName(target), RRType::CNAME);
    if (next.found == Found::NxDomain && step == 1)
      return found_(Check::DanglingAlias, node.name(), RRType::CNAME, toText(target) + " does not exist");
    // What a DNAME makes of it is another zone's or another name's business; `empty-answer` follows it.
    if (next.found != Found::Data && next.found != Found::Cname) return;
    target = canonicalName(next.rrset.front(), buffers[step % 2]);
  }
  found_(Check::AliasLoop, node.name(), RRType::CNAME,
         "no end after " + std::to_string(kMaxChain) + " steps");
}

void ZoneChecker::checkMail(NodeView node, RRsetView mx) {
  Buffer buffer{};
  for (const auto rdata : mx) {
    const NameView host = canonicalName(rdata.subspan(2), buffer);
    if (host.isRoot()) {
      if (mx.count() > 1)
        found_(Check::NullMxAndOthers, node.name(), RRType::MX, std::to_string(mx.count()) + " records");
      continue;
    }
    checkHostName(node, RRType::MX, host);
    const Host reach = reachOf(host).host;
    if (reach == Host::Alias) found_(Check::MxIsCname, node.name(), RRType::MX, toText(host) + " is a CNAME");
    if (reach == Host::None)
      found_(Check::MxWithoutAddress, node.name(), RRType::MX, toText(host) + " has no address");
  }
}

void ZoneChecker::checkServices(NodeView node, RRsetView srv) {
  Buffer buffer{};
  for (const auto rdata : srv) {
    const NameView host = canonicalName(rdata.subspan(6), buffer);
    if (host.isRoot()) continue;  // "decidedly not available" (RFC 2782)
    checkHostName(node, RRType::SRV, host);
    const Host reach = reachOf(host).host;
    if (reach == Host::Alias)
      found_(Check::SrvIsCname, node.name(), RRType::SRV, toText(host) + " is a CNAME");
    if (reach == Host::None)
      found_(Check::SrvWithoutAddress, node.name(), RRType::SRV, toText(host) + " has no address");
  }
}

void ZoneChecker::checkOwner(NodeView node, RRType type) {
  NameView name = node.name();
  if (name.isWildcard()) name = name.parent();
  for (; name.size() > zone_.apex().size(); name = name.parent())
    if (!isHostLabel(name.firstLabel(), true))
      return found_(Check::NotAHostName, node.name(), type, "the owner " + toText(node.name()));
}

void ZoneChecker::checkHostName(NodeView node, RRType type, NameView host) {
  // "www.example" in example. becomes www.example.example.
  const NameView apex = zone_.apex();
  if (apex.size() > 1 && host.isBelow(apex)) {
    const std::size_t labels = host.size() - apex.size();
    if (labels >= apex.size() - 1 &&
        std::ranges::equal(host.bytes().subspan(labels - (apex.size() - 1), apex.size() - 1),
                           apex.bytes().first(apex.size() - 1)) &&
        !zone_.find(host))
      found_(Check::OriginTwice, node.name(), type, toText(host));
  }
  if (type == RRType::CNAME) return;
  if (looksLikeAddress(host)) return found_(Check::TargetIsAddress, node.name(), type, toText(host));
  for (NameView rest = host; !rest.isRoot(); rest = rest.parent())
    if (!isHostLabel(rest.firstLabel(), false))
      return found_(Check::NotAHostName, node.name(), type, toText(host));
}

}  // namespace holdfast
