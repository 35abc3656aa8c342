#include "zone/node.h"

#include <algorithm>
#include <numeric>

namespace holdfast {

namespace {

template <class T>
void append(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class T>
void patch(std::string& out, std::size_t at, T value) {
  std::memcpy(out.data() + at, &value, sizeof value);
}

void encodeRRset(std::string& out, const RRset& rrset) {
  const std::size_t start = out.size();
  append(out, std::uint32_t{0});
  append(out, rrset.ttl);
  append(out, static_cast<std::uint16_t>(rrset.type));
  append(out, static_cast<std::uint16_t>(rrset.rdata.size()));
  append(out, rrset.pick);
  append(out, rrset.isEndpoint() ? node_layout::kHasTargets : std::uint16_t{0});
  append(out, std::uint32_t{0});
  for (const std::string& rdata : rrset.rdata) {
    append(out, static_cast<std::uint16_t>(rdata.size()));
    out += rdata;
  }
  patch(out, start + 16, static_cast<std::uint32_t>(out.size() - start - node_layout::kRRsetHeader));
  for (const Target& target : rrset.targets) append(out, target.weight);
  for (const Target& target : rrset.targets) {
    append(out, static_cast<std::uint8_t>(target.id.size()));
    out += target.id;
  }
  patch(out, start, static_cast<std::uint32_t>(out.size() - start));
}

std::uint8_t flagsOf(const std::vector<RRset>& rrsets) noexcept {
  bool nsec3 = false, signatures = false, others = false;
  for (const RRset& rrset : rrsets) {
    nsec3 = nsec3 || rrset.type == RRType::NSEC3;
    signatures = signatures || rrset.type == RRType::RRSIG;
    others = others || (rrset.type != RRType::NSEC3 && rrset.type != RRType::RRSIG);
  }
  return static_cast<std::uint8_t>((nsec3 && !others ? node_layout::kOnlyNsec3 : 0) |
                                   (signatures ? node_layout::kHasSignatures : 0));
}

}  // namespace

void RRset::canonicalise() {
  std::vector<std::size_t> order(rdata.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return rdata[a] < rdata[b]; });
  const auto same = [&](std::size_t a, std::size_t b) { return rdata[a] == rdata[b]; };
  order.erase(std::unique(order.begin(), order.end(), same), order.end());
  std::vector<std::string> sortedRdata;
  std::vector<Target> sortedTargets;
  for (const std::size_t i : order) {
    sortedRdata.push_back(std::move(rdata[i]));
    if (!targets.empty()) sortedTargets.push_back(std::move(targets[i]));
  }
  rdata = std::move(sortedRdata);
  targets = std::move(sortedTargets);
}

RRset RRsetView::toOwned() const {
  RRset owned{type(), ttl(), pick(), {}, {}};
  for (const auto rdata : *this)
    owned.rdata.emplace_back(reinterpret_cast<const char*>(rdata.data()), rdata.size());
  if (!isEndpoint()) return owned;
  const std::uint8_t* id = afterRecords() + 4u * count();
  for (unsigned i = 0; i < count(); ++i) {
    owned.targets.push_back({std::string(reinterpret_cast<const char*>(id + 1), *id), weight(i)});
    id += 1 + *id;
  }
  return owned;
}

std::uint64_t weightOf(RRsetView rrset) noexcept {
  std::uint64_t sum = 0;
  if (rrset && rrset.isEndpoint())
    for (unsigned i = 0; i < rrset.count(); ++i) sum += rrset.weight(i);
  return sum;
}

bool isSigned(NodeView node, RRType type) noexcept {
  if (!node.hasSignatures()) return false;
  for (const auto rdata : node.find(RRType::RRSIG))
    if (coveredType(rdata) == type) return true;
  return false;
}

std::string encodeNode(NameView name, std::uint32_t children, const std::vector<RRset>& rrsets) {
  std::string out;
  append(out, std::uint32_t{0});
  append(out, children);
  append(out, static_cast<std::uint16_t>(rrsets.size()));
  append(out, static_cast<std::uint8_t>(name.size()));
  append(out, flagsOf(rrsets));
  out.append(reinterpret_cast<const char*>(name.data()), name.size());
  for (const RRset& rrset : rrsets) encodeRRset(out, rrset);
  patch(out, 0, static_cast<std::uint32_t>(out.size()));
  return out;
}

bool holdsJust(NodeView node, std::span<const RRset* const> rrsets, std::string& scratch) {
  if (!node || node.rrsetCount() != rrsets.size()) return false;
  auto held = node.begin();
  for (const RRset* rrset : rrsets) {
    scratch.clear();
    encodeRRset(scratch, *rrset);
    const auto octets = (*held).bytes();
    if (octets.size() != scratch.size() || std::memcmp(octets.data(), scratch.data(), scratch.size()) != 0)
      return false;
    ++held;
  }
  return true;
}

std::string withChildren(NodeView node, std::uint32_t children) {
  const auto bytes = node.bytes();
  std::string out(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  patch(out, 4, children);
  return out;
}

}  // namespace holdfast
