#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
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
///   RRset  0 u32 bytes in all   4 u32 ttl   8 u16 type   10 u16 records   12 u16 pick   14 u16 flags
///          16 u32 octets of the records, 20 records: (u16 length, RDATA)...
///          then for an endpoint: u32 weight..., then (u8 length, id)...
namespace node_layout {
inline constexpr std::size_t kNodeHeader = 12;
inline constexpr std::size_t kRRsetHeader = 20;
inline constexpr std::size_t kRdataLength = 2;
inline constexpr std::uint16_t kHasTargets = 1;    ///< flag of an RRset
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
  bool isEndpoint() const noexcept {
    return (node_layout::load<std::uint16_t>(at_ + 14) & node_layout::kHasTargets) != 0;
  }
  /// The weight of record i. REQUIRES: isEndpoint(), i < count().
  std::uint32_t weight(unsigned i) const noexcept {
    return node_layout::load<std::uint32_t>(afterRecords() + 4u * i);
  }
  std::span<const std::uint8_t> bytes() const noexcept {
    return {at_, node_layout::load<std::uint32_t>(at_)};
  }

  class RdataIterator {
   public:
    explicit RdataIterator(const std::uint8_t* at) noexcept : at_(at) {}
    std::span<const std::uint8_t> operator*() const noexcept {
      return {at_ + 2, node_layout::load<std::uint16_t>(at_)};
    }
    RdataIterator& operator++() noexcept {
      at_ += 2 + node_layout::load<std::uint16_t>(at_);
      return *this;
    }
    friend bool operator==(RdataIterator, RdataIterator) = default;

   private:
    const std::uint8_t* at_;
  };
  RdataIterator begin() const noexcept { return RdataIterator(at_ + node_layout::kRRsetHeader); }
  RdataIterator end() const noexcept { return RdataIterator(afterRecords()); }
  /// The one record of a CNAME, DNAME or SOA. REQUIRES: count() > 0.
  std::span<const std::uint8_t> front() const noexcept { return *begin(); }

  /// An owned copy; allocates, so never on the query path.
  RRset toOwned() const;

 private:
  const std::uint8_t* afterRecords() const noexcept {
    return at_ + node_layout::kRRsetHeader + node_layout::load<std::uint32_t>(at_ + 16);
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

/// Compiles one owner name.
/// REQUIRES: rrsets are canonical (RRset::canonicalise), one per type, each RDATA at most 65535 octets.
std::string encodeNode(NameView name, std::uint32_t children, const std::vector<RRset>& rrsets);
/// Whether the node holds just these RRsets, sorted by type and canonical. `scratch` is overwritten; kept
/// from call to call it saves allocations. What signatures make of TTLs (ZoneEdit) is not considered.
bool holdsJust(NodeView node, std::span<const RRset* const> rrsets, std::string& scratch);
/// The same node with another number of children.
std::string withChildren(NodeView node, std::uint32_t children);

}  // namespace holdfast
