#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "zone/node_changes.h"
#include "zone/zone.h"

namespace holdfast {

/// How the answers of one name and type change.
struct RRsetChange {
  RRType type = RRType::A;
  std::uint32_t recordsBefore = 0, recordsAfter = 0;
  std::uint64_t capacityBefore = 0, capacityAfter = 0;  ///< sum of weights; of an endpoint only
  std::uint32_t ttlBefore = 0, ttlAfter = 0;
  std::vector<std::string> added, removed;  ///< RDATA in presentation format, "(weight N)" behind a target
};

/// What endpoints have to answer with: both address families together.
struct Supply {
  std::uint64_t targets = 0;
  std::uint64_t capacity = 0;  ///< sum of weights
  Supply& operator+=(const Supply& other) noexcept;
  friend bool operator==(const Supply&, const Supply&) = default;
};

/// Of one name; nothing for a null view and for names without targets.
Supply supplyOf(NodeView node) noexcept;
/// Of all endpoints of a zone, in one walk over its names.
Supply supplyOf(const Zone& zone);

struct NameChange {
  Name name;
  bool isEndpoint = false;  ///< before, after or both
  Supply before, after;
  std::vector<RRsetChange> rrsets;
};

/// What a candidate changes against the zone before it. The SOA, which changes with every generation, is left
/// out.
struct Diff {
  std::uint64_t namesAdded = 0, namesRemoved = 0, namesChanged = 0;
  Supply before, after;             ///< of all names that change, also those not listed
  std::vector<NameChange> changes;  ///< canonical order; at most `limit` of them, `truncated` says if more
  bool truncated = false;
};

/// What some of the names that differ come to, without listing any: several threads may each look at some.
Diff summaryOf(const std::vector<NodeChange>& changes);
/// Of all names, `parts` being what they come to part by part.
Diff joined(const std::vector<Diff>& parts, const NodeChanges& changes, std::size_t limit);

Diff diffZones(const Zone& before, const Zone& after, std::size_t limit);

}  // namespace holdfast
