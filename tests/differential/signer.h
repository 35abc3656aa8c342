#pragma once

#include <string>
#include <vector>

#include "tests/differential/zone_set.h"

namespace holdfast::differential {

/// A zone as servers load it: a file in master format, signed or not.
struct ZoneFile {
  Name apex;
  std::string path;
};

/// Writes the zones of `set` into `directory`, signed by ldns-signzone where the set says so. Keys are made
/// once per directory and apex, so a set that was reduced is signed alike.
Result<std::vector<ZoneFile>> writeZones(const ZoneSet& set, const std::string& directory);

}  // namespace holdfast::differential
