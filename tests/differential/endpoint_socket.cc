#include "tests/differential/endpoint_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace holdfast::differential {

namespace {

constexpr int kReceiveBuffer = 4 << 20;  // octets; a burst of replies to a whole window fits
constexpr timeval kTcpTimeout{5, 0};

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

const sockaddr* generic(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.fd_;
    other.fd_ = -1;
  }
  return *this;
}

Descriptor udpSocketTo(std::uint16_t port) {
  Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) fail("socket");
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof kReceiveBuffer);
  const sockaddr_in address = loopback(port);
  if (::connect(socket.get(), generic(address), sizeof address) != 0) fail("connect");
  return socket;
}

Descriptor tcpSocketTo(std::uint16_t port) {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) fail("socket");
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &kTcpTimeout, sizeof kTcpTimeout);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &kTcpTimeout, sizeof kTcpTimeout);
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const sockaddr_in address = loopback(port);
  if (::connect(socket.get(), generic(address), sizeof address) != 0) return Descriptor();
  return socket;
}

std::uint16_t freePort() {
  for (int attempt = 0; attempt < 100; ++attempt) {
    const Descriptor tcp(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const Descriptor udp(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!tcp || !udp) fail("socket");
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (::bind(tcp.get(), generic(address), size) != 0) fail("bind");
    if (::getsockname(tcp.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) fail("getsockname");
    if (::bind(udp.get(), generic(address), sizeof address) == 0) return ntohs(address.sin_port);
  }
  fail("no free port");
}

}  // namespace holdfast::differential
