#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

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
  Backward    ///< of an older generation than one of its group that this socket saw before
};
inline constexpr std::size_t kFaults = 7;
const char* nameOf(Fault fault) noexcept;

/// Names that are exchanged together: the generation seen of one is older for none of them.
using Group = std::uint16_t;

/// What is known of an answer before it comes.
struct Expectation {
  bool hasAddresses = false;       ///< the name has addresses of the type asked for, in every plan
  bool isStamped = false;          ///< its addresses carry the generation (Stamp)
  std::optional<Group> group = 0;  ///< none: older content may come back under this name
};

/// What was seen of a response.
struct Verdict {
  Fault fault = Fault::None;
  std::uint8_t rcode = 0;
  bool isTruncated = false;
  std::optional<Stamp> stamp;  ///< of group 0, which tells the progress of a run
};

/// Judges the responses of one socket, in the order in which they came. One thread.
class Judge {
 public:
  explicit Judge(std::size_t groups = 1) : newest_(groups) {}

  /// REQUIRES: a group below their number, or none. `question` is the message that was sent, `response` what
  /// came back with its ID. Reads nothing outside of the two, whatever they hold.
  Verdict judge(std::span<const std::uint8_t> question, std::span<const std::uint8_t> response,
                Expectation expected) noexcept;
  /// The newest generation of a group that was seen; none before the first. REQUIRES: group < groups.
  std::optional<Stamp> newest(Group group = 0) const noexcept { return newest_[group]; }

 private:
  Fault faultOf(Stamp stamp, std::optional<Group> group) noexcept;

  std::vector<std::optional<Stamp>> newest_;  // by group
};

}  // namespace holdfast::flood
