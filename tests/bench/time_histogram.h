#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <ostream>

namespace holdfast::bench {

/// Counts times in nanoseconds in buckets that are at most 1/64 of their time wide, up to 18 minutes.
class TimeHistogram {
 public:
  void add(std::uint64_t nanoseconds) noexcept { ++counts_[bucket(nanoseconds)]; }

  /// [[longest time of a bucket, count], ...] of the buckets that are not empty, shortest first.
  void writeJson(std::ostream& out) const {
    const char* separator = "";
    out << '[';
    for (unsigned i = 0; i < kBuckets; ++i) {
      if (counts_[i] == 0) continue;
      out << separator << '[' << longest(i) << ',' << counts_[i] << ']';
      separator = ",";
    }
    out << ']';
  }

 private:
  // The first two groups of 64 hold one nanosecond per bucket, each group after them twice as much as the
  // last.
  static constexpr unsigned kGroupBits = 6;
  static constexpr unsigned kGroup = 1u << kGroupBits;
  static constexpr unsigned kMostBits = 40;
  static constexpr unsigned kBuckets = kGroup * (kMostBits - kGroupBits + 1);

  static unsigned bucket(std::uint64_t time) noexcept {
    constexpr std::uint64_t kMost = (std::uint64_t{1} << kMostBits) - 1;
    if (time > kMost) time = kMost;
    const auto bits = static_cast<unsigned>(std::bit_width(time));
    const unsigned shift = bits > kGroupBits + 1 ? bits - kGroupBits - 1 : 0;
    return kGroup * shift + static_cast<unsigned>(time >> shift);
  }
  static std::uint64_t longest(unsigned bucket) noexcept {
    const unsigned shift = bucket < 2 * kGroup ? 0 : bucket / kGroup - 1;
    return (std::uint64_t{bucket - kGroup * shift + 1} << shift) - 1;
  }

  std::array<std::uint64_t, kBuckets> counts_{};
};

}  // namespace holdfast::bench
