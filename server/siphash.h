#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace holdfast {

using SipHashKey = std::array<std::uint8_t, 16>;

/// SipHash-2-4 (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012) with its 64-bit result, whose
/// octets in the paper's order are those of the number in little-endian order. Our own, as that of OpenSSL
/// comes through EVP_MAC, which makes a context and reads parameters by name for each message.
std::uint64_t sipHash24(const SipHashKey& key, std::span<const std::uint8_t> message) noexcept;

}  // namespace holdfast
