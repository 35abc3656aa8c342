#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace holdfast {

/// What stands where in 64 octets of a JSON document: bit i is of octet i. Strings are not told apart.
struct JsonBlock {
  static constexpr std::size_t kOctets = 64;
#if defined(__SSE2__)
  static constexpr bool kIsFast = true;
#else
  static constexpr bool kIsFast = false;  ///< no better than looking at each octet
#endif

  std::uint64_t quotes = 0, slashes = 0;
  std::uint64_t opens = 0;   ///< { and [
  std::uint64_t closes = 0;  ///< } and ]

  explicit JsonBlock(const char* octets) noexcept {
#if defined(__SSE2__)
    for (unsigned at = 0; at < kOctets; at += 16) {
      const __m128i some = _mm_loadu_si128(reinterpret_cast<const __m128i*>(octets + at));
      // A bracket becomes the brace that it is like.
      const __m128i alike = _mm_or_si128(some, _mm_set1_epi8(0x20));
      quotes |= bitsOf(some, '"') << at;
      slashes |= bitsOf(some, '\\') << at;
      opens |= bitsOf(alike, '{') << at;
      closes |= bitsOf(alike, '}') << at;
    }
#else
    for (unsigned at = 0; at < kOctets; ++at) {
      const char c = octets[at];
      const auto put = [at](std::uint64_t& bits, bool is) { bits |= std::uint64_t{is} << at; };
      put(quotes, c == '"');
      put(slashes, c == '\\');
      put(opens, c == '{' || c == '[');
      put(closes, c == '}' || c == ']');
    }
#endif
  }

  /// Octets inside strings, with the quotes that begin them. REQUIRES: no slashes, which may escape quotes.
  std::uint64_t inStrings(bool beginsInside) const noexcept {
    std::uint64_t inside = quotes;  // each bit becomes the parity of those up to it
    for (unsigned by = 1; by < kOctets; by *= 2) inside ^= inside << by;
    return beginsInside ? ~inside : inside;
  }

 private:
#if defined(__SSE2__)
  static std::uint64_t bitsOf(__m128i some, char wanted) noexcept {
    return static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(some, _mm_set1_epi8(wanted))));
  }
#endif
};

}  // namespace holdfast
