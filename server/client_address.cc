#include "server/client_address.h"

#include <netinet/in.h>

#include <algorithm>

namespace holdfast {

std::span<const std::uint8_t> addressOctets(const sockaddr_storage& address) noexcept {
  const auto octets = [](const auto& field) {
    return std::span(reinterpret_cast<const std::uint8_t*>(&field), sizeof field);
  };
  if (address.ss_family == AF_INET) return octets(reinterpret_cast<const sockaddr_in&>(address).sin_addr);
  if (address.ss_family == AF_INET6) return octets(reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
  return {};
}

ClientAddress::ClientAddress(const sockaddr_storage& address) noexcept {
  const auto octets = addressOctets(address);
  size_ = static_cast<std::uint8_t>(octets.size());
  std::copy(octets.begin(), octets.end(), octets_.begin());
}

}  // namespace holdfast
