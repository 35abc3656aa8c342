#pragma once

#include <functional>

#include "tools/flood/options.h"
#include "tools/flood/timeline.h"
#include "zone/result.h"

namespace holdfast::flood {

/// Called about every tenth of a second. What it returns is whether to go on.
using Watching = std::function<bool(const Timeline&)>;

/// Asks as the options say, and waits for the last answers. Errors: the questions cannot be read, a socket
/// cannot be opened, a thread cannot be started.
Result<Timeline> run(const Options& options, const Watching& watch);

}  // namespace holdfast::flood
