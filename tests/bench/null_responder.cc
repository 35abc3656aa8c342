// The floor of every comparison of servers: what a UDP server costs that does nothing. It takes a batch of
// messages, sets QR in each and sends all of them back, until it is ended.
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <iostream>

namespace {

constexpr unsigned kBatch = 64;
constexpr std::size_t kMessageOctets = 1232;
constexpr std::size_t kHeaderOctets = 12;
constexpr std::uint8_t kQr = 0x80;

/// What recvmmsg and sendmmsg need for a batch, wired up once.
class Messages {
 public:
  Messages() {
    for (unsigned i = 0; i < kBatch; ++i) {
      parts_[i] = {octets_[i].data(), kMessageOctets};
      headers_[i].msg_hdr = {&peers_[i], sizeof peers_[i], &parts_[i], 1, nullptr, 0, 0};
    }
  }

  /// Waits for at least one; returns how many, or a negative number.
  int receive(int socket) {
    for (unsigned i = 0; i < kBatch; ++i) {
      parts_[i].iov_len = kMessageOctets;
      headers_[i].msg_hdr.msg_namelen = sizeof peers_[i];
    }
    return ::recvmmsg(socket, headers_.data(), kBatch, MSG_WAITFORONE, nullptr);
  }

  void sendBack(int socket, unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      parts_[i].iov_len = headers_[i].msg_len;
      if (headers_[i].msg_len >= kHeaderOctets) octets_[i][2] |= kQr;
    }
    for (unsigned sent = 0; sent < count;) {
      const int more = ::sendmmsg(socket, headers_.data() + sent, count - sent, 0);
      // One that the system does not take is left out, as servers do.
      sent += more > 0 ? static_cast<unsigned>(more) : 1;
    }
  }

 private:
  std::array<std::array<std::uint8_t, kMessageOctets>, kBatch> octets_{};
  std::array<sockaddr_in, kBatch> peers_{};
  std::array<iovec, kBatch> parts_{};
  std::array<mmsghdr, kBatch> headers_{};
};

int boundSocket(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const int octets = 4 << 20;  // as servers do, so that nothing is lost when it has to wait for its core
  ::setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &octets, sizeof octets);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the sockets API
  return ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? socket : -1;
}

}  // namespace

int main(int argc, char** argv) {
  const long port = argc == 2 ? std::strtol(argv[1], nullptr, 10) : 0;
  if (port < 1 || port > 65535) {
    std::cerr << "usage: bench_null_responder PORT\n";
    return 2;
  }
  const int socket = boundSocket(static_cast<std::uint16_t>(port));
  if (socket < 0) {
    std::cerr << "bench_null_responder: 127.0.0.1:" << port << " is not free\n";
    return 1;
  }
  static Messages messages;
  for (;;) {
    const int count = messages.receive(socket);
    if (count > 0) messages.sendBack(socket, static_cast<unsigned>(count));
    if (count < 0 && errno != EINTR) return 1;
  }
}
