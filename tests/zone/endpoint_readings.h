#pragma once

#include <string>
#include <string_view>

#include "zone/json_piece_reader.h"

namespace holdfast::test {

/// What reading members of "endpoints" gave, for comparing: that they are not JSON, or the Error, or every
/// node with its place and what was emptied, in order.
inline std::string readingOf(std::string_view members, NameView zone, const PlanLimits& limits,
                             EndpointReading reading) {
  std::atomic<std::size_t> targets{0};
  JsonPieceReader reader(zone, limits, targets, {}, reading);
  const Result<bool> read = reader.read(members);
  if (!read)
    return "error " + std::to_string(static_cast<int>(read.error().kind)) + ": " + read.error().text();
  if (!*read) return "not JSON";
  std::string seen = std::to_string(targets) + " targets\n";
  for (std::size_t part = 0; part < GatheredNodes::kParts; ++part) {
    for (const auto& [hash, node] : reader.endpoints().nodes.take(part).entries) {
      seen += std::to_string(hash) + ' ' + reader.endpoints().places.endpoint(node.name(), zone);
      for (const std::uint8_t octet : node.bytes()) seen += ' ' + std::to_string(octet);
      seen += hash == HashedName(node.name()).hash() ? "\n" : " under a wrong hash\n";
    }
  }
  for (const EmptyEndpoint& each : reader.endpoints().emptied)
    seen += toText(each.owner) + " emptied at " + each.where + '\n';
  return seen;
}

/// Empty where our own reader and simdjson make the same of members, else what each of them makes.
inline std::string differenceOfReadings(std::string_view members, NameView zone, const PlanLimits& limits) {
  const std::string plain = readingOf(members, zone, limits, EndpointReading::PlainFirst);
  const std::string simdjson = readingOf(members, zone, limits, EndpointReading::SimdjsonOnly);
  if (plain == simdjson) return "";
  return "of\n" + std::string(members) + "\nunder " + toText(zone) + " our own reader makes\n" + plain +
         "\nand simdjson\n" + simdjson;
}

}  // namespace holdfast::test
