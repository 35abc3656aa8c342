// The floor of every comparison of servers: what a UDP server costs that does nothing. It takes a batch of
// messages, sets QR in each and sends all of them back, until it is ended. With several workers and addresses
// it has a socket for each of both, as Holdfast has.
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

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

  /// `flags`: MSG_WAITFORONE, or MSG_DONTWAIT. Returns how many came, or a negative number.
  int receive(int socket, int flags) {
    for (unsigned i = 0; i < kBatch; ++i) {
      parts_[i].iov_len = kMessageOctets;
      headers_[i].msg_hdr.msg_namelen = sizeof peers_[i];
    }
    return ::recvmmsg(socket, headers_.data(), kBatch, flags, nullptr);
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

/// In the call that receives, where there is one socket; else by poll. What other ways cost is seen beside
/// it.
enum class Wait : std::uint8_t { Least, Poll, Epoll };

struct Options {
  Wait wait = Wait::Least;
  bool mayFragment = false;  // instead of DF
  std::uint16_t port = 0;
  unsigned workers = 1;
  unsigned addresses = 1;  // 127.0.0.1 and those after it
};

int boundSocket(const Options& options, unsigned number) {
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const int octets = 4 << 20;  // as servers do, so that nothing is lost when it has to wait for its core
  ::setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &octets, sizeof octets);
  // As the server compared with it, DF: no work for identifications.
  const int whole = options.mayFragment ? IP_PMTUDISC_DONT : IP_PMTUDISC_PROBE;
  ::setsockopt(socket, IPPROTO_IP, IP_MTU_DISCOVER, &whole, sizeof whole);
  const int shared = options.workers > 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEPORT, &shared, sizeof shared);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + number);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the sockets API
  return ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? socket : -1;
}

/// One socket needs nothing but to wait for it.
void serveOne(int socket, Messages& messages) {
  for (;;) {
    const int count = messages.receive(socket, MSG_WAITFORONE);
    if (count > 0) messages.sendBack(socket, static_cast<unsigned>(count));
    if (count < 0 && errno != EINTR) return;
  }
}

/// What waits, until there is nothing.
void serveWaiting(int socket, Messages& messages) {
  for (int count = kBatch; count > 0;) {
    count = messages.receive(socket, MSG_DONTWAIT);
    if (count > 0) messages.sendBack(socket, static_cast<unsigned>(count));
  }
}

void serveByPoll(const std::vector<int>& sockets, Messages& messages) {
  std::vector<pollfd> waiting;
  for (const int socket : sockets) waiting.push_back({socket, POLLIN, 0});
  for (;;) {
    if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) return;
    for (const pollfd& each : waiting)
      if (each.revents != 0) serveWaiting(each.fd, messages);
  }
}

void serveByEpoll(const std::vector<int>& sockets, Messages& messages) {
  const int instance = ::epoll_create1(EPOLL_CLOEXEC);
  for (const int socket : sockets) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = socket;
    if (::epoll_ctl(instance, EPOLL_CTL_ADD, socket, &event) != 0) return;
  }
  std::array<epoll_event, kBatch> events{};
  for (;;) {
    const int count = ::epoll_wait(instance, events.data(), static_cast<int>(events.size()), -1);
    if (count < 0 && errno != EINTR) return;
    for (int i = 0; i < count; ++i) serveWaiting(events[static_cast<unsigned>(i)].data.fd, messages);
  }
}

void work(unsigned number, const std::vector<int>& sockets, Wait wait) {
  ::pthread_setname_np(::pthread_self(), ("udp-" + std::to_string(number)).c_str());
  const auto messages = std::make_unique<Messages>();
  if (wait == Wait::Epoll)
    serveByEpoll(sockets, *messages);
  else if (wait == Wait::Poll || sockets.size() > 1)
    serveByPoll(sockets, *messages);
  else
    serveOne(sockets.front(), *messages);
}

bool readWay(std::string_view text, Options& options) {
  if (text == "--poll") options.wait = Wait::Poll;
  if (text == "--epoll") options.wait = Wait::Epoll;
  if (text == "--fragments") options.mayFragment = true;
  return options.wait != Wait::Least || options.mayFragment;
}

bool readOptions(std::span<char*> arguments, Options& options) {
  if (!arguments.empty() && arguments.front()[0] == '-') {
    if (!readWay(arguments.front(), options)) return false;
    arguments = arguments.subspan(1);
  }
  std::array<unsigned long, 3> numbers{0, 1, 1};
  if (arguments.empty() || arguments.size() > numbers.size()) return false;
  for (std::size_t i = 0; i < arguments.size(); ++i) numbers.at(i) = std::strtoul(arguments[i], nullptr, 10);
  options.port = static_cast<std::uint16_t>(numbers[0]);
  options.workers = static_cast<unsigned>(numbers[1]);
  options.addresses = static_cast<unsigned>(numbers[2]);
  return numbers[0] > 0 && numbers[0] <= 65535 && numbers[1] > 0 && numbers[1] <= 64 && numbers[2] > 0 &&
         numbers[2] <= 200;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!readOptions(std::span(argv, static_cast<std::size_t>(argc)).subspan(1), options)) {
    std::cerr << "usage: bench_null_responder [--poll | --epoll | --fragments] PORT [WORKERS [ADDRESSES]]\n";
    return 2;
  }
  std::vector<std::vector<int>> sockets(options.workers);
  for (auto& each : sockets) {
    for (unsigned number = 0; number < options.addresses; ++number) {
      each.push_back(boundSocket(options, number));
      if (each.back() >= 0) continue;
      std::cerr << "bench_null_responder: 127.0.0." << number + 1 << ':' << options.port << " is not free\n";
      return 1;
    }
  }
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < options.workers; ++i)
    threads.emplace_back([i, &sockets, &options] { work(i, sockets[i], options.wait); });
  for (std::thread& thread : threads) thread.join();
  return 1;  // only an error ends a worker
}
