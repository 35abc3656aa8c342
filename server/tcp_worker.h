#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "server/event_handles.h"
#include "server/serving.h"
#include "server/tcp.h"
#include "server/worker_thread.h"

namespace holdfast {

/// One thread with its event loop, its own TCP sockets and their connections. Made, started and joined by
/// Workers.
class TcpWorker {
 public:
  /// REQUIRES: snapshot, counters and places outlive it; `limits` is what `places` was made with.
  /// `udpPayload`, octets, is what responses tell clients that they may send by UDP.
  static Result<std::unique_ptr<TcpWorker>> make(std::uint16_t udpPayload, const MessageSettings& messages,
                                                 const TcpLimits& limits,
                                                 const RcuPointer<Snapshot>& snapshot,
                                                 WorkerCounters& counters, TcpPlaces& places);
  ~TcpWorker() { join(); }
  TcpWorker(const TcpWorker&) = delete;
  TcpWorker& operator=(const TcpWorker&) = delete;

  /// Takes over the socket of one address. REQUIRES: not started.
  Status serve(FileDescriptor socket);
  /// Begins the thread, which inherits the caller's signal mask.
  Status start(unsigned number);
  /// Tells the thread to drain and end, at `deadline` at the latest. Any thread; once.
  void stop(std::chrono::steady_clock::time_point deadline) noexcept { thread_.stop(deadline); }
  void join() noexcept { thread_.join(); }

 private:
  TcpWorker(std::uint16_t udpPayload, const MessageSettings& messages, const TcpLimits& limits,
            const RcuPointer<Snapshot>& snapshot, WorkerCounters& counters, TcpPlaces& places,
            EventBasePtr base);

  void drain() noexcept;
  void endWhenDrained() noexcept;

  Serving serving_;
  WorkerThread thread_;  // before what watches its descriptor; the destructor joins it first
  EventBasePtr base_;
  EventPtr wakeEvent_;
  EventPtr drainEvent_;
  TcpPool pool_;
  std::vector<std::unique_ptr<TcpListener>> listeners_;
};

}  // namespace holdfast
