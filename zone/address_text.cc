#include "zone/address_text.h"

#include <arpa/inet.h>

#include <array>

namespace holdfast {

std::size_t readIpv4Front(std::string_view text, std::uint8_t* octets) noexcept {
  const char* at = text.data();
  const char* const end = at + text.size();
  const auto isDigitAt = [&] { return at < end && *at >= '0' && *at <= '9'; };
  for (unsigned i = 0; i < 4; ++i) {
    if (i > 0 && (at == end || *at++ != '.')) return 0;
    if (!isDigitAt()) return 0;
    unsigned octet = static_cast<unsigned>(*at++ - '0');
    if (octet > 0)
      for (unsigned more = 0; more < 2 && isDigitAt(); ++more)
        octet = octet * 10 + static_cast<unsigned>(*at++ - '0');
    if (octet > 255) return 0;
    octets[i] = static_cast<std::uint8_t>(octet);
  }
  return static_cast<std::size_t>(at - text.data());
}

bool readIpv4(std::string_view text, std::uint8_t* octets) noexcept {
  const std::size_t size = readIpv4Front(text, octets);
  return size > 0 && size == text.size();
}

bool readIpv6(std::string_view text, std::uint8_t* octets) noexcept {
  std::array<char, INET6_ADDRSTRLEN> terminated;
  if (text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) return false;
  terminated[text.copy(terminated.data(), text.size())] = '\0';
  return inet_pton(AF_INET6, terminated.data(), octets) == 1;
}

}  // namespace holdfast
