#include "tools/flood/server_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <charconv>

namespace holdfast::flood {

namespace {

/// A port other than 0; 0 for what is none.
std::uint16_t portOf(std::string_view text) noexcept {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() ? port : std::uint16_t{0};
}

}  // namespace

Result<ServerAddress> ServerAddress::parse(std::string_view text) {
  const Error wrong{ErrorKind::Invalid, "\"" + std::string(text) + '"',
                    "is no address with a port, such as 127.0.0.1:5300 or [::1]:5300"};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong;
  const std::uint16_t port = portOf(text.substr(colon + 1));
  std::string host(text.substr(0, colon));
  if (port == 0) return wrong;
  ServerAddress server;
  server.text_ = text;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    auto& six = reinterpret_cast<sockaddr_in6&>(server.storage_);
    host = host.substr(1, host.size() - 2);
    if (::inet_pton(AF_INET6, host.c_str(), &six.sin6_addr) != 1) return wrong;
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    server.size_ = sizeof six;
  } else {
    auto& four = reinterpret_cast<sockaddr_in&>(server.storage_);
    if (::inet_pton(AF_INET, host.c_str(), &four.sin_addr) != 1) return wrong;
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    server.size_ = sizeof four;
  }
  return server;
}

}  // namespace holdfast::flood
