#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace holdfast {

inline constexpr std::size_t kMaxAddressOctets = 16;

/// The address without the port: 4 or 16 octets in network byte order, none for other families than IPv4 and
/// IPv6. Borrows from `address`.
std::span<const std::uint8_t> addressOctets(const sockaddr_storage& address) noexcept;
std::span<const std::uint8_t> addressOctets(const sockaddr_storage&& address) = delete;

/// Where a connection came from, without the port. A small value.
class ClientAddress {
 public:
  ClientAddress() noexcept = default;  ///< unknown: no octets
  explicit ClientAddress(const sockaddr_storage& address) noexcept;

  /// As addressOctets(). Borrows from this.
  std::span<const std::uint8_t> octets() const noexcept { return {octets_.data(), size_}; }

 private:
  std::array<std::uint8_t, kMaxAddressOctets> octets_{};
  std::uint8_t size_ = 0;
};

}  // namespace holdfast
