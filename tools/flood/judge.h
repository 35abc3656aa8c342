#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "tools/flood/stamp.h"

namespace holdfast::flood {

/// What is wrong with a response. One has at most one: the first of these that applies.
enum class Fault : std::uint8_t {
  None,
  Malformed,  ///< not a whole message, or no response
  Other,      ///< to another question than was asked
  Failed,     ///< SERVFAIL, REFUSED, NOTIMP, FORMERR: no answer to a legal question
  Empty,      ///< NOERROR or NXDOMAIN without an address, for a name that has some
  Torn,       ///< addresses of two generations in one response
  Backward    ///< of an older generation than one that this socket saw before
};
inline constexpr std::size_t kFaults = 7;
const char* nameOf(Fault fault) noexcept;

/// What is known of an answer before it comes.
struct Expectation {
  bool hasAddresses = false;  ///< the name has addresses of the type asked for, in every plan
  bool isStamped = false;     ///< its addresses carry the generation (Stamp)
};

/// What was seen of a response.
struct Verdict {
  Fault fault = Fault::None;
  std::uint8_t rcode = 0;
  bool isTruncated = false;
  std::optional<Stamp> stamp;
};

/// Judges the responses of one socket, in the order in which they came. One thread.
class Judge {
 public:
  /// `question` is the message that was sent, `response` what came back with its ID. Reads nothing outside of
  /// the two, whatever they hold.
  Verdict judge(std::span<const std::uint8_t> question, std::span<const std::uint8_t> response,
                Expectation expected) noexcept;
  /// The newest generation seen; none before the first.
  std::optional<Stamp> newest() const noexcept { return newest_; }

 private:
  std::optional<Stamp> newest_;
};

}  // namespace holdfast::flood
