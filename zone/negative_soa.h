#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "zone/name.h"
#include "zone/node.h"

namespace holdfast {

/// How long "no" may be kept: the less of the SOA's TTL and its last field (RFC 2308 section 3).
std::uint32_t negativeTtl(RRsetView soa) noexcept;

/// The SOA record that says "no" (RFC 2308 section 3), as it stands in the authority section: ready but for
/// where the message has the zone's name, which its own names end with. Made once for each content of a zone,
/// so that such an answer is a copy. Immutable.
class NegativeSoa {
 public:
  /// None: it takes the long way.
  NegativeSoa() = default;
  /// That of a zone with this node at its apex. None where there is no SOA, or its names have more in common
  /// than what the zone's name ends with.
  explicit NegativeSoa(NodeView apex);

  /// Whether the record is to be written like this beside a question for that name of the zone: not where
  /// there is none, or its names and the question's have more in common than the zone's.
  bool suits(const HashedName& question) const noexcept {
    if (octets_.empty()) return false;
    if (question.labels() <= apexLabels_) return true;
    const std::uint64_t child = question.hash(apexLabels_ + 1);
    return child != children_[0] && child != children_[1];
  }
  /// Whether it has a signature, which stands beside it for those who ask for signatures.
  bool isSigned() const noexcept { return isSigned_; }
  std::size_t size() const noexcept { return octets_.size(); }
  /// Writes it and returns where the next octet goes. `apexAt` is where the message has the zone's name.
  /// REQUIRES: suits() for the question; room for size() octets.
  std::uint8_t* put(std::uint8_t* at, std::size_t apexAt) const noexcept;

 private:
  void addName(std::span<const std::uint8_t> wire, const HashedName& apex, std::uint64_t& child);

  /// A compression pointer (RFC 1035 section 4.1.4) into the zone's name.
  struct Pointer {
    std::uint16_t at;    // within octets_
    std::uint16_t into;  // octets from the beginning of the zone's name
  };
  std::string octets_;
  std::array<Pointer, 3> pointers_{};  // of owner, MNAME and RNAME; the first count_ are set
  unsigned count_ = 0;
  unsigned apexLabels_ = 0;
  bool isSigned_ = false;
  std::array<std::uint64_t, 2> children_{};  // of MNAME and RNAME: the hash of what they have below the apex
};

}  // namespace holdfast
