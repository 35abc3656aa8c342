#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "server/event_handles.h"
#include "server/listen.h"
#include "server/serving.h"
#include "server/tcp.h"
#include "server/udp.h"

namespace holdfast {

/// One thread with its event loop and its own sockets. Made, started and joined by Workers.
class Worker {
 public:
  struct Settings {
    std::uint16_t udpPayload = 1232;
    MessageSettings messages;
    TcpLimits tcp;
  };

  /// REQUIRES: snapshot, counters and places outlive it; `settings.tcp` is what `places` was made with.
  static Result<std::unique_ptr<Worker>> make(const Settings& settings, const RcuPointer<Snapshot>& snapshot,
                                              WorkerCounters& counters, TcpPlaces& places);
  ~Worker() { join(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Takes over both sockets of one address. REQUIRES: not started.
  Status serve(FileDescriptor udp, FileDescriptor tcp);
  /// Begins the thread, which inherits the caller's signal mask.
  Status start(unsigned number);
  /// Tells the thread to drain and end, at `deadline` at the latest. Any thread; once.
  void stop(std::chrono::steady_clock::time_point deadline) noexcept;
  void join() noexcept;

 private:
  Worker(const Settings& settings, const RcuPointer<Snapshot>& snapshot, WorkerCounters& counters,
         TcpPlaces& places, EventBasePtr base);

  void run(unsigned number) noexcept;
  void drain() noexcept;
  void endWhenDrained() noexcept;

  Serving serving_;
  EventBasePtr base_;
  FileDescriptor wake_;  // an eventfd
  EventPtr wakeEvent_;
  EventPtr drainEvent_;
  TcpPool pool_;
  std::vector<std::unique_ptr<UdpSocket>> udp_;
  std::vector<std::unique_ptr<TcpListener>> tcp_;
  std::atomic<std::chrono::steady_clock::time_point> deadline_{};
  std::thread thread_;
};

}  // namespace holdfast
