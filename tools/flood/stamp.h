#pragma once

#include <cstdint>
#include <span>

namespace holdfast::flood {

/// A generation as addresses carry it: 10.T.G.G and 2001:db8::T:G, T the number of the target, G the
/// generation modulo 2^16. So a response tells which plan each of its records is of.
class Stamp {
 public:
  constexpr explicit Stamp(std::uint16_t generation) noexcept : generation_(generation) {}

  constexpr std::uint16_t generation() const noexcept { return generation_; }
  /// Whether this is of an earlier plan, as long as the two are less than 2^15 plans apart (RFC 1982).
  constexpr bool isBefore(Stamp other) const noexcept {
    return static_cast<std::int16_t>(static_cast<std::uint16_t>(generation_ - other.generation_)) < 0;
  }
  friend constexpr bool operator==(Stamp, Stamp) noexcept = default;

 private:
  std::uint16_t generation_;
};

/// Of the RDATA of an A or AAAA record, which is of 4 or 16 octets. REQUIRES: rdata.size() >= 2.
constexpr Stamp stampOf(std::span<const std::uint8_t> rdata) noexcept {
  const std::size_t end = rdata.size();
  return Stamp(static_cast<std::uint16_t>(rdata[end - 2] << 8 | rdata[end - 1]));
}

}  // namespace holdfast::flood
