#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "zone/file_descriptor.h"
#include "zone/result.h"

namespace holdfast {

/// An IPv4 or IPv6 address with a port.
class SocketAddress {
 public:
  /// Reads "127.0.0.1:5300" or "[::1]:5300". Numbers only, no host names; port 0 is legal.
  static Result<SocketAddress> parse(std::string_view text);
  /// Copies what a socket call filled in. `size` may be up to sizeof(sockaddr_storage).
  static SocketAddress of(const sockaddr* address, socklen_t size) noexcept;

  int family() const noexcept { return storage_.ss_family; }
  const sockaddr* raw() const noexcept { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const noexcept { return size_; }
  const sockaddr_storage& storage() const noexcept { return storage_; }
  std::uint16_t port() const noexcept;  ///< host byte order
  void setPort(std::uint16_t port) noexcept;
  /// 0.0.0.0 or ::, which stand for every address of the host.
  bool isWildcard() const noexcept;
  /// As parse() reads it; "unknown" where the family is another.
  std::string text() const;

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

struct SocketBuffers {
  int receive = 4 << 20;  ///< octets; 0 leaves the system's default. The system may grant less.
  int send = 4 << 20;
};

/// Opens sockets that share their port with others opened the same way (SO_REUSEPORT): closed on exec, IPv6
/// apart from IPv4. That for TCP does not block; that for UDP does where a call does not say otherwise, and
/// on a wildcard address it tells where each datagram was sent. Errors name the address and the system's
/// reason.
Result<FileDescriptor> openUdp(const SocketAddress& address, const SocketBuffers& buffers);
Result<FileDescriptor> openTcp(const SocketAddress& address);

/// Fails where some socket has the address's port already: SO_REUSEPORT alone would share it with another
/// server of the same user without a word. `type` is SOCK_DGRAM or SOCK_STREAM.
Status expectUnused(const SocketAddress& address, int type);

/// Where a socket is bound: the port that the system chose for port 0.
Result<SocketAddress> boundAddress(const FileDescriptor& socket);

}  // namespace holdfast
