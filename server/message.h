#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "zone/name.h"
#include "zone/rrset.h"

namespace holdfast {

inline constexpr std::size_t kHeaderOctets = 12;  ///< RFC 1035 section 4.1.1
inline constexpr std::size_t kOptOctets = 11;     ///< an OPT record without options, RFC 6891 section 6.1.2
inline constexpr std::size_t kMaxMessageOctets = 65535;
inline constexpr std::uint16_t kMinUdpPayload = 512;
inline constexpr std::uint16_t kClassChaos = 3;
inline constexpr std::uint16_t kClassAny = 255;
inline constexpr std::uint8_t kOpcodeQuery = 0;

/// Response codes (IANA DNS RCODEs). Above 15 they need an OPT record to be told.
enum class Rcode : std::uint16_t {
  NoError = 0,
  FormErr = 1,
  ServFail = 2,
  NxDomain = 3,
  NotImp = 4,
  Refused = 5,
  YxDomain = 6,
  BadVers = 16,
  BadCookie = 23
};

/// Header bits as they stand in the 16-bit flags field.
namespace flag {
inline constexpr std::uint16_t kResponse = 0x8000;
inline constexpr std::uint16_t kOpcode = 0x7800;
inline constexpr std::uint16_t kAuthoritative = 0x0400;
inline constexpr std::uint16_t kTruncated = 0x0200;
inline constexpr std::uint16_t kRecursionDesired = 0x0100;
}  // namespace flag

/// What the OPT record of a query says (RFC 6891).
struct Edns {
  /// There is an OPT, if perhaps a faulty one: the response has one too.
  bool present = false;
  std::uint8_t version = 0;
  bool dnssecOk = false;
  std::uint16_t payload = 0;              ///< octets, as the client wrote it
  std::span<const std::uint8_t> options;  ///< raw, not checked; borrows from the message
};

/// A query taken apart. Borrows from the message. Numbers are in host byte order.
struct Query {
  // NOLINTNEXTLINE(modernize-use-equals-default): as that of HashedName
  Query() noexcept {}
  Query(const Query&) = delete;  // `hashed` borrows `lowered`
  Query& operator=(const Query&) = delete;

  std::uint16_t id = 0;
  std::uint16_t flags = 0;
  std::uint16_t answers = 0, authorities = 0;  ///< ANCOUNT and NSCOUNT
  /// The question's name as received, with its case, to be echoed; empty when there is no question.
  std::span<const std::uint8_t> received;
  RRType type{};
  std::uint16_t qclass = 0;
  Edns edns;

  std::uint8_t opcode() const noexcept { return static_cast<std::uint8_t>((flags & flag::kOpcode) >> 11); }
  /// The question's name, lower-cased. REQUIRES: `received` is not empty.
  NameView name() const noexcept { return hashed.name(); }

  HashedName hashed;  ///< the question's name, where there is one
  NameRoom lowered;   // the first received.size() octets are set
};

enum class Parsed {
  Query,       ///< everything is set
  NoQuestion,  ///< as Query, but QDCOUNT is 0: only a COOKIE option can make sense of it (RFC 7873
               ///< section 5.4)
  Malformed,   ///< FORMERR. Set are id, flags, the question where `received` is not empty, and the OPT where
               ///< it stands before the fault or is it
  NotAQuery    ///< shorter than a header, or a response: never answered, or two servers could loop
};

/// Takes a message apart. Reads nothing outside `message`, allocates nothing, work of the order of its size.
/// Malformed is: QDCOUNT above 1 (RFC 9619), a name or record that runs over the end, a compression pointer
/// in the question (nothing stands before it that a pointer could legally mean) or one not to earlier octets,
/// two OPT records, one with an owner or outside the additional section (RFC 6891 section 6.1.1). Octets
/// behind the last record are passed over, as BIND and NSD do. The OPT's options are not looked at: they
/// depend on its version (server/edns.h).
Parsed parseQuery(std::span<const std::uint8_t> message, Query& query) noexcept;

}  // namespace holdfast
