#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "server/cookie.h"
#include "server/extended_error.h"

namespace holdfast {

/// IANA "DNS EDNS0 Option Codes".
enum class OptionCode : std::uint16_t {
  Nsid = 3,        ///< RFC 5001
  Cookie = 10,     ///< RFC 7873
  Keepalive = 11,  ///< edns-tcp-keepalive, RFC 7828
  Padding = 12,    ///< RFC 7830
  ExtendedError = 15
};
inline constexpr std::size_t kOptionHeaderOctets = 4;  ///< code and length
inline constexpr std::size_t kMaxNsidOctets = 128;     ///< ours; leaves room in a response of 512 octets

/// The options of a query that this server knows. Borrows from the message.
struct QueryOptions {
  bool nsid = false;     ///< data that came with it is ignored (RFC 5001 section 2.1)
  bool padding = false;  ///< its octets may be any (RFC 7830 section 3)
  /// Of the first COOKIE; further ones are ignored (RFC 7873 section 5.2).
  std::optional<std::span<const std::uint8_t>> cookie;
  /// Octets of the first keepalive.
  std::optional<std::size_t> keepalive;
};

/// Reads the option list of an OPT of version 0. Unknown options are passed over (RFC 6891 section 6.1.2).
/// None where the list does not end where the data does. Work of the order of the size, no allocation.
std::optional<QueryOptions> readOptions(std::span<const std::uint8_t> list) noexcept;

/// Collects the options of one response. Fixed memory: every option that this server sends fits, each once.
class ResponseOptions {
 public:
  void addCookie(const std::array<std::uint8_t, kCookieOctets>& cookie) noexcept;
  /// REQUIRES: nsid.size() <= kMaxNsidOctets.
  void addNsid(std::span<const std::uint8_t> nsid) noexcept;
  /// `timeout` is in units of 100 ms (RFC 7828 section 3.1).
  void addKeepalive(std::uint16_t timeout) noexcept;
  /// With its text where `spare` octets take that too, without where they take only the code, else not at
  /// all. Returns whether it was added. REQUIRES: error is not None.
  bool addExtendedError(ExtendedError error, std::size_t spare) noexcept;

  std::span<const std::uint8_t> octets() const noexcept { return {octets_.data(), size_}; }

 private:
  static constexpr std::size_t kCapacity =
      (kOptionHeaderOctets + kCookieOctets) + (kOptionHeaderOctets + kMaxNsidOctets) +
      (kOptionHeaderOctets + 2) + (kOptionHeaderOctets + 2 + kMaxExtraText);

  void begin(OptionCode code, std::size_t octets) noexcept;
  void put16(std::size_t value) noexcept;
  void put(std::span<const std::uint8_t> data) noexcept;

  std::array<std::uint8_t, kCapacity> octets_;  // the first size_ are set
  std::size_t size_ = 0;
};

}  // namespace holdfast
