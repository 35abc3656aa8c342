#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "tests/differential/query.h"

namespace holdfast::differential {

/// One RR of a response in the form that is compared: names lower-cased, nothing compressed.
struct Rr {
  Name owner;
  std::uint16_t type = 0;
  std::uint16_t rrclass = kClassIn;
  std::uint32_t ttl = 0;
  std::string rdata;  ///< on the wire

  std::uint16_t covered() const;  ///< what an RRSIG covers
  /// The name in RDATA that begins at octet `at`, lower-cased.
  Name nameAt(std::size_t at) const;
  friend bool operator==(const Rr& a, const Rr& b);
  friend bool operator<(const Rr& a, const Rr& b);
};

/// RCODEs that are looked at.
inline constexpr unsigned kFormErr = 1, kServFail = 2, kNxDomain = 3, kNotImp = 4, kRefused = 5,
                          kYxDomain = 6, kNotAuth = 9, kBadVers = 16;

enum class Section { Answer, Authority, Additional };
inline constexpr std::size_t kSections = 3;

/// A response taken apart.
struct Answer {
  enum class Kind { None, Malformed, Parsed };
  Kind kind = Kind::None;
  unsigned rcode = 0;  ///< with the upper bits of EDNS
  unsigned opcode = 0;
  bool qr = false, aa = false, tc = false, rd = false, ra = false, ad = false, cd = false;
  bool echoes = false;  ///< the question as it was asked, octet for octet
  bool hasOpt = false, isDo = false;
  unsigned version = 0;
  std::size_t octets = 0;
  std::array<std::vector<Rr>, kSections> sections;  ///< each sorted
  std::string problem;                              ///< of a malformed one
  std::set<std::string> marks;  ///< what allowed differences put in place of what they took out

  std::vector<Rr>& at(Section section) { return sections[static_cast<std::size_t>(section)]; }
  const std::vector<Rr>& at(Section section) const { return sections[static_cast<std::size_t>(section)]; }

  bool has(Section section, std::uint16_t type) const;

  /// Everything that is compared, as one string.
  std::string key() const;
  /// The same for people, a line per RR.
  std::string text() const;
};

/// Takes apart what a server sent, with ldns.
Answer parseAnswer(const std::string& message, const Query& query);

}  // namespace holdfast::differential
