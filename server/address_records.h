#pragma once

#include <array>
#include <cstring>

#include "zone/network_order.h"
#include "zone/node.h"

namespace holdfast {

/// Of a record whose owner is a pointer: all before its RDATA.
inline constexpr std::size_t kFixedOctets = 12;

/// What the records of an RRset have in common, beside its type.
struct AddressHead {
  std::uint16_t owner;  ///< where the message has its name
  std::uint16_t qclass;
  std::uint32_t ttl;
};

/// Writes address records that are alike but for their last octets, from record `first` on and round about.
/// Returns where the next octet goes. REQUIRES: kOctets are those of each address; there is room;
/// first < count().
template <std::size_t kOctets>
std::uint8_t* putAddressRecords(std::uint8_t* at, RRsetView rrset, const AddressHead& head,
                                unsigned first) noexcept {
  std::array<std::uint8_t, kFixedOctets> fixed;
  std::uint8_t* part =
      store16(store16(fixed.data(), 0xc000u | head.owner), static_cast<std::size_t>(rrset.type()));
  store16(store32(store16(part, head.qclass), head.ttl), kOctets);
  const std::uint8_t* const begin = rrset.addresses();
  const std::uint8_t* const end = begin + rrset.count() * kOctets;
  const std::uint8_t* rdata = begin + first * kOctets;
  for (unsigned left = rrset.count(); left > 0; --left) {
    std::memcpy(at, fixed.data(), kFixedOctets);
    std::memcpy(at + kFixedOctets, rdata, kOctets);
    at += kFixedOctets + kOctets;
    rdata = rdata + kOctets == end ? begin : rdata + kOctets;
  }
  return at;
}

}  // namespace holdfast
