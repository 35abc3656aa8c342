#pragma once

#include "zone/name.h"

namespace holdfast {

/// A name in any case, hashed in its lower case.
struct LoweredName {
  HashedName hashed;
  NameRoom octets;

  /// REQUIRES: `name` is a whole name.
  explicit LoweredName(std::span<const std::uint8_t> name) noexcept { hashed.read(name, octets); }
  LoweredName(const LoweredName&) = delete;  // `hashed` borrows `octets`
  LoweredName& operator=(const LoweredName&) = delete;
};

}  // namespace holdfast
