#pragma once

#include <string>

#include "tests/differential/options.h"
#include "tests/differential/summary.h"

namespace holdfast::differential {

/// The tables that people read, in colour when asked for.
std::string reportText(const Summary& summary, const Options& options, bool isColoured);
/// One finding: the kind, the zones, the query, the answers and how to see it again.
std::string findingText(const std::string& kind, const Finding& finding, const std::string& replayPath);
std::string reportJson(const Summary& summary, const Options& options);
/// JUnit: one test for each round, failed where Holdfast differed.
std::string reportJunit(const Summary& summary);

}  // namespace holdfast::differential
