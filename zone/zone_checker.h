#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "zone/lookup.h"
#include "zone/zone_check.h"

namespace holdfast {

/// The checks on one zone, name by name, without regard to plans and limits (zone_check.cc has those). Split
/// over zone_check_structure.cc (what may stand where), zone_check_hosts.cc (what names lead to),
/// zone_check_records.cc (RDATA) and zone_check_dnssec.cc. Borrows the zone.
class ZoneChecker {
 public:
  /// Called with each finding: check, name, type and what was seen.
  using Sink =
      std::function<void(Check check, NameView name, std::optional<RRType> type, std::string observed)>;

  /// Asked for every name of what is zone-sized; that ends when it says false.
  using HasTime = std::function<bool()>;

  ZoneChecker(const Zone& zone, WallTime now, Sink found);

  /// Everything about one name that can be seen from it. REQUIRES: a node of the zone.
  void checkName(NodeView node);
  /// SOA and NS at the apex.
  void checkApex();
  /// Learns which names are glue, so that addresses below a cut which are not are found too. Zone-sized.
  /// Where the time ends, addresses below cuts are taken for glue as before.
  void learnGlue(const HasTime& hasTime);
  /// The order of NSEC and NSEC3. Zone-sized; for an unsigned zone nothing. Where the time ends, chains that
  /// were not walked are passed over.
  void checkChains(const HasTime& hasTime);

 private:
  using Octets = std::span<const std::uint8_t>;

  /// What the zone says of the name of a host.
  enum class Host { Outside, Address, Alias, BelowCut, None };
  struct Reach {
    Host host = Host::None;
    NodeView cut;  // for BelowCut without an address
  };
  Reach reachOf(NameView host) const;
  /// The topmost zone cut or DNAME above the name.
  NodeView above(NameView name) const;

  void checkStructure(NodeView node);
  void checkAbove(NodeView node);
  void checkCut(NodeView node);
  void checkSize(NodeView node, RRsetView rrset);
  bool isGlueAt(NodeView cut, NameView name) const;

  void checkServers(NodeView node, RRsetView ns);
  void checkAlias(NodeView node, RRsetView cname);
  void checkMail(NodeView node, RRsetView mx);
  void checkServices(NodeView node, RRsetView srv);
  void checkOwner(NodeView node, RRType type);
  /// Whether the host's name can be one; says so where it cannot.
  void checkHostName(NodeView node, RRType type, NameView host);

  void checkRecords(NodeView node, RRsetView rrset);
  void checkSoa(NodeView node, RRsetView soa);
  void checkText(NodeView node, RRsetView txt);
  void checkCaa(NodeView node, RRsetView caa);
  void checkService(NodeView node, RRsetView svcb);
  void checkCase(NodeView node, RRsetView rrset);

  void checkDnssec(NodeView node);
  void checkDs(NodeView node, RRsetView ds);
  void checkDnskey(NodeView node, RRsetView keys);
  void checkNsec3param(NodeView node, RRsetView param);
  void checkNsec3(NodeView node, RRsetView nsec3);
  void checkNsec3Cost(NodeView node, RRType type, Octets rdata);
  void checkSignatures(NodeView node, RRsetView signatures);
  void checkNsec(NodeView node);
  void checkNsecChain(const HasTime& hasTime);
  void checkNsec3Chain(const HasTime& hasTime);
  bool isAuthoritative(NodeView node) const;
  void learnKeys();

  bool isApex(NameView name) const noexcept { return name == zone_.apex(); }

  const Zone& zone_;
  const std::int64_t now_;  // seconds; 0 where times are not looked at
  const Sink found_;
  NodeView apex_;
  bool hasCuts_;
  bool isSigned_ = false;  // the apex has signatures
  bool hasNsec_ = false, hasNsec3_ = false;
  std::set<std::pair<std::uint16_t, std::uint8_t>> keys_;  // key tag and algorithm
  bool knowsGlue_ = false;
  std::unordered_set<Name, NameHasher> glue_;
};

}  // namespace holdfast
