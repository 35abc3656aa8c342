#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace holdfast::differential {

/// Random numbers that are the same for a seed on every machine and with every library (the distributions of
/// <random> are not).
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed * 0x9E3779B97F4A7C15U + 1) {}

  /// 0 to n-1. REQUIRES: n > 0.
  std::uint64_t below(std::uint64_t n) { return engine_() % n; }
  bool percent(unsigned chance) { return below(100) < chance; }
  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[below(from.size())];
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace holdfast::differential
