#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "server/answer.h"

namespace holdfast {

/// A number that one thread counts up and any thread reads. No locked instruction.
class Counter {
 public:
  void add(std::uint64_t by = 1) noexcept { value_.store(value() + by, std::memory_order_relaxed); }
  void subtract(std::uint64_t by = 1) noexcept { value_.store(value() - by, std::memory_order_relaxed); }
  std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

inline constexpr std::size_t kTransports = 2;
/// 0 to 15, BADVERS, BADCOOKIE, and one for all others.
inline constexpr std::size_t kCountedRcodes = 19;

constexpr std::size_t rcodeIndex(Rcode rcode) noexcept {
  if (rcode == Rcode::BadVers) return 16;
  if (rcode == Rcode::BadCookie) return 17;
  const auto number = static_cast<std::size_t>(rcode);
  return number < 16 ? number : kCountedRcodes - 1;
}

/// What one worker for UDP and one for TCP count, each what is of its transport: a number is written by one
/// thread only. Apart from other workers' cache lines, and the transports from each other's.
struct alignas(64) WorkerCounters {
  struct alignas(64) PerTransport {
    Counter queries;    ///< messages received
    Counter malformed;  ///< of those, dropped without a response: too short, or themselves responses
    Counter truncated;  ///< responses with TC
    Counter unsent;     ///< responses the system did not take
    Counter batches;    ///< that its messages came in; of UDP
    std::array<Counter, kCountedRcodes> responses;        ///< index: rcodeIndex()
    std::array<Counter, kCookieStates> cookies;           ///< index: CookieState; of queries answered
    std::array<Counter, kExtendedErrors> extendedErrors;  ///< index: ExtendedError; reasons for no answer
  };
  std::array<PerTransport, kTransports> transports;  ///< index: Transport

  Counter tcpAccepted;
  Counter tcpClosed;
  Counter tcpRefused;        ///< closed at once: all places were taken, and none could be spared
  Counter tcpClientRefused;  ///< closed at once: the client had as many as one may
  Counter tcpIdle;           ///< closed: idle for too long
  Counter tcpEvicted;        ///< closed to make room for another
  Counter tcpSlowMessage;    ///< closed: a message took too long to arrive
  Counter tcpSlowResponse;   ///< closed: the client took too long to take its responses
  Counter tcpExpired;        ///< told to end at the limit of its life
  Counter tcpHeldBack;       ///< times that one had queries waiting, as too many responses were not taken
  Counter tcpOpen;           ///< now
  Counter acceptFailures;

  PerTransport& of(Transport transport) noexcept { return transports[static_cast<std::size_t>(transport)]; }
  const PerTransport& of(Transport transport) const noexcept {
    return transports[static_cast<std::size_t>(transport)];
  }

  /// Counts one call of answer() and what came of it.
  void count(Transport transport, std::size_t responseOctets, const Answered& answered) noexcept {
    PerTransport& counters = of(transport);
    counters.queries.add();
    if (responseOctets == 0) {
      counters.malformed.add();
      return;
    }
    counters.responses[rcodeIndex(answered.rcode)].add();
    if (answered.cookie != CookieState::Absent)
      counters.cookies[static_cast<std::size_t>(answered.cookie)].add();
    if (answered.extendedError != ExtendedError::None)
      counters.extendedErrors[static_cast<std::size_t>(answered.extendedError)].add();
    if (answered.truncated) counters.truncated.add();
  }
  /// Of what was counted as a message and dropped, one was none.
  void takeBackDropped(Transport transport) noexcept {
    of(transport).malformed.subtract();
    of(transport).queries.subtract();
  }
};

}  // namespace holdfast
