#include "server/client_address.h"

#include <netinet/in.h>

#include <cstring>

namespace holdfast {

ClientAddress ClientAddress::of(const sockaddr_storage& address) noexcept {
  ClientAddress client;
  if (address.ss_family == AF_INET) {
    const auto& four = reinterpret_cast<const sockaddr_in&>(address);
    client.size_ = sizeof four.sin_addr;
    std::memcpy(client.octets_.data(), &four.sin_addr, client.size_);
  } else if (address.ss_family == AF_INET6) {
    const auto& six = reinterpret_cast<const sockaddr_in6&>(address);
    client.size_ = sizeof six.sin6_addr;
    std::memcpy(client.octets_.data(), &six.sin6_addr, client.size_);
  }
  return client;
}

}  // namespace holdfast
