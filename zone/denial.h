#pragma once

#include <array>

#include "zone/denial_index.h"
#include "zone/zone.h"

namespace holdfast {

using Nsec3Hash = std::array<std::uint8_t, kNsec3HashOctets>;

/// RFC 5155 section 5. `name` is lower-case wire format. Allocates nothing; kMaxNsec3Iterations bound the
/// work.
Nsec3Hash hashNsec3(NameView name, const Nsec3Parameters& parameters) noexcept;

/// The link of a zone's chain that speaks about a name: it owns it, or its span covers it. Borrows from the
/// snapshot.
struct DenialLink {
  NodeView node;
  RRsetView rrset;       ///< its NSEC or NSEC3
  bool matches = false;  ///< the link's owner is the name (or its hash); else the name lies in its span
  explicit operator bool() const noexcept { return static_cast<bool>(rrset); }
};

/// The NSEC that owns or covers the name, a null link where the zone has no chain of NSEC.
/// REQUIRES: name is at or below the zone's apex. Allocates nothing.
DenialLink findNsec(const Zone& zone, NameView name) noexcept;
/// The same by NSEC3. REQUIRES: zone.denial().nsec3().
DenialLink findNsec3(const Zone& zone, NameView name) noexcept;

}  // namespace holdfast
