#include "server/pick.h"

#include <algorithm>

namespace holdfast {

void TargetPicker::pick(RRsetView rrset, Random& random, Picked& picked) noexcept {
  targets_ = std::min<unsigned>(rrset.count(), kMaxTargets);
  positive_ = 0;
  std::fill_n(taken_.begin(), (targets_ + 63) / 64, 0);
  for (unsigned i = 0; i < targets_; ++i) {
    const std::uint32_t weight = rrset.weight(i);
    sums_[i + 1] = sums_[i] + weight;
    if (weight > 0) ++positive_;
  }
  left_ = sums_[targets_];
  picked.count = 0;
  const unsigned wanted = std::min({unsigned{rrset.pick()}, targets_, kMaxPick});
  while (picked.count < wanted && positive_ > 0) drawWeighted(random, picked);
  drawUnweighted(random, wanted, picked);
}

void TargetPicker::take(unsigned i, Picked& picked) noexcept {
  taken_[i / 64] |= std::uint64_t{1} << (i % 64);
  picked.index[picked.count++] = static_cast<std::uint16_t>(i);
  left_ -= weight(i);
}

/// Draws among all and throws away what is taken already: exact, and quick unless few targets hold nearly
/// all the weight. After some misses the draw is among those left, by a walk.
void TargetPicker::drawWeighted(Random& random, Picked& picked) noexcept {
  constexpr unsigned kTries = 8;
  --positive_;
  for (unsigned i = 0; i < kTries; ++i) {
    const unsigned target = find(random.below(sums_[targets_]));
    if (!isTaken(target)) return take(target, picked);
  }
  take(findAmongLeft(random.below(left_)), picked);
}

unsigned TargetPicker::find(std::uint64_t point) const noexcept {
  const auto first = sums_.begin() + 1;
  return static_cast<unsigned>(std::upper_bound(first, first + targets_, point) - first);
}

unsigned TargetPicker::findAmongLeft(std::uint64_t point) const noexcept {
  for (unsigned i = 0;; ++i) {
    if (isTaken(i)) continue;
    if (point < weight(i)) return i;
    point -= weight(i);
  }
}

/// Only targets of weight 0 are left here, so those not taken are all alike.
void TargetPicker::drawUnweighted(Random& random, unsigned wanted, Picked& picked) noexcept {
  unsigned missing = wanted - picked.count;
  unsigned left = targets_ - picked.count;
  // Selection sampling (Knuth, Algorithm S) from a random place on, so that the order varies too.
  const auto start = missing > 0 ? static_cast<unsigned>(random.below(targets_)) : 0;
  for (unsigned i = 0; missing > 0; ++i) {
    const unsigned target = start + i < targets_ ? start + i : start + i - targets_;
    if (isTaken(target)) continue;
    if (random.below(left--) >= missing) continue;
    take(target, picked);
    --missing;
  }
}

}  // namespace holdfast
