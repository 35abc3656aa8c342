#pragma once

#include <cstddef>

namespace holdfast {

/// How many requests of one kind at the control API run and wait.
struct RequestLimits {
  std::size_t running;         ///< at once; fixed at start, like the next
  std::size_t runningPerZone;  ///< of the reads: of those that look into it, and of those that steer it
  std::size_t waitingPerZone;
  std::size_t waiting;  ///< in all
};

inline constexpr RequestLimits kSubmissionLimits{16, 4, 16, 256};
/// All other requests compile nothing. Few run at once for a zone, so that slow ones, such as diffs of a
/// large one, do not take all.
inline constexpr RequestLimits kReadLimits{8, 2, 64, 256};

}  // namespace holdfast
