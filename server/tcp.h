#pragma once

#include <chrono>
#include <cstdint>
#include <list>

#include "server/event_handles.h"
#include "server/listen.h"
#include "server/serving.h"
#include "server/tcp_connection.h"

namespace holdfast {

struct TcpLimits {
  std::size_t connections = 1000;          ///< open at once; at least 1
  std::chrono::milliseconds idle{10'000};  ///< without a complete query or a response fully taken
};

/// The TCP connections of one worker, over all its addresses. When all places are taken, the connection that
/// has been idle the longest makes room for a new one (RFC 7766 section 6.2.3 lets a server close idle ones);
/// where every connection has a response under way, the new one is refused.
/// Used on the worker's thread.
class TcpPool final : private TcpConnection::Owner {
 public:
  using Clock = std::chrono::steady_clock;

  /// REQUIRES: base and serving outlive it.
  TcpPool(event_base* base, Serving& serving, TcpLimits limits);

  /// Begins to enforce the idle limit. False where libevent is out of memory.
  bool start() noexcept;
  /// Takes over an accepted connection, or closes it.
  void adopt(FileDescriptor socket);
  /// Answers what each connection has sent already and closes it once that is taken.
  void drain() noexcept;
  bool isEmpty() const noexcept { return connections_.empty(); }

 private:
  struct Place final : TcpConnection {
    using TcpConnection::TcpConnection;
    Clock::time_point activeAt = Clock::now();
    std::list<Place>::iterator self;
  };

  void active(TcpConnection& connection) noexcept override;
  void finished(TcpConnection& connection) noexcept override;
  bool makeRoom() noexcept;
  void sweep() noexcept;
  void close(std::list<Place>::iterator place) noexcept;

  event_base* const base_;
  Serving& serving_;
  const TcpLimits limits_;
  EventPtr sweep_;
  std::list<Place> connections_;  // the longest idle first
  bool draining_ = false;
};

/// One worker's listening socket on one address.
class TcpListener {
 public:
  TcpListener(event_base* base, FileDescriptor socket, TcpPool& pool, WorkerCounters& counters);
  TcpListener(const TcpListener&) = delete;
  TcpListener& operator=(const TcpListener&) = delete;

  bool start() noexcept;
  /// Accepts what waits already, then closes.
  void drain() noexcept;

 private:
  void acceptable() noexcept;
  void resume() noexcept;
  void backOff() noexcept;

  FileDescriptor socket_;
  TcpPool& pool_;
  WorkerCounters& counters_;
  EventPtr event_;
  EventPtr resume_;
};

}  // namespace holdfast
