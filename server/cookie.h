#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "server/siphash.h"

namespace holdfast {

inline constexpr std::size_t kClientCookieOctets = 8;  ///< RFC 7873 section 4.1
inline constexpr std::size_t kCookieOctets = 24;       ///< with a server cookie of RFC 9018 section 4

/// What server cookies are made with. Cookies of `other` are taken from clients but never given out, so that
/// a set of servers can change secrets one server after the other (RFC 9018 section 5).
struct CookieSecrets {
  SipHashKey current{};
  std::optional<SipHashKey> other;
};

/// What the COOKIE option of a query said about its sender.
enum class CookieState : std::uint8_t {
  Absent,      ///< no option, or cookies are off
  ClientOnly,  ///< no server cookie yet
  Valid,       ///< one of ours, given to this address within the last hour
  Invalid      ///< any other: too old, from the future, for another address, or not ours
};
inline constexpr std::size_t kCookieStates = 4;

struct CheckedCookie {
  CookieState state = CookieState::Absent;
  /// What the response's option carries: the client cookie, and a server cookie that is good for an hour.
  std::array<std::uint8_t, kCookieOctets> reply;
};

/// RFC 7873 section 4: 8 octets, or 16 to 40.
bool isCookieLength(std::size_t octets) noexcept;

/// Judges the data of a COOKIE option and makes the reply (RFC 9018 section 4). A valid server cookie is
/// echoed until it is half an hour old, then renewed. No allocation.
/// `client` is as addressOctets() has it (server/client_address.h); `now` is seconds since the epoch modulo
/// 2^32. REQUIRES: isCookieLength(cookie.size()); client.size() <= kMaxAddressOctets.
CheckedCookie checkCookie(std::span<const std::uint8_t> cookie, std::span<const std::uint8_t> client,
                          std::uint32_t now, const CookieSecrets& secrets) noexcept;

}  // namespace holdfast
