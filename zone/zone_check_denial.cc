// The order of the NSEC and NSEC3 records of a whole zone. What each says of its own name is in
// zone_check_dnssec.cc.
#include <algorithm>
#include <array>
#include <map>

#include "zone/denial_index.h"
#include "zone/record_text.h"
#include "zone/zone_checker.h"

namespace holdfast {

namespace {

using HasTime = ZoneChecker::HasTime;

/// As std::sort, but asks for time on the way; false where that ended. The items are of no use then.
template <class Item, class Before>
bool sortInTime(std::vector<Item>& items, Before before, const HasTime& hasTime) {
  constexpr std::ptrdiff_t kRun = 64;
  const std::ptrdiff_t count = std::ssize(items);
  for (std::ptrdiff_t begin = 0; begin < count; begin += kRun) {
    std::sort(items.begin() + begin, items.begin() + std::min(begin + kRun, count), before);
    if (!hasTime()) return false;
  }
  std::vector<Item> merged;
  for (std::ptrdiff_t run = kRun; run < count; run *= 2) {
    merged.clear();
    merged.reserve(items.size());
    for (std::ptrdiff_t begin = 0; begin < count; begin += 2 * run) {
      auto left = items.begin() + begin, right = items.begin() + std::min(begin + run, count);
      const auto middle = right, end = items.begin() + std::min(begin + 2 * run, count);
      while (left != middle || right != end) {
        const bool isRight = left == middle || (right != end && before(*right, *left));
        merged.push_back(std::move(isRight ? *right++ : *left++));
        if (!hasTime()) return false;
      }
    }
    items.swap(merged);
  }
  return true;
}

/// Empty where the label is no hash.
std::string hashOf(std::span<const std::uint8_t> label) {
  std::array<std::uint8_t, kNsec3HashOctets> hash;
  if (!fromBase32Hex(label, hash)) return {};
  return {hash.begin(), hash.end()};
}

struct Link {
  std::string hash, next;
  NodeView node;
};

}  // namespace

void ZoneChecker::checkChains(const HasTime& hasTime) {
  if (hasNsec_) checkNsecChain(hasTime);
  if (hasNsec3_ && hasTime()) checkNsec3Chain(hasTime);
}

void ZoneChecker::checkNsecChain(const HasTime& hasTime) {
  std::vector<NodeView> sorted;
  const bool finished = zone_.names().forEach([&](NodeView node) {
    if (node.has(RRType::NSEC)) sorted.push_back(node);
    return hasTime();
  });
  const auto comesBefore = [](NodeView a, NodeView b) { return a.name() < b.name(); };
  if (!finished || !sortInTime(sorted, comesBefore, hasTime)) return;
  std::array<std::uint8_t, kMaxNameOctets> buffer{};
  for (std::size_t i = 0; i < sorted.size() && hasTime(); ++i) {
    const auto rdata = sorted[i].find(RRType::NSEC).front();
    const NameView wanted = sorted[(i + 1) % sorted.size()].name();
    const NodeView node = sorted[i];
    if (rdata.size() >= wanted.size() && canonicalName(rdata.first(wanted.size()), buffer) == wanted)
      continue;
    found_(Check::NsecChain, node.name(), RRType::NSEC, "the next name is not " + toText(wanted));
  }
}

void ZoneChecker::checkNsec3Chain(const HasTime& hasTime) {
  // Opt-out, a flag, differs within a chain.
  std::map<std::pair<unsigned, Nsec3Parameters>, std::vector<Link>> chains;
  const auto add = [&](NodeView node, Octets rdata) {
    const auto fields = nsec3FieldsOf(rdata);
    const Octets hashed = fields ? rdata.subspan(fields->octets) : Octets();
    if (hashed.empty() || hashed.size() < 1u + hashed[0]) return;
    chains[{fields->algorithm, fields->parameters}].push_back(
        {hashOf(node.name().firstLabel()),
         std::string(reinterpret_cast<const char*>(hashed.data()) + 1, hashed[0]), node});
  };
  const bool finished = zone_.names().forEach([&](NodeView node) {
    if (const RRsetView nsec3 = node.find(RRType::NSEC3); nsec3 && !node.name().isRoot())
      for (const auto rdata : nsec3) add(node, rdata);
    return hasTime();
  });
  if (!finished) return;
  if (chains.empty()) found_(Check::Nsec3Chain, zone_.apex(), RRType::NSEC3PARAM, "no NSEC3 at all");
  for (auto& [parameters, links] : chains) {
    const auto comesBefore = [](const Link& a, const Link& b) { return a.hash < b.hash; };
    if (!sortInTime(links, comesBefore, hasTime)) return;
    for (std::size_t i = 0; i < links.size() && hasTime(); ++i)
      if (const Link& next = links[(i + 1) % links.size()]; links[i].next != next.hash)
        found_(Check::Nsec3Chain, links[i].node.name(), RRType::NSEC3,
               "the next hash is not that of " + toText(next.node.name()));
  }
}

}  // namespace holdfast
