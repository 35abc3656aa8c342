#pragma once

#include <poll.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "server/serving.h"
#include "server/udp.h"
#include "server/worker_thread.h"

namespace holdfast {

/// One thread and its UDP sockets, one for each address. Made, started and joined by Workers.
///
/// One socket needs nothing but to be received from; several are waited for in poll(2), which is work in the
/// number of addresses (3 % of the CPU of an answer with one). Not in libevent: a socket that an epoll
/// instance watches pays for it with each datagram that comes or goes, as the system calls those who wait, be
/// there anybody or not (another 7 %).
class UdpWorker {
 public:
  /// REQUIRES: snapshot and counters outlive it. `udpPayload` in octets.
  UdpWorker(std::uint16_t udpPayload, const MessageSettings& messages, const RcuPointer<Snapshot>& snapshot,
            WorkerCounters& counters);
  UdpWorker(const UdpWorker&) = delete;
  UdpWorker& operator=(const UdpWorker&) = delete;

  /// Takes over the socket of one address. REQUIRES: not started.
  Status serve(FileDescriptor socket);
  /// Begins the thread, which inherits the caller's signal mask.
  Status start(unsigned number);
  /// Tells the thread to answer what the system has received, at `deadline` at the latest to end. Any thread;
  /// once.
  void stop(std::chrono::steady_clock::time_point deadline) noexcept;
  /// And closes the sockets.
  void join() noexcept;

 private:
  void run() noexcept;
  void serveAll() noexcept;
  void wait() noexcept;
  void drain() noexcept;

  Serving serving_;
  std::vector<std::unique_ptr<UdpSocket>> sockets_;
  std::vector<pollfd> waiting_;  // the sockets', and behind them the order to stop
  WorkerThread thread_;
};

}  // namespace holdfast
