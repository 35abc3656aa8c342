#include <catch2/catch.hpp>

#include "tests/zone/fixtures.h"

namespace holdfast::test {

namespace {

/// A zone with a signature over its SOA; what it says is not looked at.
std::string signedZone(int serial, int address) {
  const std::string signature = " 13 1 60 20301231000000 20250101000000 1 @ aaaa\n";
  return "@ 3600 IN SOA ns a " + std::to_string(serial) + " 2 3 4 60\n@ 60 IN RRSIG SOA" + signature +
         "@ 300 IN RRSIG NS" + signature + "@ 300 IN NS ns\nns 300 IN A 192.0.2." + std::to_string(address) +
         "\n";
}

std::uint32_t servedSerial(Server& server) {
  return server.publisher().status().at(0).serial;
}

}  // namespace

TEST_CASE("a signed SOA is served with the serial it was signed with") {
  const TemporaryDirectory directory;
  Server server(directory.path());
  REQUIRE(server.publisher().addZone(name("example.")));
  Document zoneFile;
  zoneFile.format = DocumentFormat::ZoneFile;
  zoneFile.generation = 10;
  REQUIRE(rulesOf(server.push("example.", signedZone(5, 1), zoneFile)).empty());
  CHECK(servedSerial(server) == 5);

  // Not raised: secondaries would never fetch it, and to raise it here would break the signature.
  zoneFile.generation = 11;
  CHECK(rulesOf(server.push("example.", signedZone(5, 2), zoneFile)) ==
        std::vector<std::string>{"invalid example./SOA"});
  CHECK(rulesOf(server.push("example.", signedZone(4, 2), zoneFile)) ==
        std::vector<std::string>{"invalid example./SOA"});
  CHECK(servedSerial(server) == 5);
  CHECK(rulesOf(server.push("example.", signedZone(6, 2), zoneFile)).empty());
  CHECK(servedSerial(server) == 6);

  server.restart();
  CHECK(servedSerial(server) == 6);
}

TEST_CASE("RFC 4034 section 3: a signature is shown with the TTL of what it covers") {
  const auto zone = zoneOf("example.", signedZone(5, 1));
  const std::string text = contentAsZoneFile(*zone);
  CHECK(text.find("example. 3600 IN RRSIG SOA") != std::string::npos);
  CHECK(text.find("example. 300 IN RRSIG NS") != std::string::npos);
  const auto again = zoneOf("example.", text);
  CHECK(contentAsZoneFile(*again) == text);
}

}  // namespace holdfast::test
