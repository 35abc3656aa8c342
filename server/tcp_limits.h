#pragma once

#include <chrono>
#include <cstddef>

namespace holdfast {

/// One response of any size has room beside so many octets.
inline constexpr std::size_t kMostPipeline = 65'536;

/// What TCP clients may take up (RFC 7766 section 6.2, RFC 9210 section 4). Every connection is at any time
/// idle, or sending a message, or taking responses, and each of these has an end.
struct TcpLimits {
  std::size_t connections = 1000;           ///< open at once, in all workers together; at least 1
  std::size_t connectionsPerClient = 100;   ///< of those, of one IPv4 address or one IPv6 /64; at least 1
  std::chrono::milliseconds idle{10'000};   ///< with nothing under way; less while places run low
  std::chrono::milliseconds message{5000};  ///< from the first octet of a message to its last
  /// For what waits at some moment to be taken: `pipeline`, one response, and what the system holds.
  std::chrono::milliseconds response{10'000};
  std::chrono::milliseconds lifetime{3'600'000};  ///< of a connection; ends it when it is idle then
  /// Octets of responses of one connection that may wait to be taken; above it no query is answered until all
  /// are.
  std::size_t pipeline = kMostPipeline;

  /// How long a connection may be idle while `used` of the places are taken: all of `idle` up to three
  /// quarters, a tenth of it when none is left, in between in proportion.
  std::chrono::milliseconds idleWhen(std::size_t used) const noexcept;
};

}  // namespace holdfast
