#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <random>

namespace holdfast {

/// From the system's source. Throws where there is none.
inline std::uint64_t randomSeed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

/// xoshiro256** (Blackman, Vigna), seeded by splitmix64: spreads clients over records, guards no secret.
/// One thread.
class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept {
    for (std::uint64_t& word : state_) {
      seed += 0x9e3779b97f4a7c15u;
      std::uint64_t z = seed;
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
      z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
      word = z ^ (z >> 31);
    }
  }

  std::uint64_t next() noexcept {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  /// Uniform in [0, bound), without a division. The bias is below bound / 2^64, far under what any client
  /// could see. REQUIRES: bound > 0.
  std::uint64_t below(std::uint64_t bound) noexcept {
    const std::uint64_t high = next();
    // The upper half of a 64 by 64 bit product, in 32-bit halves as ISO C++ has no wider type.
    const std::uint64_t a = high >> 32;
    const std::uint64_t b = high & 0xffffffffu;
    const std::uint64_t c = bound >> 32;
    const std::uint64_t d = bound & 0xffffffffu;
    const std::uint64_t middle = ((b * d) >> 32) + ((a * d) & 0xffffffffu) + b * c;
    return a * c + ((a * d) >> 32) + (middle >> 32);
  }

 private:
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace holdfast
