#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "zone/result.h"

namespace holdfast::flood {

/// Where a server is: an IPv4 or IPv6 address with a port.
class ServerAddress {
 public:
  /// Reads "127.0.0.1:5300" or "[::1]:5300". Numbers only, and no port 0.
  static Result<ServerAddress> parse(std::string_view text);

  int family() const noexcept { return storage_.ss_family; }
  const sockaddr* raw() const noexcept { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const noexcept { return size_; }
  /// As it was written.
  const std::string& text() const noexcept { return text_; }

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
  std::string text_;
};

}  // namespace holdfast::flood
