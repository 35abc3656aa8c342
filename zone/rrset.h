#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "zone/name.h"

namespace holdfast {

/// RR TYPE numbers (IANA DNS Parameters). Any 16-bit value is legal; those the code acts on are named.
enum class RRType : std::uint16_t {
  A = 1,
  NS = 2,
  MD = 3,
  MF = 4,
  CNAME = 5,
  SOA = 6,
  MB = 7,
  MG = 8,
  MR = 9,
  PTR = 12,
  MINFO = 14,
  MX = 15,
  TXT = 16,
  AAAA = 28,
  SRV = 33,
  DNAME = 39,
  OPT = 41,
  DS = 43,
  RRSIG = 46,
  NSEC = 47,
  DNSKEY = 48,
  NSEC3 = 50,
  NSEC3PARAM = 51,
  SVCB = 64,
  HTTPS = 65,
  TKEY = 249,
  TSIG = 250,
  IXFR = 251,
  AXFR = 252,
  MAILB = 253,
  MAILA = 254,
  ANY = 255
};

inline constexpr std::uint16_t kClassIn = 1;
inline constexpr std::uint32_t kMaxTtl = 0x7fffffffu;  ///< seconds, RFC 2181 section 8

/// What a target is beside its address: the load balancer's id and its share. Weight 0 is a last resort.
struct Target {
  std::string id;
  std::uint32_t weight = 0;
  friend bool operator==(const Target&, const Target&) = default;
};

/// An owned RRset: what plans carry and the plan store keeps. The compiled form is RRsetView.
struct RRset {
  RRType type = RRType::A;
  std::uint32_t ttl = 0;
  /// For an endpoint: how many targets one response carries; 0 for all of them.
  std::uint16_t pick = 0;
  /// One RDATA each, uncompressed wire format.
  std::vector<std::string> rdata;
  /// Empty, or one per RDATA: then this RRset is one half of an endpoint.
  std::vector<Target> targets;

  bool isEndpoint() const noexcept { return !targets.empty(); }
  /// The sum of the weights; 0 of what is no endpoint.
  std::uint64_t capacity() const noexcept {
    std::uint64_t sum = 0;
    for (const Target& target : targets) sum += target.weight;
    return sum;
  }
  /// Sorts by RDATA and drops equal records (RFC 2181 section 5), so that equal sets compare equal.
  void canonicalise();
  friend bool operator==(const RRset&, const RRset&) = default;
};

/// Whether the RDATA of a type that the code itself reads (addresses, names, SOA, NSEC...) has just the
/// fields it must have. Generic RDATA (RFC 3597) can claim anything. True for all other types.
bool isWholeRdata(RRType type, std::string_view rdata) noexcept;

/// Types that carry a zone's proof of what does not exist, not answers a service relies on.
inline bool isDenialType(RRType type) noexcept {
  return type == RRType::RRSIG || type == RRType::NSEC || type == RRType::NSEC3 || type == RRType::NSEC3PARAM;
}

/// Numbers in network byte order, as RDATA has them. REQUIRES: 2 or 4 octets at least.
inline unsigned number16(std::span<const std::uint8_t> at) noexcept {
  return static_cast<unsigned>(at[0]) << 8 | at[1];
}
inline std::uint32_t number32(std::span<const std::uint8_t> at) noexcept {
  return std::uint32_t{number16(at)} << 16 | number16(at.subspan(2));
}

/// The serial of an SOA, which with the four timers ends its RDATA (RFC 1035 section 3.3.13). REQUIRES:
/// isWholeRdata.
inline std::uint32_t soaSerial(std::span<const std::uint8_t> rdata) noexcept {
  return number32(rdata.last(20));
}

/// The type an RRSIG covers: the first field of its RDATA (RFC 4034 section 3.1). 0 for RDATA too short.
template <class Octets>
RRType coveredType(const Octets& rrsigRdata) noexcept {
  if (rrsigRdata.size() < 2) return RRType{};
  return static_cast<RRType>(static_cast<std::uint8_t>(rrsigRdata[0]) << 8 |
                             static_cast<std::uint8_t>(rrsigRdata[1]));
}

inline constexpr std::array<RRType, 2> kAddressTypes{RRType::A, RRType::AAAA};

inline bool isAddressType(RRType type) noexcept {
  return type == RRType::A || type == RRType::AAAA;
}

}  // namespace holdfast
