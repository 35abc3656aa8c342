#pragma once

#include <memory>
#include <vector>

#include "zone/zone.h"

namespace holdfast::test {

/// Zones that hold everything answering has a case for: aliases of every kind, loops and chains that are too
/// long, wildcards, cuts with and without glue, endpoints that pick, records of signed zones, answers that
/// do not fit, a zone below another, a zone without content, the root.
std::vector<std::shared_ptr<const Zone>> servedZones();

}  // namespace holdfast::test
