#pragma once

#include <cstdint>
#include <string>
#include <vector>

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

struct NameChange {
  Name name;
  std::vector<RRsetChange> rrsets;
};

/// What a candidate changes against the zone before it. The SOA, which changes with every generation, is left
/// out.
struct Diff {
  std::uint64_t namesAdded = 0, namesRemoved = 0, namesChanged = 0;
  std::vector<NameChange> changes;  ///< canonical order; at most `limit` of them, `truncated` says if more
  bool truncated = false;
};

Diff diffZones(const Zone& before, const Zone& after, std::size_t limit);

}  // namespace holdfast
