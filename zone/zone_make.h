#pragma once

#include <memory>

#include "zone/gathered_nodes.h"
#include "zone/zone.h"

namespace holdfast {

/// The zone of these nodes, at generation 0, with the empty non-terminals and the numbers of children that go
/// with them. `merge` makes one of several nodes of a name; the Error is one of its. Large zones are made by
/// several threads. REQUIRES: all names are at or below the apex.
Result<std::shared_ptr<const Zone>> makeZone(NameView apex, GatheredNodes nodes,
                                             const NameTable::Merge& merge);

/// The content of `wanted`, sharing with `before` what both have, to be edited and finished as a generation
/// that follows `before` and is committed at that time.
std::shared_ptr<const Zone> sharing(const Zone& wanted, const Zone& before, WallTime committedAt);

}  // namespace holdfast
