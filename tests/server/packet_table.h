#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "server/answer.h"
#include "tests/server/dns_message.h"

// Tables of packets: what is asked, and what must come back. packets/README.md describes the format.
namespace holdfast::test {

/// What is wrong with a table, with its file and line.
class TableError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What a response must be. Records are lines as `Decoded` has them; the order in a section does not count.
struct PacketExpected {
  bool nothing = false;  ///< no response at all
  unsigned rcode = 0;
  std::uint16_t flags = 0;  ///< the bits of AA to CD
  bool question = true;     ///< the question comes back as it was sent; else there is none
  std::optional<std::uint16_t> edns;
  bool dnssecOk = false;
  std::array<std::vector<std::string>, 3> sections;
  std::optional<std::size_t> size, largest;  ///< octets
  Bytes exact;                               ///< the whole response; empty where that is not the point
};

struct PacketCase {
  std::string name;
  int line = 0;
  std::vector<std::string> zones;  ///< apexes
  std::optional<Ask> query;        ///< the readable form; none for what no query can say
  Bytes octets;                    ///< what is sent
  Transport transport = Transport::Udp;
  std::uint16_t payload = 1232;  ///< ours
  PacketExpected expected;
};

struct PacketZone {
  std::string apex;
  std::string file;  ///< empty: a zone without content
  std::string text;
};

struct PacketTable {
  std::vector<PacketZone> zones;
  std::vector<PacketCase> cases;
};

/// Reads a table and the zone files it names, which are beside it. Throws TableError.
PacketTable readPacketTable(const std::string& path);
/// The same of a text; `path` is for messages and for where the zone files are.
PacketTable parsePacketTable(const std::string& text, const std::string& path);

}  // namespace holdfast::test
