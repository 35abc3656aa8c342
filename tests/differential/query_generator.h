#pragma once

#include <cstdint>
#include <vector>

#include "tests/differential/query.h"
#include "tests/differential/random.h"
#include "tests/differential/zone_set.h"

namespace holdfast::differential {

/// Makes questions about a set of zones: mostly names at which something is decided, with every type and
/// everything that EDNS and the header can say.
class QueryGenerator {
 public:
  QueryGenerator(const ZoneSet& zones, std::uint64_t seed);
  Query next();

 private:
  void gatherNames(const ZoneSet& zones);
  Name someName();
  std::uint16_t someType();
  void setEdns(Query& query);
  void setOddities(Query& query);

  Random random_;
  bool isSigned_;
  std::vector<Name> names_;
};

}  // namespace holdfast::differential
