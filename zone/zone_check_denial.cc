// The order of the NSEC and NSEC3 records of a whole zone. What each says of its own name is in
// zone_check_dnssec.cc.
#include <algorithm>
#include <array>
#include <map>

#include "zone/record_text.h"
#include "zone/zone_checker.h"

namespace holdfast {

namespace {

/// The octets that a label in base32hex without padding stands for (RFC 4648 section 7); empty where it is
/// none.
std::string fromBase32hex(std::span<const std::uint8_t> label) {
  std::string octets;
  unsigned bits = 0, held = 0;
  for (const std::uint8_t raw : label) {
    const std::uint8_t c = lowerOctet(raw);
    unsigned value = 0;
    if (c >= '0' && c <= '9')
      value = c - '0';
    else if (c >= 'a' && c <= 'v')
      value = c - 'a' + 10;
    else
      return {};
    bits = bits << 5 | value;
    held += 5;
    if (held < 8) continue;
    held -= 8;
    octets += static_cast<char>(bits >> held & 0xff);
  }
  return octets;
}

struct Link {
  std::string hash, next;
  NodeView node;
};

}  // namespace

void ZoneChecker::checkChains() {
  if (!hasNsec_ && !hasNsec3_) return;
  std::vector<NodeView> nsec, nsec3;
  zone_.names().forEach([&](NodeView node) {
    if (node.has(RRType::NSEC)) nsec.push_back(node);
    if (node.has(RRType::NSEC3) && !node.name().isRoot()) nsec3.push_back(node);
    return true;
  });
  if (hasNsec_) checkNsecChain(nsec);
  if (hasNsec3_) checkNsec3Chain(nsec3);
}

void ZoneChecker::checkNsecChain(const std::vector<NodeView>& nodes) {
  std::vector<NodeView> sorted = nodes;
  std::sort(sorted.begin(), sorted.end(), [](NodeView a, NodeView b) { return a.name() < b.name(); });
  std::array<std::uint8_t, kMaxNameOctets> buffer{};
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const auto rdata = sorted[i].find(RRType::NSEC).front();
    const NameView wanted = sorted[(i + 1) % sorted.size()].name();
    const NodeView node = sorted[i];
    if (rdata.size() >= wanted.size() && canonicalName(rdata.first(wanted.size()), buffer) == wanted)
      continue;
    found_(Check::NsecChain, node.name(), RRType::NSEC, "the next name is not " + toText(wanted));
  }
}

void ZoneChecker::checkNsec3Chain(const std::vector<NodeView>& nodes) {
  // One chain for each set of parameters: hash, iterations, salt.
  std::map<std::string, std::vector<Link>> chains;
  for (const NodeView node : nodes)
    for (const auto rdata : node.find(RRType::NSEC3)) {
      if (rdata.size() < 6 || rdata.size() < 6u + rdata[4]) continue;
      const auto hashed = rdata.subspan(5u + rdata[4]);
      if (hashed.size() < 1u + hashed[0]) continue;
      std::string parameters(reinterpret_cast<const char*>(rdata.data()), 5u + rdata[4]);
      parameters[1] = 0;  // opt-out differs within a chain
      chains[parameters].push_back({fromBase32hex(node.name().firstLabel()),
                                    std::string(reinterpret_cast<const char*>(hashed.data()) + 1, hashed[0]),
                                    node});
    }
  if (chains.empty()) found_(Check::Nsec3Chain, zone_.apex(), RRType::NSEC3PARAM, "no NSEC3 at all");
  for (auto& [parameters, links] : chains) {
    std::sort(links.begin(), links.end(), [](const Link& a, const Link& b) { return a.hash < b.hash; });
    for (std::size_t i = 0; i < links.size(); ++i)
      if (links[i].next != links[(i + 1) % links.size()].hash)
        found_(Check::Nsec3Chain, links[i].node.name(), RRType::NSEC3,
               "the next hash is not that of " + toText(links[(i + 1) % links.size()].node.name()));
  }
}

}  // namespace holdfast
