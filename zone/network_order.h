#pragma once

#include <cstddef>
#include <cstdint>

namespace holdfast {

// Write a number in network byte order and return where the next octet goes.
inline std::uint8_t* store16(std::uint8_t* at, std::size_t value) noexcept {
  at[0] = static_cast<std::uint8_t>(value >> 8);
  at[1] = static_cast<std::uint8_t>(value);
  return at + 2;
}
inline std::uint8_t* store32(std::uint8_t* at, std::uint32_t value) noexcept {
  return store16(store16(at, value >> 16), value & 0xffff);
}

}  // namespace holdfast
