#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <set>

#include "tests/server/packet_table.h"
#include "tests/server/serving_fixture.h"

// The tables of packets/, one test case each: questions and their exact responses, by RFC and section.
namespace holdfast::test {

namespace {

using Lines = std::vector<std::string>;

constexpr std::uint16_t kFlagBits = 0x07f0;  // AA to CD
constexpr std::uint16_t kOpcodeBits = 0x7800;

Lines sorted(Lines lines) {
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::vector<std::shared_ptr<const Zone>> zonesOf(const PacketTable& table, const PacketCase& packet) {
  std::vector<std::shared_ptr<const Zone>> zones;
  for (const PacketZone& zone : table.zones) {
    if (std::find(packet.zones.begin(), packet.zones.end(), zone.apex) == packet.zones.end()) continue;
    zones.push_back(zone.file.empty() ? std::make_shared<Zone>(*Name::absolute(zone.apex))
                                      : zoneOf(zone.apex, zone.text));
  }
  return zones;
}

std::size_t limitOf(const PacketCase& packet) {
  if (packet.transport == Transport::Tcp) return 65535;
  const std::size_t theirs = packet.query ? packet.query->edns.value_or(512) : 512;
  return std::min<std::size_t>(std::max<std::size_t>(theirs, 512), packet.payload);
}

/// The octets of the question, case included. REQUIRES: there is one, not compressed.
Bytes questionOf(const Bytes& message) {
  std::size_t end = 12;
  while (end < message.size() && message[end] != 0) end += message[end] + 1u;
  end = std::min(end + 5, message.size());
  return {message.begin() + 12, message.begin() + static_cast<std::ptrdiff_t>(end)};
}

/// The header's echoes, then everything the table says.
void checkResponse(const PacketCase& packet, const Bytes& response) {
  const PacketExpected& expected = packet.expected;
  const auto decoded = decode(response);
  REQUIRE(decoded);
  CHECK(decoded->id == (packet.octets[0] << 8 | packet.octets[1]));
  CHECK((decoded->flags & kOpcodeBits) == ((packet.octets[2] << 8) & kOpcodeBits));
  CHECK(decoded->rcode == expected.rcode);
  CHECK((decoded->flags & kFlagBits) == expected.flags);
  CHECK(decoded->question.empty() == !expected.question);
  if (expected.question) CHECK(questionOf(response) == questionOf(packet.octets));
  CHECK(decoded->edns == expected.edns.has_value());
  CHECK(decoded->payload == expected.edns.value_or(0));
  CHECK(decoded->dnssecOk == expected.dnssecOk);
  CHECK(sorted(decoded->answer()) == sorted(expected.sections[0]));
  CHECK(sorted(decoded->authority()) == sorted(expected.sections[1]));
  CHECK(sorted(decoded->additional()) == sorted(expected.sections[2]));
  CHECK(response.size() <= limitOf(packet));
  if (expected.size) CHECK(response.size() == *expected.size);
  if (expected.largest) CHECK(response.size() <= *expected.largest);
  if (!expected.exact.empty()) CHECK(response == expected.exact);
}

void checkTable(const std::string& file) {
  const PacketTable table = readPacketTable(std::string(PACKET_TABLES) + "/" + file);
  for (const PacketCase& packet : table.cases) {
    DYNAMIC_SECTION(packet.name) {
      INFO(file << ":" << packet.line);
      Answers answers(zonesOf(table, packet), packet.payload);
      const Bytes response = answers.raw(packet.octets, packet.transport);
      if (packet.expected.nothing)
        CHECK(response.empty());
      else
        checkResponse(packet, response);
    }
  }
}

constexpr const char* kTables[] = {"message.table", "names.table",    "lookup.table", "wildcard.table",
                                   "alias.table",   "referral.table", "size.table",   "rfc4035.table",
                                   "rfc5155.table", "dnssec.table"};

std::string errorOf(const std::string& text) {
  try {
    parsePacketTable(text, "t.table");
  } catch (const TableError& error) {
    return error.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("packets: message.table") {
  checkTable("message.table");
}
TEST_CASE("packets: names.table") {
  checkTable("names.table");
}
TEST_CASE("packets: lookup.table") {
  checkTable("lookup.table");
}
TEST_CASE("packets: wildcard.table") {
  checkTable("wildcard.table");
}
TEST_CASE("packets: alias.table") {
  checkTable("alias.table");
}
TEST_CASE("packets: referral.table") {
  checkTable("referral.table");
}
TEST_CASE("packets: size.table") {
  checkTable("size.table");
}
TEST_CASE("packets: rfc4035.table") {
  checkTable("rfc4035.table");
}
TEST_CASE("packets: rfc5155.table") {
  checkTable("rfc5155.table");
}
TEST_CASE("packets: dnssec.table") {
  checkTable("dnssec.table");
}

TEST_CASE("packets: every table of the folder is run") {
  std::set<std::string> present;
  for (const auto& entry : std::filesystem::directory_iterator(PACKET_TABLES))
    if (entry.path().extension() == ".table") present.insert(entry.path().filename());
  CHECK(present == std::set<std::string>(std::begin(kTables), std::end(kTables)));
}

TEST_CASE("packets: a table that is not right is told with file and line") {
  const std::string head = "case RFC 1 1: x\n";
  const std::string query = "query a. A\noctets 123400000001000000000000 016100 00010001\n";
  CHECK(errorOf(head + query + "gives REFUSED\n") == "none");
  CHECK(errorOf("") == "t.table:0: no case");
  CHECK(errorOf("case something\n") == "t.table:1: a case is named \"RFC NUMBER SECTION: what\"");
  CHECK(errorOf(head + "octets 1\n") == "t.table:2: octets are pairs of 0-9a-f");
  CHECK(errorOf(head + query) == "t.table:3: \"RFC 1 1: x\" lacks \"gives\"");
  CHECK(errorOf(head + "query b. A\noctets 123400000001000000000000 016100 00010001\ngives REFUSED\n") ==
        "t.table:4: the octets of \"RFC 1 1: x\" do not say what its query says: run packets/fill-octets");
  CHECK(errorOf(head + query + "gives REFUSED\ngives REFUSED\n") ==
        "t.table:5: a second \"gives\" in one case");
  CHECK(errorOf(head + query + "gives REFUSED\n" + head) ==
        "t.table:5: the case of line 1 has the same name");
  CHECK(errorOf(head + query + "gives NOTHING\n") ==
        "t.table:4: \"gives RCODE [FLAG...]\" or \"gives nothing\"");
  CHECK(errorOf(head + query + "gives REFUSED\n  a. 1 A 192.0.2.1\n") ==
        "t.table:5: a record outside of a section");
  CHECK(errorOf(head + query + "gives REFUSED\nanswer\n  a. 1 A 192.0.2\n")
            .starts_with("t.table:6: cannot read the RDATA"));
  CHECK(errorOf(head + query + "gives REFUSED\nanswer\n  a. 1 RRSIG A @\n") ==
        "t.table:6: the zones have no RRSIG of a. over A");
  CHECK(errorOf("zone a. nowhere.zone\n") == "t.table:1: cannot open the zone file nowhere.zone");
  CHECK(errorOf(head + "zones b.\n") == "t.table:2: no zone b.");
  CHECK(errorOf(head + "query a. A do\n") == "t.table:2: do and version need edns=");
  CHECK(errorOf(head + "over udp\n") == "t.table:2: cannot read \"over udp\"");
}

}  // namespace holdfast::test
