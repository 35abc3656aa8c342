#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "server/counters.h"
#include "server/listen.h"
#include "server/tcp_worker.h"
#include "server/udp_worker.h"

namespace holdfast {

struct ServeSettings {
  std::vector<SocketAddress> listen;  ///< UDP and TCP each; port 0 lets the system choose one for both
  unsigned threads = 0;               ///< for UDP, and as many for TCP; 0: one per processor
  std::uint16_t udpPayload = 1232;    ///< octets; the largest response by UDP. 512 to 4096, others are cut
  TcpLimits tcp;
  MessageSettings messages;
  SocketBuffers buffers;  ///< of each UDP socket
};

/// The threads that answer, as many for UDP as for TCP, so that a flood of the one leaves the other the
/// system's share. Each has a socket of its own on every address; the system spreads clients over them
/// (SO_REUSEPORT). Queries meet no lock and nothing of another thread's but the snapshot; a TCP connection
/// also counts in TcpPlaces when it comes and when it goes.
class Workers {
 public:
  /// Opens every socket, then starts the threads, with all signals blocked. Errors name the address and the
  /// system's reason; nothing is left behind then. An address that another socket has is an error, also if
  /// it could be shared.
  /// REQUIRES: `snapshot` outlives the workers.
  static Result<std::unique_ptr<Workers>> start(const ServeSettings& settings,
                                                const RcuPointer<Snapshot>& snapshot);
  /// Ends at once what drain() has not.
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// Stops accepting, answers what was received, closes and ends the threads. `atMost` that long: for
  /// what UDP clients sent, and for TCP clients to take their responses. Not thread-safe; a second call does
  /// nothing.
  void drain(std::chrono::milliseconds atMost);

  /// One element per thread for UDP and its like for TCP. Any thread may read; valid as long as the workers,
  /// also after drain().
  std::span<const WorkerCounters> counters() const noexcept { return {counters_.get(), udp_.size()}; }
  /// In the order of ServeSettings::listen, with the ports in use.
  const std::vector<SocketAddress>& addresses() const noexcept { return addresses_; }

 private:
  Workers() = default;
  Status open(const ServeSettings& settings, const RcuPointer<Snapshot>& snapshot);
  Status startThreads();

  std::unique_ptr<WorkerCounters[]> counters_;
  std::unique_ptr<TcpPlaces> places_;
  std::vector<std::unique_ptr<UdpWorker>> udp_;
  std::vector<std::unique_ptr<TcpWorker>> tcp_;  // as many
  std::vector<SocketAddress> addresses_;
  bool stopped_ = false;
};

}  // namespace holdfast
