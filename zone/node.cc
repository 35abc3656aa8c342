#include "zone/node.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>

namespace holdfast {

namespace {

template <class T>
void append(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class T>
void store(char* at, T value) noexcept {
  std::memcpy(at, &value, sizeof value);
}

template <class T>
void patch(std::string& out, std::size_t at, T value) noexcept {
  store(out.data() + at, value);
}

/// What all records have as their length, if that can be written once for all; else 0.
std::uint8_t fixedOctetsOf(const RRset& rrset) noexcept {
  const std::size_t octets = rrset.rdata.empty() ? 0 : rrset.rdata.front().size();
  const bool isSame =
      std::ranges::all_of(rrset.rdata, [&](const auto& each) { return each.size() == octets; });
  return isSame && octets <= node_layout::kMostFixed ? static_cast<std::uint8_t>(octets) : 0;
}

/// Of the targets, each with a weight and an id.
template <class Targets>
std::uint8_t flagsOf(const Targets& targets) noexcept {
  if (targets.empty()) return 0;
  const std::uint32_t weight = targets.front().weight;
  const bool isEven = std::ranges::all_of(targets, [&](const auto& each) { return each.weight == weight; });
  const bool hasIds = std::ranges::any_of(targets, [](const auto& each) { return !each.id.empty(); });
  return static_cast<std::uint8_t>(node_layout::kHasTargets | (isEven ? node_layout::kSameWeight : 0) |
                                   (hasIds ? node_layout::kHasIds : 0));
}

template <class Targets>
void appendTargets(std::string& out, const Targets& targets, std::uint8_t flags) {
  const std::size_t weights = (flags & node_layout::kSameWeight) != 0 ? 1 : targets.size();
  for (std::size_t i = 0; i < weights; ++i) append(out, targets[i].weight);
  if ((flags & node_layout::kHasIds) == 0) return;
  for (const auto& target : targets) {
    append(out, static_cast<std::uint8_t>(target.id.size()));
    out += target.id;
  }
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
  IdIterator id = ids();
  for (unsigned i = 0; i < count(); ++i, ++id)
    owned.targets.push_back(
        {std::string(reinterpret_cast<const char*>((*id).data()), (*id).size()), weight(i)});
  return owned;
}

std::uint64_t weightOf(RRsetView rrset) noexcept {
  std::uint64_t sum = 0;
  if (!rrset || !rrset.isEndpoint() || rrset.count() == 0) return sum;
  if (rrset.isEvenlyWeighted()) return std::uint64_t{rrset.count()} * rrset.weight(0);
  for (unsigned i = 0; i < rrset.count(); ++i) sum += rrset.weight(i);
  return sum;
}

bool isSigned(NodeView node, RRType type) noexcept {
  if (!node.hasSignatures()) return false;
  for (const auto rdata : node.find(RRType::RRSIG))
    if (coveredType(rdata) == type) return true;
  return false;
}

/// What stands before the records of an RRset.
struct NodeWriter::Head {
  RRType type;
  std::uint32_t ttl;
  std::uint16_t pick;
  std::size_t records;
  std::uint8_t flags;
  std::uint8_t octets;
};

NodeWriter::NodeWriter(std::string& out, NameView name, std::uint32_t children) : out_(out) {
  std::array<char, node_layout::kNodeHeader> header{};
  store(header.data() + 4, children);
  store(header.data() + 10, static_cast<std::uint8_t>(name.size()));
  out_.assign(header.data(), header.size());
  out_.append(reinterpret_cast<const char*>(name.data()), name.size());
}

std::size_t NodeWriter::begin(const Head& head) {
  const std::size_t start = out_.size();
  std::array<char, node_layout::kRRsetHeader> header{};
  store(header.data() + 4, head.ttl);
  store(header.data() + 8, static_cast<std::uint16_t>(head.type));
  store(header.data() + 10, static_cast<std::uint16_t>(head.records));
  store(header.data() + 12, head.pick);
  store(header.data() + 14, head.flags);
  store(header.data() + 15, head.octets);
  out_.append(header.data(), header.size());
  return start;
}

void NodeWriter::end(std::size_t start, RRType type) {
  patch(out_, start, static_cast<std::uint32_t>(out_.size() - start));
  ++rrsets_;
  hasNsec3_ = hasNsec3_ || type == RRType::NSEC3;
  hasSignatures_ = hasSignatures_ || type == RRType::RRSIG;
  hasOthers_ = hasOthers_ || (type != RRType::NSEC3 && type != RRType::RRSIG);
}

void NodeWriter::add(const RRset& rrset) {
  const std::uint8_t octets = fixedOctetsOf(rrset), flags = flagsOf(rrset.targets);
  const std::size_t start = begin({rrset.type, rrset.ttl, rrset.pick, rrset.rdata.size(), flags, octets});
  if (octets == 0) append(out_, std::uint32_t{0});
  const std::size_t records = out_.size();
  for (const std::string& rdata : rrset.rdata) {
    if (octets == 0) append(out_, static_cast<std::uint16_t>(rdata.size()));
    out_ += rdata;
  }
  if (octets == 0)
    patch(out_, records - sizeof(std::uint32_t), static_cast<std::uint32_t>(out_.size() - records));
  if (rrset.isEndpoint()) appendTargets(out_, rrset.targets, flags);
  end(start, rrset.type);
}

void NodeWriter::addEndpoint(RRType type, std::uint32_t ttl, std::uint16_t pick,
                             std::span<const TargetView> targets) {
  const std::uint8_t flags = flagsOf(targets);
  constexpr std::size_t kIpv4 = 4, kIpv6 = 16;
  const bool isIpv4 = type == RRType::A;
  const std::size_t octets = isIpv4 ? kIpv4 : kIpv6;
  const std::size_t start =
      begin({type, ttl, pick, targets.size(), flags, static_cast<std::uint8_t>(octets)});
  const std::size_t records = out_.size();
  out_.resize(records + targets.size() * octets);
  char* to = out_.data() + records;
  for (const TargetView& target : targets) {
    std::memcpy(to, target.address.data(), isIpv4 ? kIpv4 : kIpv6);
    to += octets;
  }
  appendTargets(out_, targets, flags);
  end(start, type);
}

void NodeWriter::finish() {
  const int flags = (hasNsec3_ && !hasOthers_ ? node_layout::kOnlyNsec3 : 0) |
                    (hasSignatures_ ? node_layout::kHasSignatures : 0);
  patch(out_, 0, static_cast<std::uint32_t>(out_.size()));
  patch(out_, 8, rrsets_);
  patch(out_, 11, static_cast<std::uint8_t>(flags));
}

std::string encodeNode(NameView name, std::uint32_t children, const std::vector<RRset>& rrsets) {
  std::string out;
  NodeWriter writer(out, name, children);
  for (const RRset& rrset : rrsets) writer.add(rrset);
  writer.finish();
  return out;
}

std::vector<RRset> settled(std::vector<RRset> rrsets) {
  std::ranges::sort(rrsets, {}, &RRset::type);
  const auto signatures = std::ranges::find(rrsets, RRType::RRSIG, &RRset::type);
  if (signatures == rrsets.end()) return rrsets;
  std::optional<std::uint32_t> least;
  for (const std::string& rdata : signatures->rdata) {
    const auto covered = std::ranges::find(rrsets, coveredType(rdata), &RRset::type);
    if (covered != rrsets.end()) least = std::min(least.value_or(covered->ttl), covered->ttl);
  }
  signatures->ttl = least.value_or(signatures->ttl);
  return rrsets;
}

std::string withChildren(NodeView node, std::uint32_t children) {
  const auto bytes = node.bytes();
  std::string out(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  patch(out, 4, children);
  return out;
}

}  // namespace holdfast
