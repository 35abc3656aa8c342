#pragma once

#include <cstddef>
#include <string_view>

namespace holdfast {

/// Whether JSON lets it stand between values (RFC 8259 section 2).
constexpr bool isJsonBlank(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/// The octets of the first `count` of some members of a JSON object, up to the comma behind them; of all
/// where there are no more, or where brackets and quotes show no end. 0: nothing but blanks. Any bytes are
/// safe input.
std::size_t membersSize(std::string_view members, std::size_t count) noexcept;

}  // namespace holdfast
