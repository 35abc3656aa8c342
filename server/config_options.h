#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/config.h"

namespace holdfast {

/// How the text of an option is read, checked and printed.
enum class OptionType {
  Addresses,       ///< one or more of ADDRESS:PORT
  AddressOrOff,    ///< ADDRESS:PORT or off
  Threads,         ///< auto or a number
  Path,            ///< an absolute path
  PathOrWord,      ///< an absolute path or one of Option::words
  Text,            ///< printable ASCII; Option::words lists the texts that stand for something
  Word,            ///< one of Option::words
  Count,           ///< a number
  Size,            ///< octets, as 65536, 64K, 64M or 1G
  Duration,        ///< 500ms, 10s, 10m, 2h, 7d
  Percent,         ///< 50%
  TtlRange,        ///< [min, max] in seconds
  Enactors,        ///< a list of Enactors
  Velocity,        ///< a mapping of limits, or off
  ServerVelocity,  ///< the same without the limits of one endpoint
  Floors,          ///< endpoints with their floors
  Quarantine       ///< off, a number or 50%
};

enum class Lifetime { Start, Live };

struct TtlBounds {
  std::uint32_t* min;
  std::uint32_t* max;
};

/// Where the value lives in a Config.
using Slot = std::variant<std::monostate, std::string*, std::uint64_t*, std::uint32_t*,
                          std::chrono::milliseconds*, std::vector<std::string>*, TtlBounds,
                          std::vector<EnactorSpec>*, VelocityPolicy*, EndpointFloors*, Quarantine*>;

/// One key of a Velocity mapping.
struct VelocityKey {
  std::string_view key;
  std::uint32_t VelocityPolicy::*number;  ///< nullptr: the window
  bool isPercent;
  bool ofServer;  ///< also a key of the server's
};
std::span<const VelocityKey> velocityKeys();

/// One option, defined here and nowhere else: parser, suggestions, --print-config and metrics go by it.
/// `Owner` is Config, or ZoneConfig for what stands below zones.NAME. Defaults are those of defaultConfig().
template <class Owner>
struct Option {
  std::string_view key;  ///< path with dots, "limits.plan-bytes"
  OptionType type;
  Lifetime lifetime;
  Slot (*slot)(Owner&);
  std::string_view help;
  std::uint64_t min = 0;  ///< of the number, octets, milliseconds or per cent
  std::uint64_t max = 0;
  std::string_view words{};  ///< of a Word, PathOrWord or Text, separated by blanks
};

std::span<const Option<Config>> serverOptions();
std::span<const Option<ZoneConfig>> zoneOptions();

}  // namespace holdfast
