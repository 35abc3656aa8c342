#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "tools/flood/tally.h"

namespace holdfast::flood {

/// What is kept of a span of time, for plots.
struct Moment {
  double at = 0;       ///< seconds from the start to its end
  double seconds = 0;  ///< that it took
  std::uint64_t sent = 0, answered = 0, lost = 0, faulty = 0;
  std::uint64_t p50 = 0, p99 = 0, p999 = 0, most = 0;  ///< latency, nanoseconds
  std::optional<Stamp> newest;                         ///< generation
};

/// A newer generation was seen for the first time.
struct Swap {
  double at;  ///< seconds from the start, as exact as moments are long
  Stamp generation;
};

/// A run as moments of equal length, which grow longer with the run, so that any length of it stays a few
/// thousand points; and its sum.
class Timeline {
 public:
  static constexpr std::size_t kMostMoments = 2400;

  /// `start`: nanoseconds of the steady clock, which is that of all programs of a machine.
  explicit Timeline(std::int64_t start = 0, double momentSeconds = 0.1) noexcept
      : start_(start), length_(momentSeconds) {}

  std::int64_t start() const noexcept { return start_; }

  /// What happened until `at`.
  void add(double at, const Tally& tally);
  /// What is left is a moment, too.
  void finish();

  const Tally& total() const noexcept { return total_; }
  double seconds() const noexcept { return last_; }
  const std::vector<Moment>& moments() const noexcept { return moments_; }
  const std::vector<Swap>& swaps() const noexcept { return swaps_; }

 private:
  void endMoment(double at);
  void halve();

  std::int64_t start_;
  double length_;
  double begun_ = 0, last_ = 0;
  Tally total_;
  Tally current_;
  std::vector<Moment> moments_;
  std::vector<Swap> swaps_;
};

}  // namespace holdfast::flood
