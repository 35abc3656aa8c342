#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

namespace holdfast::flood {

/// Counts times in nanoseconds in buckets that are at most 1/64 of their time wide, up to 18 minutes: a
/// histogram of high dynamic range. Times of two histograms add up. One thread.
class LatencyHistogram {
 public:
  void add(std::uint64_t nanoseconds) noexcept {
    ++counts_[bucket(nanoseconds)];
    ++total_;
    most_ = std::max(most_, nanoseconds);
  }
  void add(const LatencyHistogram& other) noexcept {
    for (unsigned i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
    total_ += other.total_;
    most_ = std::max(most_, other.most_);
  }

  std::uint64_t count() const noexcept { return total_; }
  std::uint64_t most() const noexcept { return most_; }
  /// The longest time of the bucket in which that share of the times ends; 0 for none. REQUIRES: 0 < share
  /// <= 1.
  std::uint64_t quantile(double share) const noexcept {
    const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(total_)));
    std::uint64_t seen = 0;
    for (unsigned i = 0; i < kBuckets; ++i)
      if ((seen += counts_[i]) >= wanted && seen > 0) return std::min(longest(i), most_);
    return most_;
  }
  /// Calls visit(longest time, count) for each bucket that is not empty, shortest first.
  template <class Visit>
  void forEach(Visit visit) const {
    for (unsigned i = 0; i < kBuckets; ++i)
      if (counts_[i] > 0) visit(longest(i), counts_[i]);
  }

 private:
  // The first two groups of 64 hold one nanosecond per bucket, each group after them twice as much as the
  // last.
  static constexpr unsigned kGroupBits = 6;
  static constexpr unsigned kGroup = 1u << kGroupBits;
  static constexpr unsigned kMostBits = 40;
  static constexpr unsigned kBuckets = kGroup * (kMostBits - kGroupBits + 1);

  static unsigned bucket(std::uint64_t time) noexcept {
    time = std::min(time, (std::uint64_t{1} << kMostBits) - 1);
    const auto bits = static_cast<unsigned>(std::bit_width(time));
    const unsigned shift = bits > kGroupBits + 1 ? bits - kGroupBits - 1 : 0;
    return kGroup * shift + static_cast<unsigned>(time >> shift);
  }
  static std::uint64_t longest(unsigned bucket) noexcept {
    const unsigned shift = bucket < 2 * kGroup ? 0 : bucket / kGroup - 1;
    return (std::uint64_t{bucket - kGroup * shift + 1} << shift) - 1;
  }

  std::array<std::uint64_t, kBuckets> counts_{};
  std::uint64_t total_ = 0;
  std::uint64_t most_ = 0;
};

}  // namespace holdfast::flood
