#pragma once

#include <chrono>
#include <cstdint>
#include <list>

#include "server/event_handles.h"
#include "server/listen.h"
#include "server/serving.h"
#include "server/tcp_connection.h"
#include "server/tcp_limits.h"
#include "server/tcp_places.h"

namespace holdfast {

/// The TCP connections of one worker, over all its addresses. When the server's places are all taken, the
/// connection of this worker that has been idle the longest makes room for a new one (RFC 7766 section 6.2.3
/// lets a server close idle ones), or else the one that has been sending a message the longest; where every
/// connection has a response under way, the new one is refused.
///
/// Who is idle too long or reaches the limit of its life gets an ordinary close. Who is refused, or does not
/// send or take a message in time, is reset: the client has shown that it will not miss what a close would
/// keep, up to megabytes in the system's buffers and a minute of TIME_WAIT.
/// Used on the worker's thread.
class TcpPool final : private TcpConnection::Owner {
 public:
  using Clock = std::chrono::steady_clock;

  /// REQUIRES: base, serving and places outlive it; `limits` are those that `places` was made with.
  TcpPool(event_base* base, Serving& serving, const TcpLimits& limits, TcpPlaces& places);

  /// Begins to enforce the time limits. False where libevent is out of memory.
  bool start() noexcept;
  /// Takes over an accepted connection, or closes it.
  void adopt(FileDescriptor socket, const SocketAddress& client);
  /// Closes a connection that can be spared. False where there is none.
  bool makeRoom() noexcept;
  /// Answers what each connection has sent already and closes it once that is taken.
  void drain() noexcept;
  bool isEmpty() const noexcept { return idle_.empty() && receiving_.empty() && sending_.empty(); }

 private:
  struct Held;
  using List = std::list<Held>;
  struct Held final : TcpConnection {
    using TcpConnection::TcpConnection;
    const Clock::time_point born = Clock::now();
    Clock::time_point since = born;  // when it entered its state
    TcpPlaces::Place place;
    List* list = nullptr;
    List::iterator self;
  };
  enum class Close { Orderly, Reset };

  bool entered(TcpConnection& connection, TcpState state) noexcept override;
  void finished(TcpConnection& connection) noexcept override;
  TcpPlaces::Taken takePlace(const SocketAddress& client, TcpPlaces::Place& place) noexcept;
  List& listOf(TcpState state) noexcept;
  void sweep() noexcept;
  void closeOverdue(List& list, std::chrono::milliseconds limit, Counter& counter, Close how) noexcept;
  void close(Held& held) noexcept;

  event_base* const base_;
  Serving& serving_;
  const TcpLimits limits_;
  TcpPlaces& places_;
  TcpPlaces::Share share_;
  EventPtr sweep_;
  // By state; each has one time limit, so that the first is always the next to be overdue.
  List idle_, receiving_, sending_;
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
