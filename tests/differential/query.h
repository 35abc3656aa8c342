#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "tests/differential/dns_name.h"

namespace holdfast::differential {

inline constexpr std::uint16_t kTypeA = 1, kTypeNs = 2, kTypeCname = 5, kTypeSoa = 6, kTypePtr = 12,
                               kTypeMx = 15, kTypeTxt = 16, kTypeAaaa = 28, kTypeSrv = 33, kTypeNaptr = 35,
                               kTypeDname = 39, kTypeOpt = 41, kTypeDs = 43, kTypeRrsig = 46, kTypeNsec = 47,
                               kTypeDnskey = 48, kTypeNsec3 = 50, kTypeNsec3Param = 51, kTypeSvcb = 64,
                               kTypeHttps = 65, kTypeIxfr = 251, kTypeAxfr = 252, kTypeAny = 255;
inline constexpr std::uint16_t kClassIn = 1, kClassAny = 255;

struct Edns {
  std::uint16_t payload = 1232;
  std::uint8_t version = 0;
  std::uint16_t flags = 0;  ///< DO is 0x8000
  std::string options;      ///< on the wire

  bool isDo() const { return (flags & 0x8000U) != 0; }
};

/// One question, in all that is sent with it.
struct Query {
  Name name;
  std::uint16_t type = kTypeA;
  std::uint16_t qclass = kClassIn;
  std::uint8_t opcode = 0;
  bool rd = false, cd = false, ad = false;
  std::optional<Edns> edns;
  bool tcp = false;

  std::string message(std::uint16_t id) const;
  /// How dig would be asked for it, for people.
  std::string text() const;
  /// What an answer over UDP may take.
  std::size_t limit() const;
  bool isDo() const { return edns && edns->isDo(); }
};

nlohmann::json toJson(const Query& query);
/// Throws nlohmann::json::exception on what toJson() did not write.
Query queryFrom(const nlohmann::json& document);

std::string textOfType(std::uint16_t type);

}  // namespace holdfast::differential
