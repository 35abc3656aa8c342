#include "server/workers.h"

#include <pthread.h>

#include <algorithm>
#include <csignal>
#include <thread>

#include "server/privileges.h"

namespace holdfast {

namespace {

struct Sockets {
  FileDescriptor udp;
  FileDescriptor tcp;
};

Result<Sockets> openShared(const SocketAddress& address, const SocketBuffers& buffers) {
  auto udp = openUdp(address, buffers);
  if (!udp) return std::move(udp).error();
  auto tcp = openTcp(address);
  if (!tcp) return std::move(tcp).error();
  return Sockets{*std::move(udp), *std::move(tcp)};
}

/// The first worker's sockets, on a port that is nobody else's. Port 0 becomes one that is free for both.
Result<Sockets> openFirst(SocketAddress& address, const SocketBuffers& buffers) {
  if (address.port() != 0) {
    for (const int type : {SOCK_DGRAM, SOCK_STREAM})
      if (auto unused = expectUnused(address, type); !unused) return std::move(unused).error();
    return openShared(address, buffers);
  }
  constexpr unsigned kTries = 32;
  for (unsigned i = 1;; ++i) {
    auto tcp = openTcp(address);
    if (!tcp) return std::move(tcp).error();
    const auto bound = boundAddress(*tcp);
    if (!bound) return bound.error();
    auto unused = expectUnused(*bound, SOCK_DGRAM);
    if (!unused && i < kTries) continue;
    if (!unused) return std::move(unused).error();
    address = *bound;
    auto udp = openUdp(address, buffers);
    if (!udp) return std::move(udp).error();
    return Sockets{*std::move(udp), *std::move(tcp)};
  }
}

/// Blocks every signal in the calling thread, and in those it starts, while it lives.
class SignalsBlocked {
 public:
  SignalsBlocked() noexcept {
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

Result<std::unique_ptr<Workers>> Workers::start(const ServeSettings& settings,
                                                const RcuPointer<Snapshot>& snapshot) {
  std::unique_ptr<Workers> workers(new Workers);
  if (auto opened = workers->open(settings, snapshot); !opened) return std::move(opened).error();
  // All ports are bound, and the threads that come get no rights that this one has not.
  if (auto given = giveUpCapabilities(); !given) return std::move(given).error();
  if (auto started = workers->startThreads(); !started) return std::move(started).error();
  return workers;
}

Status Workers::open(const ServeSettings& settings, const RcuPointer<Snapshot>& snapshot) {
  const unsigned threads =
      settings.threads > 0 ? settings.threads : std::max(1u, std::thread::hardware_concurrency());
  const auto payload = std::clamp<std::uint16_t>(settings.udpPayload, kMinUdpPayload, 4096);

  counters_ = std::make_unique<WorkerCounters[]>(threads);
  places_ = std::make_unique<TcpPlaces>(settings.tcp, threads);
  for (unsigned i = 0; i < threads; ++i) {
    udp_.push_back(std::make_unique<UdpWorker>(payload, settings.messages, snapshot, counters_[i]));
    auto tcp = TcpWorker::make(payload, settings.messages, settings.tcp, snapshot, counters_[i], *places_);
    if (!tcp) return std::move(tcp).error();
    tcp_.push_back(*std::move(tcp));
  }
  for (SocketAddress address : settings.listen) {
    for (unsigned i = 0; i < threads; ++i) {
      auto sockets = i == 0 ? openFirst(address, settings.buffers) : openShared(address, settings.buffers);
      if (!sockets) return std::move(sockets).error();
      if (auto served = udp_[i]->serve(std::move(sockets->udp)); !served) return served;
      if (auto served = tcp_[i]->serve(std::move(sockets->tcp)); !served) return served;
    }
    addresses_.push_back(address);
  }
  return Done{};
}

Status Workers::startThreads() {
  const SignalsBlocked blocked;
  for (unsigned i = 0; i < udp_.size(); ++i) {
    if (auto started = udp_[i]->start(i); !started) return started;
    if (auto started = tcp_[i]->start(i); !started) return started;
  }
  return Done{};
}

Workers::~Workers() {
  drain(std::chrono::milliseconds(0));
}

void Workers::drain(std::chrono::milliseconds atMost) {
  if (std::exchange(stopped_, true)) return;
  const auto deadline = std::chrono::steady_clock::now() + atMost;
  const auto toAll = [this](const auto& tell) {
    for (const auto& worker : udp_) tell(*worker);
    for (const auto& worker : tcp_) tell(*worker);
  };
  toAll([deadline](auto& worker) { worker.stop(deadline); });
  toAll([](auto& worker) { worker.join(); });
}

}  // namespace holdfast
