#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/config_options.h"

namespace holdfast {

/// The number in front of a unit of the configuration file. None where the text is not of that form.
std::optional<std::uint64_t> readCount(std::string_view text);
std::optional<std::uint64_t> readSize(std::string_view text);  ///< octets
std::optional<std::chrono::milliseconds> readDuration(std::string_view text);
std::optional<std::uint64_t> readPercent(std::string_view text);

std::string sizeText(std::uint64_t octets);
std::string durationText(std::chrono::milliseconds duration);

/// The limits and words of an option without its owner's type.
struct OptionRule {
  OptionType type;
  std::uint64_t min = 0, max = 0;
  std::string_view words;
};

/// Reads one scalar into `slot`. Returns the rule the text breaks, or "" when the slot is set.
/// REQUIRES: `rule.type` is one of the scalar types.
std::string readScalar(const OptionRule& rule, std::string_view text, const Slot& slot);
/// As readScalar for one item of Addresses: appends to the slot.
std::string readAddress(std::string_view text, std::string& out);

/// The same for one value of a Velocity mapping; a share may be off, which is 100 %.
std::string readVelocity(const VelocityKey& key, const OptionRule& rule, std::string_view text,
                         VelocityPolicy& out);
/// "off", "5" or "1%".
std::string readQuarantine(const OptionRule& rule, std::string_view text, Quarantine& out);

/// The value as YAML on one line.
std::string optionText(OptionType type, const Slot& slot);

}  // namespace holdfast
