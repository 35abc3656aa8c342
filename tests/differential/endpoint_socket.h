#pragma once

#include <cstdint>

namespace holdfast::differential {

/// A file descriptor that closes.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  Descriptor& operator=(Descriptor&& other) noexcept;
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

/// Non-blocking, connected to a port of 127.0.0.1. Throws std::system_error where the system has no socket
/// left.
Descriptor udpSocketTo(std::uint16_t port);
/// Blocking, with a time limit of some seconds for each call; none where nobody listens.
Descriptor tcpSocketTo(std::uint16_t port);
/// A port that was free for UDP and TCP a moment ago.
std::uint16_t freePort();

}  // namespace holdfast::differential
