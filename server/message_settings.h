#pragma once

#include <cstdint>
#include <string>

#include "server/cookie.h"

namespace holdfast {

enum class CookieMode : std::uint8_t {
  Off,     ///< COOKIE options are ignored like unknown ones
  On,      ///< clients that send cookies get cookies; nothing is refused for want of one
  Require  ///< as On, and a query by UDP without a valid server cookie gets no data
};

/// What the operator chose about messages, apart from zones. The same for all workers and constant while
/// they run. Empty texts are not given out.
struct MessageSettings {
  CookieMode cookies = CookieMode::Off;
  CookieSecrets secrets;
  std::string nsid;     ///< RFC 5001; at most kMaxNsidOctets
  std::string version;  ///< version.bind. and version.server. of class CH; at most 255 octets
  std::string name;     ///< id.server. and hostname.bind. of class CH; at most 255 octets
};

}  // namespace holdfast
