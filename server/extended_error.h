#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace holdfast {

/// Why there is no answer, as far as it is told by EDE options (RFC 8914). Not the INFO-CODE: several reasons
/// may share one.
enum class ExtendedError : std::uint8_t {
  None,
  ZoneNotReady,      ///< the zone is held and has no content yet
  NotAuthoritative,  ///< the name is in no zone held
  TransferMissing,   ///< AXFR, IXFR
  OpcodeMissing,
  ClassMissing,    ///< a class other than IN, CH and ANY
  ChaosProhibited  ///< a name of class CH that is not given out
};
inline constexpr std::size_t kExtendedErrors = 7;

/// What goes into the option.
struct ExtendedErrorText {
  std::uint16_t infoCode;    ///< IANA "Extended DNS Error Codes"
  std::string_view purpose;  ///< the name IANA gives the code
  std::string_view extra;    ///< EXTRA-TEXT: for people, ASCII, never of what a client or an operator wrote
};
inline constexpr std::size_t kMaxExtraText = 48;

/// REQUIRES: error is not None.
const ExtendedErrorText& textOf(ExtendedError error) noexcept;

}  // namespace holdfast
