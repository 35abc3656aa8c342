#pragma once

#include "tests/differential/options.h"
#include "tests/differential/summary.h"

namespace holdfast::differential {

/// Runs all rounds that the options ask for: each starts five servers with a set of zones, asks them, and
/// judges what they say. Tells on standard error how far it is. An Error when the servers cannot be run.
Status runCampaign(const Options& options, Summary& summary);

/// One round: `queries` questions made from `seed`.
Status runRound(const ZoneSet& zones, std::uint64_t queries, std::uint64_t seed, const Programs& programs,
                Summary& summary);

}  // namespace holdfast::differential
