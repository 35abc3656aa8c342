// The content of a zone as text that could be submitted again.
#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "zone/json_writer.h"
#include "zone/plan.h"
#include "zone/record_text.h"

namespace holdfast {

namespace {

std::vector<NodeView> inCanonicalOrder(const Zone& zone) {
  std::vector<NodeView> nodes;
  nodes.reserve(zone.names().size());
  zone.names().forEach([&](NodeView node) {
    nodes.push_back(node);
    return true;
  });
  std::sort(nodes.begin(), nodes.end(), [](NodeView a, NodeView b) { return a.name() < b.name(); });
  return nodes;
}

/// A signature is printed with the TTL it is served with, which is that of what it covers.
std::uint32_t ttlOf(NodeView node, const RRset& rrset, std::size_t i) {
  const RRsetView covered =
      rrset.type == RRType::RRSIG ? node.find(coveredType(rrset.rdata[i])) : RRsetView();
  return covered ? covered.ttl() : rrset.ttl;
}

std::string recordLine(const std::string& owner, NodeView node, const RRset& rrset, std::size_t i) {
  const std::string& rdata = rrset.rdata[i];
  return owner + ' ' + std::to_string(ttlOf(node, rrset, i)) + " IN " + toText(rrset.type) + ' ' +
         rdataText(rrset.type, {reinterpret_cast<const std::uint8_t*>(rdata.data()), rdata.size()});
}

void writeTarget(JsonWriter& json, const RRset& rrset, std::size_t i) {
  const Target plain{"", 100};
  const Target& known = rrset.isEndpoint() ? rrset.targets[i] : plain;
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(rrset.type == RRType::A ? AF_INET : AF_INET6, rrset.rdata[i].data(), text.data(), text.size());
  json.object([&] {
    if (!known.id.empty()) json.member("id", known.id);
    json.member("address", text.data());
    json.member("weight", known.weight);
  });
}

std::string endpointJson(NodeView node) {
  std::vector<RRset> addresses = ownedRRsets(node);
  std::erase_if(addresses, [](const RRset& rrset) { return !isAddressType(rrset.type); });
  std::uint16_t pick = 0;
  for (const RRset& rrset : addresses) pick = std::max(pick, rrset.pick);
  std::string text;
  JsonWriter json(text);
  json.object([&] {
    json.member("ttl", addresses.back().ttl);
    if (pick > 0) json.object("answer", [&] { json.member("pick", pick); });
    json.array("targets", [&] {
      for (const RRset& rrset : addresses)
        for (std::size_t i = 0; i < rrset.rdata.size(); ++i) writeTarget(json, rrset, i);
    });
  });
  return text;
}

}  // namespace

std::string contentAsJson(const Zone& zone, std::string_view source) {
  const std::vector<NodeView> nodes = inCanonicalOrder(zone);
  std::string endpoints;
  std::string records;
  for (const NodeView node : nodes) {
    const std::string owner = toRelativeText(node.name(), zone.apex());
    const bool hasTargets = node.isEndpoint();
    if (hasTargets) {
      endpoints += (endpoints.empty() ? "\n    " : ",\n    ") + jsonText(owner) + ": " + endpointJson(node);
    }
    for (const RRset& rrset : ownedRRsets(node)) {
      if (hasTargets && isAddressType(rrset.type)) continue;
      for (std::size_t i = 0; i < rrset.rdata.size(); ++i)
        records += (records.empty() ? "\n    " : ",\n    ") + jsonText(recordLine(owner, node, rrset, i));
    }
  }
  return "{\n  \"plan\": 1,\n  \"zone\": " + jsonText(toText(zone.apex())) +
         ",\n  \"generation\": " + std::to_string(zone.generation()) +
         ",\n  \"kind\": \"full\",\n  \"source\": " + jsonText(source) + ",\n  \"endpoints\": {" + endpoints +
         (endpoints.empty() ? "" : "\n  ") + "},\n  \"records\": [" + records +
         (records.empty() ? "" : "\n  ") + "]\n}\n";
}

std::string contentAsZoneFile(const Zone& zone) {
  std::string text =
      "; " + toText(zone.apex()) + " at generation " + std::to_string(zone.generation()) + "\n";
  const auto write = [&](NodeView node, bool soa) {
    for (const RRset& rrset : ownedRRsets(node)) {
      if ((rrset.type == RRType::SOA) != soa) continue;
      for (std::size_t i = 0; i < rrset.rdata.size(); ++i) {
        text += recordLine(toText(node.name()), node, rrset, i);
        if (rrset.isEndpoint())
          text += " ; " + rrset.targets[i].id + " weight " + std::to_string(rrset.targets[i].weight);
        text += '\n';
      }
    }
  };
  if (zone.apexNode()) write(zone.apexNode(), true);
  for (const NodeView node : inCanonicalOrder(zone)) write(node, false);
  return text;
}

}  // namespace holdfast
