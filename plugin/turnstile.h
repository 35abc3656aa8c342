#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>

namespace holdfast {

/// Lets `rate` through in a second in the long run, and `burst` at once after a rest. Not thread-safe.
class TokenBucket {
 public:
  using Clock = std::chrono::steady_clock;
  /// Takes one and returns zero, or takes none and returns how long it is until there is one.
  /// REQUIRES: rate and burst are at least 1.
  Clock::duration take(Clock::time_point now, std::uint64_t rate, std::uint64_t burst) noexcept;

 private:
  double tokens_ = 0;
  std::optional<Clock::time_point> filled_;  // none: full
};

/// Where the calls of one Enactor wait for their turn: so many at once, so many a second, so long. Any
/// thread.
class Turnstile {
 public:
  using Clock = TokenBucket::Clock;
  struct Pace {
    std::uint64_t concurrent = 1;
    std::uint64_t rate = 0;  ///< 0: not counted against the rate
    std::uint64_t burst = 1;
    Clock::duration wait{};
  };
  enum class Answer { Entered, Stopped, TooMany, TooFast };

  /// Waits for a turn. Only after Entered: leave().
  Answer enter(const Pace& pace);
  void leave();
  /// All who wait, and all to come, get Stopped.
  void stop();
  /// Those who had to wait or were turned away.
  std::uint64_t throttled() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable moved_;
  bool stopped_ = false;
  std::uint64_t inside_ = 0;
  std::uint64_t throttled_ = 0;
  TokenBucket bucket_;
};

}  // namespace holdfast
