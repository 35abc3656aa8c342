#include "server/listen.h"

#include <arpa/inet.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <system_error>

namespace holdfast {

namespace {

const sockaddr_in& ipv4(const sockaddr_storage& storage) noexcept {
  return reinterpret_cast<const sockaddr_in&>(storage);
}

const sockaddr_in6& ipv6(const sockaddr_storage& storage) noexcept {
  return reinterpret_cast<const sockaddr_in6&>(storage);
}

std::optional<std::uint16_t> parsePort(std::string_view text) noexcept {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

Error systemError(const SocketAddress& address, std::string_view what) {
  const int cause = errno;
  return {ErrorKind::System, address.text(),
          "cannot " + std::string(what) + ": " + std::generic_category().message(cause)};
}

bool setOption(const FileDescriptor& socket, int level, int name, int value) noexcept {
  return ::setsockopt(socket.get(), level, name, &value, sizeof value) == 0;
}

Result<FileDescriptor> open(const SocketAddress& address, int type) {
  FileDescriptor socket(::socket(address.family(), type | SOCK_CLOEXEC, 0));
  if (!socket) return systemError(address, "open a socket");
  if (address.family() == AF_INET6 && !setOption(socket, IPPROTO_IPV6, IPV6_V6ONLY, 1))
    return systemError(address, "set IPV6_V6ONLY");
  return socket;
}

Result<FileDescriptor> openShared(const SocketAddress& address, int type) {
  auto socket = open(address, type);
  if (socket && !setOption(*socket, SOL_SOCKET, SO_REUSEPORT, 1))
    return systemError(address, "set SO_REUSEPORT");
  return socket;
}

Status bindTo(const FileDescriptor& socket, const SocketAddress& address) {
  if (::bind(socket.get(), address.raw(), address.size()) != 0) return systemError(address, "bind");
  return Done{};
}

}  // namespace

Result<SocketAddress> SocketAddress::parse(std::string_view text) {
  const Error wrong{ErrorKind::Invalid, "address \"" + std::string(text.substr(0, 100)) + "\"",
                    "is not ADDRESS:PORT, an IPv6 address in brackets: 127.0.0.1:53 or [::1]:53"};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong;
  const auto port = parsePort(text.substr(colon + 1));
  if (!port) return wrong;
  const bool brackets = colon >= 2 && text.front() == '[' && text[colon - 1] == ']';
  const std::string host(brackets ? text.substr(1, colon - 2) : text.substr(0, colon));

  SocketAddress address;
  if (brackets) {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(address.storage_);
    if (::inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) != 1) return wrong;
    v6.sin6_family = AF_INET6;
    address.size_ = sizeof v6;
  } else {
    auto& v4 = reinterpret_cast<sockaddr_in&>(address.storage_);
    if (::inet_pton(AF_INET, host.c_str(), &v4.sin_addr) != 1) return wrong;
    v4.sin_family = AF_INET;
    address.size_ = sizeof v4;
  }
  address.setPort(*port);
  return address;
}

SocketAddress SocketAddress::of(const sockaddr* address, socklen_t size) noexcept {
  SocketAddress result;
  result.size_ = std::min<socklen_t>(size, sizeof result.storage_);
  std::memcpy(&result.storage_, address, result.size_);
  return result;
}

std::uint16_t SocketAddress::port() const noexcept {
  return ntohs(family() == AF_INET6 ? ipv6(storage_).sin6_port : ipv4(storage_).sin_port);
}

void SocketAddress::setPort(std::uint16_t port) noexcept {
  if (family() == AF_INET6)
    reinterpret_cast<sockaddr_in6&>(storage_).sin6_port = htons(port);
  else
    reinterpret_cast<sockaddr_in&>(storage_).sin_port = htons(port);
}

bool SocketAddress::isWildcard() const noexcept {
  if (family() == AF_INET6) return IN6_IS_ADDR_UNSPECIFIED(&ipv6(storage_).sin6_addr);
  return ipv4(storage_).sin_addr.s_addr == INADDR_ANY;
}

std::string SocketAddress::text() const {
  char host[INET6_ADDRSTRLEN];
  const char* shown = nullptr;
  if (family() == AF_INET) shown = ::inet_ntop(AF_INET, &ipv4(storage_).sin_addr, host, sizeof host);
  if (family() == AF_INET6) shown = ::inet_ntop(AF_INET6, &ipv6(storage_).sin6_addr, host, sizeof host);
  if (shown == nullptr) return "unknown";
  const std::string address = family() == AF_INET6 ? "[" + std::string(shown) + "]" : shown;
  return address + ":" + std::to_string(port());
}

Result<FileDescriptor> openUdp(const SocketAddress& address, const SocketBuffers& buffers) {
  auto socket = openShared(address, SOCK_DGRAM);
  if (!socket) return socket;
  // Best effort: the system caps both, and a smaller buffer only drops sooner under load.
  if (buffers.receive > 0) setOption(*socket, SOL_SOCKET, SO_RCVBUF, buffers.receive);
  if (buffers.send > 0) setOption(*socket, SOL_SOCKET, SO_SNDBUF, buffers.send);
  // Whole or not at all (RFC 9715), whatever ICMP says of the path, which anybody can forge; best effort too.
  // For IPv4 no mode that sets DF keeps the system from noting such a message for others; what is not to be
  // fragmented needs no identification, which the system would have to make.
  if (address.family() == AF_INET) setOption(*socket, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
  if (address.family() == AF_INET6)
    setOption(*socket, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_INTERFACE);
  if (address.isWildcard()) {
    const bool set = address.family() == AF_INET6 ? setOption(*socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
                                                  : setOption(*socket, IPPROTO_IP, IP_PKTINFO, 1);
    if (!set) return systemError(address, "ask for destination addresses");
  }
  if (auto bound = bindTo(*socket, address); !bound) return std::move(bound).error();
  return socket;
}

Result<FileDescriptor> openTcp(const SocketAddress& address) {
  constexpr int kBacklog = 1024;
  auto socket = openShared(address, SOCK_STREAM | SOCK_NONBLOCK);
  if (!socket) return socket;
  // Connections of a server that just stopped do not keep the next from its port.
  if (!setOption(*socket, SOL_SOCKET, SO_REUSEADDR, 1)) return systemError(address, "set SO_REUSEADDR");
  if (auto bound = bindTo(*socket, address); !bound) return std::move(bound).error();
  if (::listen(socket->get(), kBacklog) != 0) return systemError(address, "listen");
  return socket;
}

Status expectUnused(const SocketAddress& address, int type) {
  auto probe = open(address, type);
  if (!probe) return std::move(probe).error();
  // Over connections that linger, not over a listener.
  if (type == SOCK_STREAM) setOption(*probe, SOL_SOCKET, SO_REUSEADDR, 1);
  return bindTo(*probe, address);
}

Result<SocketAddress> boundAddress(const FileDescriptor& socket) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto* raw = reinterpret_cast<sockaddr*>(&storage);
  if (::getsockname(socket.get(), raw, &size) != 0)
    return Error{ErrorKind::System, "socket",
                 "cannot read its address: " + std::generic_category().message(errno)};
  return SocketAddress::of(raw, size);
}

}  // namespace holdfast
