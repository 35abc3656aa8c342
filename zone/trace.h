#pragma once

#include <optional>
#include <vector>

#include "zone/lookup.h"

namespace holdfast {

/// What one zone says about one name on the way to an answer. Owned: outlives the read section.
struct TraceStep {
  Name name;  ///< asked for in this step
  Name zone;  ///< apex of the zone that answers it
  Generation generation = 0;
  WallTime committedAt{};
  Found found = Found::NxDomain;
  bool wildcard = false;
  std::optional<Name> owner;   ///< where the data is; for NoData the name without it
  std::optional<RRset> rrset;  ///< the data, the alias, or the NS of the cut
  std::optional<Name> target;  ///< where an alias leads
};

/// How a name and type are answered, step by step as a client and its resolver would follow the aliases.
struct Trace {
  RRType type = RRType::A;
  Effect effect = Effect::Failed;
  bool isHeld = false;     ///< some zone held is at or above the name
  bool hasContent = true;  ///< false: the first zone is held without content (SERVFAIL)
  std::vector<TraceStep> steps;
};

/// For people, not for answering: allocates. `snapshot` is borrowed for the call.
Trace traceOf(const Snapshot& snapshot, NameView name, RRType type);

/// The types a client can get at the name: those of the end of its chain, without proofs of denial. In the
/// order of their numbers; empty where nothing is there.
std::vector<RRType> answeredTypes(const Snapshot& snapshot, NameView name);

}  // namespace holdfast
