#include "server/cookie.h"

#include <algorithm>

#include "server/client_address.h"

namespace holdfast {

namespace {

using Octets = std::span<const std::uint8_t>;

// RFC 9018 section 4.3, in seconds.
constexpr std::int32_t kValid = 3600;
constexpr std::int32_t kAhead = 300;  // for clocks of other servers of the set
constexpr std::int32_t kRenewed = 1800;

// The server cookie: version, three reserved octets, timestamp, hash. What is hashed ends before the hash.
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kVersionAt = kClientCookieOctets;
constexpr std::size_t kTimestampAt = kVersionAt + 4;
constexpr std::size_t kHashAt = kTimestampAt + 4;

/// RFC 9018 section 4.4. `front` is the cookie up to its hash.
std::array<std::uint8_t, 8> hashOf(Octets front, Octets client, const SipHashKey& secret) noexcept {
  std::array<std::uint8_t, kHashAt + kMaxAddressOctets> input;
  std::copy(client.begin(), client.end(), std::copy(front.begin(), front.end(), input.begin()));
  std::uint64_t hash = sipHash24(secret, Octets(input).first(front.size() + client.size()));
  std::array<std::uint8_t, 8> out;
  for (std::uint8_t& octet : out) {
    octet = static_cast<std::uint8_t>(hash);
    hash >>= 8;
  }
  return out;
}

/// Takes the same time wherever the first difference is.
bool isMadeWith(const SipHashKey& secret, Octets cookie, Octets client) noexcept {
  const auto hash = hashOf(cookie.first(kHashAt), client, secret);
  unsigned difference = 0;
  for (std::size_t i = 0; i < hash.size(); ++i)
    difference |= static_cast<unsigned>(hash[i] ^ cookie[kHashAt + i]);
  return difference == 0;
}

/// How old the cookie is; below zero for one from the future (serial number arithmetic, RFC 1982).
std::int32_t ageOf(Octets cookie, std::uint32_t now) noexcept {
  std::uint32_t timestamp = 0;
  for (const std::uint8_t octet : cookie.subspan(kTimestampAt, 4)) timestamp = timestamp << 8 | octet;
  return static_cast<std::int32_t>(now - timestamp);
}

void renew(CheckedCookie& checked, Octets client, std::uint32_t now, const SipHashKey& secret) noexcept {
  const auto version = checked.reply.begin() + kVersionAt;
  std::fill(version, version + 4, std::uint8_t{0});
  *version = kVersion;
  for (std::size_t i = kHashAt; i-- > kTimestampAt; now >>= 8)
    checked.reply[i] = static_cast<std::uint8_t>(now);
  const auto hash = hashOf(Octets(checked.reply).first(kHashAt), client, secret);
  std::copy(hash.begin(), hash.end(), checked.reply.begin() + kHashAt);
}

}  // namespace

bool isCookieLength(std::size_t octets) noexcept {
  return octets == kClientCookieOctets || (octets >= 16 && octets <= 40);
}

CheckedCookie checkCookie(Octets cookie, Octets client, std::uint32_t now,
                          const CookieSecrets& secrets) noexcept {
  CheckedCookie checked;
  std::copy_n(cookie.begin(), std::min(cookie.size(), kCookieOctets), checked.reply.begin());
  checked.state = cookie.size() == kClientCookieOctets ? CookieState::ClientOnly : CookieState::Invalid;
  if (cookie.size() == kCookieOctets && cookie[kVersionAt] == kVersion) {
    const std::int32_t age = ageOf(cookie, now);
    if (age <= kValid && age >= -kAhead) {
      const bool isCurrent = isMadeWith(secrets.current, cookie, client);
      if (isCurrent || (secrets.other && isMadeWith(*secrets.other, cookie, client)))
        checked.state = CookieState::Valid;
      if (isCurrent && age < kRenewed) return checked;
    }
  }
  renew(checked, client, now, secrets.current);
  return checked;
}

}  // namespace holdfast
