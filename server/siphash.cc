#include "server/siphash.h"

#include <algorithm>
#include <bit>

namespace holdfast {

namespace {

std::uint64_t littleEndian(std::span<const std::uint8_t> octets) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = std::min<std::size_t>(octets.size(), 8); i-- > 0;) value = value << 8 | octets[i];
  return value;
}

/// The four words of section 2.1 of the paper.
struct State {
  std::uint64_t v0, v1, v2, v3;

  State(std::uint64_t k0, std::uint64_t k1) noexcept
      : v0(k0 ^ 0x736f6d6570736575u),
        v1(k1 ^ 0x646f72616e646f6du),
        v2(k0 ^ 0x6c7967656e657261u),
        v3(k1 ^ 0x7465646279746573u) {}

  void rounds(unsigned count) noexcept {
    for (; count > 0; --count) {
      v0 += v1;
      v2 += v3;
      v1 = std::rotl(v1, 13) ^ v0;
      v3 = std::rotl(v3, 16) ^ v2;
      v0 = std::rotl(v0, 32);
      v2 += v1;
      v0 += v3;
      v1 = std::rotl(v1, 17) ^ v2;
      v3 = std::rotl(v3, 21) ^ v0;
      v2 = std::rotl(v2, 32);
    }
  }

  void absorb(std::uint64_t word) noexcept {
    v3 ^= word;
    rounds(2);
    v0 ^= word;
  }
};

}  // namespace

std::uint64_t sipHash24(const SipHashKey& key, std::span<const std::uint8_t> message) noexcept {
  const std::span<const std::uint8_t> halves(key);
  State state(littleEndian(halves.first(8)), littleEndian(halves.last(8)));
  const std::uint64_t size = message.size();
  for (; message.size() >= 8; message = message.subspan(8)) state.absorb(littleEndian(message));
  state.absorb(size << 56 | littleEndian(message));
  state.v2 ^= 0xff;
  state.rounds(4);
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

}  // namespace holdfast
