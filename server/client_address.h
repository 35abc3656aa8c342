#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <span>

namespace holdfast {

/// Where a message came from, without the port: what cookies are bound to. A small value.
class ClientAddress {
 public:
  ClientAddress() noexcept = default;  ///< unknown: no octets

  /// Of an IPv4 or IPv6 socket address; unknown for other families.
  static ClientAddress of(const sockaddr_storage& address) noexcept;

  /// 4 or 16 octets in network byte order, none where it is unknown.
  std::span<const std::uint8_t> octets() const noexcept { return {octets_.data(), size_}; }

 private:
  std::array<std::uint8_t, 16> octets_{};
  std::uint8_t size_ = 0;
};

}  // namespace holdfast
