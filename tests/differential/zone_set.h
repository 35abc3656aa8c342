#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/differential/dns_name.h"
#include "zone/result.h"

namespace holdfast::differential {

struct Record {
  Name owner;
  std::uint32_t ttl = 3600;
  std::string type;   ///< presentation format, "TYPE65280" for unknown ones
  std::string rdata;  ///< presentation format, names absolute

  std::string text() const;
};

/// One zone before signing. The SOA comes first.
struct ZoneSource {
  Name apex;
  std::vector<Record> records;

  std::string text() const;
};

enum class Signing { None, Nsec, Nsec3, OptOut };
std::string_view textOf(Signing signing);

/// The zones that every server holds at the same time.
struct ZoneSet {
  std::string label;  ///< for people: "zone set 3 of seed 1, NSEC3"
  std::vector<ZoneSource> zones;
  Signing signing = Signing::None;

  std::size_t size() const;  ///< records
  std::string text() const;  ///< all zones, each under a comment that names it
  /// The apex of the zone that answers for `name`; nullptr where none does.
  const Name* closestApex(const Name& name) const;
  /// Whether a zone has that apex. REQUIRES: lower case.
  bool isApex(const Name& name) const;
};

/// Reads a line that Record::text() wrote: what a parser of zone files would make of it plays no part.
Result<Record> readRecord(const std::string& line);
/// Reads a zone in master format, with ldns. An Error names file and line. ldns 1.8 takes a name in RDATA
/// whose first label is "@" for the origin, so there must be none.
Result<ZoneSource> readZone(const std::string& path);
/// The same from text; `where` stands for the file in errors.
Result<ZoneSource> readZoneText(const std::string& text, const std::string& where);

}  // namespace holdfast::differential
