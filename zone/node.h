#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "zone/name.h"
#include "zone/rrset.h"

namespace holdfast {

/// The compiled form of one owner name: header, name and RRsets in one run of bytes that a bucket of the
/// NameTable holds. Position-independent, unaligned, host byte order for the numbers, wire format for the
/// rest. Layout (offsets in octets):
///
///   node   0 u32 bytes in all   4 u32 children   8 u16 RRsets   10 u8 name octets   11 u8 flags
///          12 name, then the RRsets
///   RRset  0 u32 bytes in all   4 u32 ttl   8 u16 type   10 u16 records   12 u16 pick   14 u8 flags
///          15 u8 octets of each record: 16 RDATA...
///             where they differ or are over 255, 0: 16 u32 octets of the records, 20 (u16 length, RDATA)...
///          then for an endpoint: u32 weight, one of all or one each, and where any has an id
///          (u8 length, id)...
/// Equal content is equal octets: of two ways to write an RRset the shorter is taken.
namespace node_layout {
/// Changes with the layout, so that nodes of another are not taken for these (zone/zone_image.h).
inline constexpr std::uint32_t kVersion = 1;
inline constexpr std::size_t kNodeHeader = 12;
inline constexpr std::size_t kRRsetHeader = 16;
inline constexpr std::size_t kRdataLength = 2;
inline constexpr std::size_t kMostFixed = 255;  ///< octets of a record that are written once for all
inline constexpr std::uint8_t kHasTargets = 1;  ///< flags of an RRset
inline constexpr std::uint8_t kSameWeight = 2;
inline constexpr std::uint8_t kHasIds = 4;
inline constexpr std::uint8_t kOnlyNsec3 = 1;      ///< flag of a node: NSEC3 and its signatures, nothing else
inline constexpr std::uint8_t kHasSignatures = 2;  ///< flag of a node: it has RRSIG records

template <class T>
T load(const std::uint8_t* at) noexcept {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}
}  // namespace node_layout

/// One compiled RRset. Borrows from the snapshot: valid while the read section is open.
class RRsetView {
 public:
  RRsetView() noexcept = default;
  explicit RRsetView(const std::uint8_t* at) noexcept : at_(at) {}

  explicit operator bool() const noexcept { return at_ != nullptr; }
  RRType type() const noexcept { return static_cast<RRType>(node_layout::load<std::uint16_t>(at_ + 8)); }
  std::uint32_t ttl() const noexcept { return node_layout::load<std::uint32_t>(at_ + 4); }
  std::uint16_t count() const noexcept { return node_layout::load<std::uint16_t>(at_ + 10); }
  std::uint16_t pick() const noexcept { return node_layout::load<std::uint16_t>(at_ + 12); }
  bool isEndpoint() const noexcept { return has(node_layout::kHasTargets); }
  /// The weight of record i. REQUIRES: isEndpoint(), i < count().
  std::uint32_t weight(unsigned i) const noexcept {
    return node_layout::load<std::uint32_t>(afterRecords() + (has(node_layout::kSameWeight) ? 0 : 4u * i));
  }
  /// Whether all targets weigh the same. REQUIRES: isEndpoint().
  bool isEvenlyWeighted() const noexcept { return has(node_layout::kSameWeight); }
  std::span<const std::uint8_t> bytes() const noexcept {
    return {at_, node_layout::load<std::uint32_t>(at_)};
  }

  class RdataIterator {
   public:
    /// `octets` of each record; 0 where its length stands before it.
    RdataIterator(const std::uint8_t* at, std::size_t octets) noexcept : at_(at), octets_(octets) {}
    std::span<const std::uint8_t> operator*() const noexcept {
      if (octets_ != 0) return {at_, octets_};
      return {at_ + node_layout::kRdataLength, node_layout::load<std::uint16_t>(at_)};
    }
    RdataIterator& operator++() noexcept {
      at_ += octets_ != 0 ? octets_ : node_layout::kRdataLength + node_layout::load<std::uint16_t>(at_);
      return *this;
    }
    friend bool operator==(RdataIterator a, RdataIterator b) noexcept { return a.at_ == b.at_; }

   private:
    const std::uint8_t* at_;
    std::size_t octets_;
  };
  RdataIterator begin() const noexcept { return {records(), fixedOctets()}; }
  RdataIterator end() const noexcept { return {afterRecords(), fixedOctets()}; }
  /// The one record of a CNAME, DNAME or SOA. REQUIRES: count() > 0.
  std::span<const std::uint8_t> front() const noexcept { return *begin(); }
  /// Records of one length, one behind the other, and that length. REQUIRES: addresses.
  const std::uint8_t* addresses() const noexcept { return at_ + node_layout::kRRsetHeader; }
  std::size_t addressOctets() const noexcept { return at_[15]; }

  /// The ids of the targets, as many as records. REQUIRES: isEndpoint().
  class IdIterator {
   public:
    /// nullptr: none has one.
    explicit IdIterator(const std::uint8_t* at) noexcept : at_(at) {}
    std::span<const std::uint8_t> operator*() const noexcept {
      return at_ == nullptr ? std::span<const std::uint8_t>() : std::span(at_ + 1, *at_);
    }
    IdIterator& operator++() noexcept {
      if (at_ != nullptr) at_ += 1 + *at_;
      return *this;
    }

   private:
    const std::uint8_t* at_;
  };
  IdIterator ids() const noexcept {
    if (!has(node_layout::kHasIds)) return IdIterator(nullptr);
    return IdIterator(afterRecords() + sizeof(std::uint32_t) * (isEvenlyWeighted() ? 1 : count()));
  }

  /// An owned copy; allocates, so never on the query path.
  RRset toOwned() const;

 private:
  bool has(std::uint8_t flag) const noexcept { return (at_[14] & flag) != 0; }
  std::size_t fixedOctets() const noexcept { return at_[15]; }
  const std::uint8_t* records() const noexcept {
    return at_ + node_layout::kRRsetHeader + (fixedOctets() != 0 ? 0 : sizeof(std::uint32_t));
  }
  const std::uint8_t* afterRecords() const noexcept {
    const std::uint8_t* start = at_ + node_layout::kRRsetHeader;
    if (fixedOctets() != 0) return start + count() * fixedOctets();
    return start + sizeof(std::uint32_t) + node_layout::load<std::uint32_t>(start);
  }
  const std::uint8_t* at_ = nullptr;
};

/// One compiled owner name. Borrows, as RRsetView does. No RRsets: an empty non-terminal.
class NodeView {
 public:
  NodeView() noexcept = default;
  explicit NodeView(const std::uint8_t* at) noexcept : at_(at) {}

  explicit operator bool() const noexcept { return at_ != nullptr; }
  /// Where it starts: to be prefetched, and to tell nodes apart.
  const std::uint8_t* data() const noexcept { return at_; }
  /// Asks for the memory of what most nodes are, without waiting for it.
  void prefetch() const noexcept {
    constexpr std::size_t kCacheLine = 64;
    __builtin_prefetch(at_);
    __builtin_prefetch(at_ + kCacheLine);
  }
  NameView name() const noexcept { return {at_ + node_layout::kNodeHeader, at_[10]}; }
  /// Names exactly one label below that exist, empty non-terminals included.
  std::uint32_t children() const noexcept { return node_layout::load<std::uint32_t>(at_ + 4); }
  std::uint16_t rrsetCount() const noexcept { return node_layout::load<std::uint16_t>(at_ + 8); }
  /// An owner of NSEC3 records alone: answered as if the name did not exist (RFC 5155 section 7.2.8).
  bool isHidden() const noexcept { return (at_[11] & node_layout::kOnlyNsec3) != 0 && children() == 0; }
  /// Some RRset is more than a proof of what does not exist.
  bool hasAnswers() const noexcept {
    for (const RRsetView rrset : *this)
      if (!isDenialType(rrset.type())) return true;
    return false;
  }
  bool hasSignatures() const noexcept { return (at_[11] & node_layout::kHasSignatures) != 0; }
  std::span<const std::uint8_t> bytes() const noexcept {
    return {at_, node_layout::load<std::uint32_t>(at_)};
  }

  class RRsetIterator {
   public:
    explicit RRsetIterator(const std::uint8_t* at) noexcept : at_(at) {}
    RRsetView operator*() const noexcept { return RRsetView(at_); }
    RRsetIterator& operator++() noexcept {
      at_ += node_layout::load<std::uint32_t>(at_);
      return *this;
    }
    friend bool operator==(RRsetIterator, RRsetIterator) = default;

   private:
    const std::uint8_t* at_;
  };
  RRsetIterator begin() const noexcept { return RRsetIterator(at_ + node_layout::kNodeHeader + at_[10]); }
  RRsetIterator end() const noexcept { return RRsetIterator(at_ + node_layout::load<std::uint32_t>(at_)); }

  /// The RRset of that type, or a null view.
  RRsetView find(RRType type) const noexcept {
    for (const RRsetView rrset : *this)
      if (rrset.type() == type) return rrset;
    return {};
  }
  bool has(RRType type) const noexcept { return static_cast<bool>(find(type)); }
  /// True where some RRset is one half of an endpoint.
  bool isEndpoint() const noexcept {
    for (const RRsetView rrset : *this)
      if (rrset.isEndpoint()) return true;
    return false;
  }

 private:
  const std::uint8_t* at_ = nullptr;
};

/// The sum of the weights; 0 for an RRset that is no part of an endpoint, and for the null view.
std::uint64_t weightOf(RRsetView rrset) noexcept;

/// Whether the node has a signature over its RRset of that type.
bool isSigned(NodeView node, RRType type) noexcept;

/// Compiles one owner name, RRset by RRset.
class NodeWriter {
 public:
  /// Overwrites `out`, which it borrows.
  NodeWriter(std::string& out, NameView name, std::uint32_t children);

  /// REQUIRES for both: types in ascending order; records in the order of RRset::canonicalise, none twice, at
  /// most 65535 of at most 65535 octets.
  void add(const RRset& rrset);
  struct TargetView {
    std::array<std::uint8_t, 16> address;  ///< in network order, an IPv4 address in front of zeros
    std::uint32_t weight;
    std::string_view id;
  };
  /// REQUIRES besides: an address type, one target or more.
  void addEndpoint(RRType type, std::uint32_t ttl, std::uint16_t pick, std::span<const TargetView> targets);
  /// Call once, last: then `out` holds the node.
  void finish();

 private:
  struct Head;
  std::size_t begin(const Head& head);
  void end(std::size_t start, RRType type);

  std::string& out_;
  std::uint16_t rrsets_ = 0;
  bool hasNsec3_ = false, hasSignatures_ = false, hasOthers_ = false;
};

/// Compiles one owner name.
/// REQUIRES: rrsets are settled() and canonical (RRset::canonicalise), one per type, each RDATA at most 65535
/// octets.
std::string encodeNode(NameView name, std::uint32_t children, const std::vector<RRset>& rrsets);
/// The RRsets as a node has them: by type, and with signatures that have the least TTL of the RRsets they
/// cover. A signature has the TTL of what it covers (RFC 4034 section 3), so its own is of no use.
std::vector<RRset> settled(std::vector<RRset> rrsets);
/// The same node with another number of children.
std::string withChildren(NodeView node, std::uint32_t children);

}  // namespace holdfast
