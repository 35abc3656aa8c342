#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "server/workers.h"
#include "tests/server/serving_fixture.h"

// A running server and clients with real sockets, over the loopback interface.
namespace holdfast::test {

using std::chrono::milliseconds;

inline std::shared_ptr<const Zone> servedZone() {
  const auto plain = zoneOf("example", "@ 60 IN SOA ns a 1 2 3 4 5\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\n");
  return withRRset(*plain, "big.example", endpointOf(0, std::vector<std::uint32_t>(3000, 1)));
}

/// Workers over one zone, on a port of the system's choice.
class Running {
 public:
  explicit Running(ServeSettings settings = {}, const char* address = "127.0.0.1:0")
      : snapshot_(std::make_unique<Snapshot>(std::vector<std::shared_ptr<const Zone>>{servedZone()})) {
    settings.listen = {*SocketAddress::parse(address)};
    if (settings.threads == 0) settings.threads = 2;
    auto started = Workers::start(settings, snapshot_);
    if (!started) throw std::runtime_error(started.error().text());
    workers_ = *std::move(started);
  }

  Workers& workers() { return *workers_; }
  SocketAddress address() const { return workers_->addresses().front(); }
  template <class Get>
  std::uint64_t sum(Get get) const {
    std::uint64_t total = 0;
    for (const WorkerCounters& each : workers_->counters()) total += get(each).value();
    return total;
  }
  /// Counters are read while workers count, so a test waits for what it expects.
  template <class Get>
  bool reaches(Get get, std::uint64_t wanted) const {
    for (unsigned i = 0; i < 400 && sum(get) != wanted; ++i) std::this_thread::sleep_for(milliseconds(5));
    return sum(get) == wanted;
  }

 private:
  RcuPointer<Snapshot> snapshot_;
  std::unique_ptr<Workers> workers_;
};

/// A blocking client that gives up after a while.
class Client {
 public:
  Client(int type, const SocketAddress& server, int receiveBuffer = 0, const char* from = nullptr)
      : socket_(::socket(server.family(), type | SOCK_CLOEXEC, 0)) {
    const timeval patience{3, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (receiveBuffer > 0)
      ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &receiveBuffer, sizeof receiveBuffer);
    if (from != nullptr) {
      const SocketAddress own = *SocketAddress::parse(from);
      if (::bind(socket_.get(), own.raw(), own.size()) != 0) throw std::runtime_error("not bound");
    }
    if (::connect(socket_.get(), server.raw(), server.size()) != 0) throw std::runtime_error("no connection");
  }

  void send(const Bytes& bytes) {
    if (::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size()))
      throw std::runtime_error("not sent");
  }
  /// As much as the system takes within a short time.
  std::size_t sendSome(const Bytes& bytes) {
    pollfd wait{socket_.get(), POLLOUT, 0};
    if (::poll(&wait, 1, 300) != 1) return 0;
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent < 0 ? 0 : static_cast<std::size_t>(sent);
  }
  Bytes receive(std::size_t atMost = 65535) {
    Bytes out(atMost);
    const ssize_t got = ::recv(socket_.get(), out.data(), out.size(), 0);
    out.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return out;
  }
  /// One TCP message without its length; empty at the end of the connection.
  Bytes message() {
    const Bytes length = exactly(2);
    return length.empty() ? length : exactly(static_cast<std::size_t>(length[0] << 8 | length[1]));
  }
  bool isClosed() {
    std::uint8_t octet = 0;
    return ::recv(socket_.get(), &octet, 1, 0) == 0;
  }
  /// As isClosed() by a reset, which may already have been told by a send.
  bool isReset() {
    std::uint8_t octet = 0;
    return ::recv(socket_.get(), &octet, 1, 0) < 0 && errno == ECONNRESET;
  }
  void endSending() { ::shutdown(socket_.get(), SHUT_WR); }

 private:
  Bytes exactly(std::size_t octets) {
    Bytes out;
    while (out.size() < octets) {
      const Bytes more = receive(octets - out.size());
      if (more.empty()) return {};
      out.insert(out.end(), more.begin(), more.end());
    }
    return out;
  }
  FileDescriptor socket_;
};

inline Bytes framed(const Bytes& message) {
  Bytes out{static_cast<std::uint8_t>(message.size() >> 8), static_cast<std::uint8_t>(message.size())};
  out.insert(out.end(), message.begin(), message.end());
  return out;
}

inline Bytes askFor(std::uint16_t id, const char* name = "ns.example") {
  return queryBytes({.name = name, .id = id});
}

inline const auto udpQueries = [](const WorkerCounters& c) -> const Counter& {
  return c.of(Transport::Udp).queries;
};
inline const auto tcpQueries = [](const WorkerCounters& c) -> const Counter& {
  return c.of(Transport::Tcp).queries;
};
/// For Running::sum and reaches: one counter of the workers.
inline auto counter(Counter WorkerCounters::*which) {
  return [which](const WorkerCounters& c) -> const Counter& { return c.*which; };
}
inline const auto open = counter(&WorkerCounters::tcpOpen);
inline const auto closed = counter(&WorkerCounters::tcpClosed);
inline const auto idle = counter(&WorkerCounters::tcpIdle);
inline const auto refused = counter(&WorkerCounters::tcpRefused);

}  // namespace holdfast::test
