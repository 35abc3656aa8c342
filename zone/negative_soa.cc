#include "zone/negative_soa.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "zone/lowered_name.h"
#include "zone/network_order.h"
#include "zone/octets.h"

namespace holdfast {

namespace {

constexpr std::size_t kSoaTimersOctets = 20;  // serial to minimum (RFC 1035 section 3.3.13)
constexpr std::size_t kSoaLengthAt = 10;      // of RDLENGTH behind a pointer, type, class and TTL

/// With how many labels two names end alike.
unsigned commonLabels(const HashedName& a, const HashedName& b) noexcept {
  unsigned labels = std::min(a.labels(), b.labels());
  while (labels > 0 && !(a.suffix(labels) == b.suffix(labels))) --labels;
  return labels;
}

}  // namespace

std::uint32_t negativeTtl(RRsetView soa) noexcept {
  const auto rdata = soa.front();
  std::uint32_t minimum = 0;
  for (const std::uint8_t octet : rdata.last(std::min<std::size_t>(rdata.size(), 4)))
    minimum = minimum << 8 | octet;
  return std::min(soa.ttl(), minimum);
}

NegativeSoa::NegativeSoa(NodeView apexNode) {
  const RRsetView soa = apexNode ? apexNode.find(RRType::SOA) : RRsetView();
  if (!soa || apexNode.name().isRoot()) return;  // the root's name is written, not pointed to
  const auto rdata = soa.front();
  const auto mname = rdata.first(nameOctets(rdata));
  const auto rname = rdata.subspan(mname.size()).first(nameOctets(rdata.subspan(mname.size())));
  const auto timers = rdata.subspan(mname.size() + rname.size());
  if (mname.empty() || rname.empty() || timers.size() != kSoaTimersOctets) return;

  const HashedName apex(apexNode.name());
  const LoweredName primary(mname), contact(rname);
  if (commonLabels(primary.hashed, contact.hashed) > commonLabels(contact.hashed, apex)) return;

  apexLabels_ = apex.labels();
  isSigned_ = holdfast::isSigned(apexNode, RRType::SOA);
  pointers_[count_++] = {0, 0};
  OctetWriter(octets_)
      .number<std::uint16_t>(0)
      .number(RRType::SOA)
      .number<std::uint16_t>(1)  // class IN
      .number(negativeTtl(soa))
      .number<std::uint16_t>(0);
  addName(mname, apex, children_[0]);
  addName(rname, apex, children_[1]);
  octets_ += charsOf(timers);
  const std::size_t length = octets_.size() - kSoaLengthAt - 2;
  octets_[kSoaLengthAt] = static_cast<char>(length >> 8);
  octets_[kSoaLengthAt + 1] = static_cast<char>(length);
}

/// `child` is set where the name is below the apex: the message may have the question's name to point to.
void NegativeSoa::addName(std::span<const std::uint8_t> wire, const HashedName& apex, std::uint64_t& child) {
  const LoweredName name(wire);
  const unsigned common = commonLabels(name.hashed, apex);
  const std::size_t shared = common == 0 ? 0 : apex.suffix(common).size();
  octets_ += charsOf(wire.first(wire.size() - shared));
  if (common == 0) return;
  if (common == apex.labels() && name.hashed.labels() > common) child = name.hashed.hash(common + 1);
  pointers_[count_++] = {static_cast<std::uint16_t>(octets_.size()),
                         static_cast<std::uint16_t>(apex.name().size() - shared)};
  OctetWriter(octets_).number<std::uint16_t>(0);
}

std::uint8_t* NegativeSoa::put(std::uint8_t* at, std::size_t apexAt) const noexcept {
  std::memcpy(at, octets_.data(), octets_.size());
  for (unsigned i = 0; i < count_; ++i) store16(at + pointers_[i].at, 0xc000u | (apexAt + pointers_[i].into));
  return at + octets_.size();
}

}  // namespace holdfast
