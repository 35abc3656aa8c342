#pragma once

#include <cstdint>

#include "tests/differential/zone_set.h"

namespace holdfast::differential {

/// Zones full of what servers find hard: wildcards, empty non-terminals, aliases that chain, loop and leave,
/// DNAME, delegations with every kind of glue, occluded data, parent and child on one server, odd and long
/// names, large RRsets. The same for the same seed and number.
ZoneSet generateZones(std::uint64_t seed, unsigned number, Signing signing);

}  // namespace holdfast::differential
