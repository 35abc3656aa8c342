#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

namespace holdfast {

inline std::string_view charsOf(std::span<const std::uint8_t> octets) noexcept {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

/// Appends numbers, big-endian, and counted runs of octets to a string.
class OctetWriter {
 public:
  explicit OctetWriter(std::string& out) : out_(out) {}

  template <class T>
  OctetWriter& number(T value) {
    std::array<char, sizeof(T)> octets;
    for (std::size_t i = 0; i < sizeof(T); ++i)
      octets[i] = static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * (sizeof(T) - 1 - i)) & 0xff);
    out_.append(octets.data(), octets.size());
    return *this;
  }
  /// Seven bits an octet, the least first: small numbers take one.
  OctetWriter& varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_ += static_cast<char>(value | 0x80);
    out_ += static_cast<char>(value);
    return *this;
  }
  template <class Length>
  OctetWriter& counted(std::string_view bytes) {
    number(static_cast<Length>(bytes.size()));
    out_ += bytes;
    return *this;
  }
  OctetWriter& octets(std::string_view bytes) {
    out_ += bytes;
    return *this;
  }

 private:
  std::string& out_;
};

/// The inverse, bounds-checked. After the first read past the end everything reads as zero and ok() is false.
class OctetReader {
 public:
  explicit OctetReader(std::string_view bytes) : rest_(bytes) {}
  bool ok() const noexcept { return ok_; }
  bool atEnd() const noexcept { return rest_.empty(); }
  std::size_t left() const noexcept { return rest_.size(); }

  std::string_view octets(std::uint64_t size) noexcept {
    if (size > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  template <class T>
  T number() noexcept {
    std::uint64_t value = 0;
    for (const char c : octets(sizeof(T))) value = value << 8 | static_cast<std::uint8_t>(c);
    return static_cast<T>(value);
  }
  /// What does not fit counts as cut off.
  template <class T = std::uint64_t>
  T varint() noexcept {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto octet = number<std::uint8_t>();
      value |= static_cast<std::uint64_t>(octet & 0x7f) << shift;
      if ((octet & 0x80) == 0 && value <= std::numeric_limits<T>::max()) return static_cast<T>(value);
      if ((octet & 0x80) == 0) break;
    }
    ok_ = false;
    rest_ = {};
    return 0;
  }
  template <class Length>
  std::string_view counted() noexcept {
    return octets(number<Length>());
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace holdfast
