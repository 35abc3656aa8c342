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

}  // namespace holdfast
