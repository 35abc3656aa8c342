#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "zone/rrset.h"

// A second, independent reader and writer of DNS messages: slow, strict, for judging what the product makes.
namespace holdfast::test {

using Bytes = std::vector<std::uint8_t>;

/// "00 01 ff", spaces as wanted.
Bytes hex(std::string_view text);
/// An uncompressed name, with its case.
Bytes nameBytes(std::string_view text);

struct Ask {
  std::string name;
  RRType type = RRType::A;
  std::optional<std::uint16_t> edns = std::nullopt;  ///< UDP payload size; none: no OPT
  std::uint16_t id = 0x1234;
  std::uint16_t flags = 0x0100;
  std::uint16_t qclass = 1;
  std::uint8_t ednsVersion = 0;
  bool dnssecOk = false;
  Bytes options = {};  ///< the OPT's data; optionBytes() makes it
};
/// Options as an OPT holds them: code and data each.
Bytes optionBytes(const std::vector<std::pair<unsigned, Bytes>>& options);
Bytes queryBytes(const Ask& ask);

struct Decoded {
  std::uint16_t id = 0, flags = 0;
  std::uint16_t qclass = 0;                          ///< of the question
  unsigned rcode = 0;                                ///< with the OPT's upper bits
  std::string question;                              ///< "name TYPE", with its case; empty when there is none
  std::array<std::vector<std::string>, 3> sections;  ///< "owner ttl TYPE rdata", OPT apart
  bool edns = false, dnssecOk = false;
  std::uint16_t payload = 0;
  unsigned ednsVersion = 0;
  std::vector<std::pair<unsigned, Bytes>> options;  ///< of the OPT, in order: code and data

  /// The data of the one option with that code; none where there is none.
  std::optional<Bytes> option(unsigned code) const;
  bool authoritative() const { return (flags & 0x0400) != 0; }
  bool truncated() const { return (flags & 0x0200) != 0; }
  const std::vector<std::string>& answer() const { return sections[0]; }
  const std::vector<std::string>& authority() const { return sections[1]; }
  const std::vector<std::string>& additional() const { return sections[2]; }
};
/// Nothing where the message is not a well-formed response to its last octet. Pointers must go backwards.
std::optional<Decoded> decode(std::span<const std::uint8_t> message);

}  // namespace holdfast::test
