#pragma once

#include <array>
#include <cstdint>

#include "server/random.h"
#include "zone/node.h"

namespace holdfast {

/// Limits that plans are held to when they are read: PlanLimits in zone/plan.h.
inline constexpr unsigned kMaxPick = 64;
inline constexpr unsigned kMaxTargets = 4000;

/// Draws targets of an endpoint. One per worker, as it holds the workspace; one thread.
class TargetPicker {
 public:
  /// Indexes of the targets of one response, in the order they were drawn.
  struct Picked {
    std::array<std::uint16_t, kMaxPick> index;
    unsigned count = 0;
  };

  /// Draws rrset.pick() distinct targets, one after the other, each with a chance in proportion to its
  /// weight among those left. A target of weight 0 is drawn only when nothing else is left; among those all
  /// chances are equal. Work: one pass over the targets, then of the order of their logarithm per draw.
  /// REQUIRES: rrset.isEndpoint(), 0 < rrset.pick() < rrset.count(). A pick over kMaxPick is cut to it, and
  /// targets after the first kMaxTargets are not drawn.
  void pick(RRsetView rrset, Random& random, Picked& picked) noexcept;

 private:
  void drawWeighted(Random& random, Picked& picked) noexcept;
  void drawUnweighted(Random& random, unsigned wanted, Picked& picked) noexcept;
  unsigned find(std::uint64_t point) const noexcept;
  unsigned findAmongLeft(std::uint64_t point) const noexcept;
  std::uint64_t weight(unsigned i) const noexcept { return sums_[i + 1] - sums_[i]; }
  bool isTaken(unsigned i) const noexcept { return (taken_[i / 64] >> (i % 64) & 1) != 0; }
  void take(unsigned i, Picked& picked) noexcept;

  unsigned targets_ = 0;
  unsigned positive_ = 0;                              // targets with a weight above 0 that are left
  std::uint64_t left_ = 0;                             // their weight
  std::array<std::uint64_t, kMaxTargets + 1> sums_{};  // [i]: weight of the targets before i
  std::array<std::uint64_t, (kMaxTargets + 63) / 64> taken_{};
};

}  // namespace holdfast
