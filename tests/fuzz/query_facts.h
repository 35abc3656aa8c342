#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace holdfast::test {

/// What a well-formed query says, read by code that shares nothing with the product's parser.
struct QueryFacts {
  std::span<const std::uint8_t> question;  ///< name, type and class as they stand in the message
  std::optional<std::uint16_t> payload;    ///< of the OPT; none without one
};

/// Nothing where the message does not begin with exactly one question, then whole records, at most one OPT,
/// in the additional section and owned by the root. REQUIRES: 12 octets or more.
std::optional<QueryFacts> readQueryFacts(std::span<const std::uint8_t> message);

}  // namespace holdfast::test
