#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "zone/snapshot.h"

namespace holdfast {

/// What one zone says about one name and type (RFC 1034 section 4.3.2, steps 3 and 4).
enum class Found : std::uint8_t {
  Data,        ///< `rrset` answers (for QTYPE ANY: `node` answers)
  Cname,       ///< `rrset` is the CNAME to follow
  Dname,       ///< `rrset` is a DNAME above the name (RFC 6672)
  Delegation,  ///< `rrset` is the NS of a zone cut at or above the name; not authoritative
  NoData,      ///< the name exists, the type does not
  NxDomain     ///< the name does not exist
};

/// Borrows from the snapshot.
struct Lookup {
  Found found = Found::NxDomain;
  NodeView node;  ///< where the data is; for NoData the node without it; null for NxDomain
  RRsetView rrset;
  NodeView encloser;      ///< the closest encloser that exists
  bool wildcard = false;  ///< synthesised: the owner of the answer is the name asked, not node.name()
};

/// Looks up one name in one zone. Allocates nothing; work is bounded by the labels of the name.
/// REQUIRES: name is at or below zone.apex(), zone.hasContent().
Lookup lookup(const Zone& zone, const HashedName& name, RRType type) noexcept;

/// "*.encloser", written to `out`. REQUIRES: a name that exists or is asked for is below the encloser, so
/// that there is room for one label more.
NameView wildcardOf(NameView encloser, std::span<std::uint8_t, kMaxNameOctets> out) noexcept;

/// The name that a DNAME owned by `owner` with target `target` makes of `name`, written to `out`.
/// Returns its size, or 0 when it would be over 255 octets (YXDOMAIN, RFC 6672 section 2.2).
/// REQUIRES: name is below owner.
std::size_t substituteDname(NameView name, NameView owner, NameView target,
                            std::span<std::uint8_t, kMaxNameOctets> out) noexcept;

/// Lower-cases a wire-format name out of RDATA into `out` and returns a view of it there.
NameView canonicalName(std::span<const std::uint8_t> wire,
                       std::span<std::uint8_t, kMaxNameOctets> out) noexcept;

/// How many CNAME and DNAME steps one answer follows before it stops.
inline constexpr unsigned kMaxChain = 16;

/// What a client gets in the end, through aliases and over all zones held.
enum class Effect : std::uint8_t {
  Positive,  ///< data of the type asked
  Leaves,    ///< an alias to a name outside the zones held, or below a zone cut: others answer the rest
  Referral,  ///< the name itself lies at or below a zone cut
  NoData,
  NxDomain,
  Unserved,  ///< an alias into a zone without content, which never led anywhere (zone/chain.cc)
  Failed     ///< a loop, an overlong chain or name, or a zone without content
};

/// Follows aliases from `name` as a client would see it. For judging, not for answering.
Effect effectOf(const Snapshot& snapshot, NameView name, RRType type) noexcept;
/// The node that holds the data at the end of the chain, or a null view: its types are those a client can
/// get.
NodeView endOfChain(const Snapshot& snapshot, NameView name) noexcept;

}  // namespace holdfast
