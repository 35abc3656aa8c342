#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tests/differential/server.h"
#include "tests/differential/zone_set.h"

namespace holdfast::differential {

struct Options {
  std::uint64_t seed = 1;
  std::uint64_t queries = 200000;
  unsigned zones = 8;               ///< generated sets of zones
  std::optional<unsigned> zone;     ///< only this one of them
  std::optional<Signing> signing;   ///< only zones signed like this
  double hours = 0;                 ///< new seeds until so much time has passed
  bool onlyGenerated = false;       ///< neither the root nor the zones that are written by hand
  std::string data;                 ///< the folder with the zones that are written by hand
  std::string rootZone;             ///< root.zone.gz
  std::string json, junit, replay;  ///< paths, empty for none
  std::string findings;             ///< folder for files to replay
  unsigned shrinkSeconds = 60;      ///< for each kind of difference
  unsigned shrinkKinds = 5;         ///< so many kinds at most
  Programs programs;
};

}  // namespace holdfast::differential
