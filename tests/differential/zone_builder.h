#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "tests/differential/zone_set.h"

namespace holdfast::differential {

/// Puts a zone together that every server accepts: what would be an error in a zone file is left out,
/// silently, so that generators need not care. One TTL per RRset (RFC 2181 section 5.2), nothing beside a
/// CNAME, nothing below a DNAME (RFC 6672 section 2.4), no RR twice.
class ZoneBuilder {
 public:
  ZoneBuilder(const Name& apex, std::uint32_t serial);

  const Name& apex() const { return zone_.apex; }
  /// Returns whether it was added.
  bool add(const Name& owner, std::uint32_t ttl, std::string_view type, const std::string& rdata);
  ZoneSource take() { return std::move(zone_); }

 private:
  bool mayBeAt(const Name& owner, std::string_view type) const;

  ZoneSource zone_;
  std::map<Name, std::set<std::string, std::less<>>> types_;  // by lower-cased owner
  std::map<std::pair<Name, std::string>, std::uint32_t> ttls_;
  std::set<std::string> seen_;
};

}  // namespace holdfast::differential
