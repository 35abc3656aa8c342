#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace holdfast {

/// Reads dotted decimal into four octets, exactly what inet_pton takes: no octet is over 255 or begins with a
/// zero that it could do without. False, and `octets` unspecified, for anything else. Any bytes are safe
/// input.
bool readIpv4(std::string_view text, std::uint8_t* octets) noexcept;

/// As readIpv4, but other text may follow behind the address. Returns how many characters the address has; 0
/// for none.
std::size_t readIpv4Front(std::string_view text, std::uint8_t* octets) noexcept;

/// Reads what RFC 4291 section 2.2 has into sixteen octets. Else as readIpv4.
bool readIpv6(std::string_view text, std::uint8_t* octets) noexcept;

}  // namespace holdfast
