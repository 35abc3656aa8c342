#pragma once

#include <span>
#include <string_view>

#include "tests/differential/answer.h"
#include "tests/differential/server.h"
#include "tests/differential/zone_set.h"

namespace holdfast::differential {

/// What a difference is judged by, besides the answers.
struct Circumstances {
  const ZoneSet& zones;
  const Query& query;
  bool fitsForSome = false;  ///< Holdfast and at least one peer sent their response without TC
};

/// Something in which two right responses may differ. It is taken out of every response before they are
/// compared, and counted where it was in some responses and not in all.
struct AllowedDifference {
  std::string_view name;
  std::string_view reason;  ///< the text that allows it, RFC and section
  /// Takes it out; returns whether there was anything to take out.
  bool (*remove)(const Circumstances& circumstances, Answer& answer);
};

/// A case in which a peer is known not to follow the RFCs, or to do what they leave open in a way of its own:
/// its response then has no vote. Where the peers are of two minds, the entry says which text decides.
struct Abstention {
  std::string_view name;
  Software software;
  std::string_view reason;
  bool (*applies)(const Circumstances& circumstances, const Answer& answer);
};

/// In the order in which they are applied.
std::span<const AllowedDifference> allowedDifferences();
std::span<const Abstention> abstentions();

}  // namespace holdfast::differential
