#pragma once

#include "tests/differential/options.h"
#include "tests/differential/summary.h"

namespace holdfast::differential {

/// Makes a difference small: the fewest records and the simplest query that still show one of the same kind.
/// Starts the servers anew for every try, and ends after `seconds` with what it has by then.
Finding shrink(const Finding& finding, const std::string& kind, unsigned seconds, const Programs& programs);

/// A file that --replay reads, and people too: the query and the zones before signing, as JSON.
Status writeReplay(const Finding& finding, const std::string& path);
Result<Finding> readReplay(const std::string& path);

/// Asks the one query again. The verdict of five servers that hold these zones.
Result<Verdict> replay(const ZoneSet& zones, const Query& query, const Programs& programs);

}  // namespace holdfast::differential
