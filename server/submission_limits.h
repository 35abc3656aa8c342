#pragma once

#include <cstddef>

namespace holdfast {

/// How many submissions of the control API run and wait.
struct SubmissionLimits {
  std::size_t running = 16;  ///< at once; fixed at start, like the next
  std::size_t runningPerZone = 4;
  std::size_t waitingPerZone = 16;
  std::size_t waiting = 256;  ///< of all zones together
};

/// How many of its other requests do, which compile nothing.
struct ReadLimits {
  std::size_t running = 8;  ///< at once; fixed at start, like the next
  /// Of those that look into one zone, of those that steer one, and of those that ask for the whole server:
  /// few, so that slow ones, such as diffs of a large zone, do not take all.
  std::size_t runningPerZone = 2;
  std::size_t waitingPerZone = 64;
  std::size_t waiting = 256;  ///< in all
};

}  // namespace holdfast
