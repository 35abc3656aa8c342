#pragma once

#include <string>
#include <string_view>

#include "tests/differential/dns_name.h"
#include "tests/differential/random.h"

namespace holdfast::differential {

/// RDATA in presentation format. What the servers' parsers may not know is written as RFC 3597 has it.
class RdataGenerator {
 public:
  explicit RdataGenerator(Random& random) : random_(random) {}

  /// A type that may stand anywhere beside others.
  std::string someType();
  /// `host` is for the types that name one.
  std::string make(std::string_view type, const Name& host);

 private:
  std::string hex(unsigned octets);
  Random& random_;
};

}  // namespace holdfast::differential
