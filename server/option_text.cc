#include "server/option_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <sstream>
#include <utility>

#include "server/listen.h"

namespace holdfast {

namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};
constexpr std::array<Unit, 4> kSizes{{{"G", 1ull << 30}, {"M", 1ull << 20}, {"K", 1ull << 10}, {"", 1}}};
constexpr std::array<Unit, 5> kDurations{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};

template <std::size_t N>
std::optional<std::uint64_t> readUnits(std::string_view text, const std::array<Unit, N>& units) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = readCount(text.substr(0, digits));
  if (!number) return std::nullopt;
  for (const Unit& unit : units)
    if (unit.name == text.substr(digits)) {
      if (*number > std::numeric_limits<std::int64_t>::max() / unit.factor) return std::nullopt;
      return *number * unit.factor;
    }
  return std::nullopt;
}

template <std::size_t N>
std::string unitsText(std::uint64_t value, const std::array<Unit, N>& units) {
  for (const Unit& unit : units)
    if (value != 0 && value % unit.factor == 0)
      return std::to_string(value / unit.factor) + std::string(unit.name);
  return std::to_string(value) + std::string(units.back().name);
}

/// "must be FORM from MIN to MAX" in the units of the type.
std::string rangeText(const OptionRule& rule) {
  const auto text = [&](std::uint64_t value) {
    if (rule.type == OptionType::Size) return sizeText(value);
    if (rule.type == OptionType::Duration) return durationText(std::chrono::milliseconds(value));
    return std::to_string(value) + (rule.type == OptionType::Percent ? "%" : "");
  };
  const std::string_view form = rule.type == OptionType::Size       ? "a size such as 65536, 64K, 64M or 1G"
                                : rule.type == OptionType::Duration ? "a duration such as 500ms, 10s or 10m"
                                : rule.type == OptionType::Percent  ? "a percentage such as 50%"
                                : rule.type == OptionType::Threads  ? "auto or a number"
                                                                    : "a number";
  return "must be " + std::string(form) + " from " + text(rule.min) + " to " + text(rule.max);
}

std::optional<std::uint64_t> readNumber(OptionType type, std::string_view text) {
  if (type == OptionType::Size) return readSize(text);
  if (type == OptionType::Percent) return readPercent(text);
  if (type != OptionType::Duration) return readCount(text);
  const auto duration = readDuration(text);
  if (!duration) return std::nullopt;
  return static_cast<std::uint64_t>(duration->count());
}

void setNumber(std::uint64_t number, const Slot& slot) {
  if (const auto* wide = std::get_if<std::uint64_t*>(&slot)) **wide = number;
  if (const auto* narrow = std::get_if<std::uint32_t*>(&slot)) **narrow = static_cast<std::uint32_t>(number);
  if (const auto* duration = std::get_if<std::chrono::milliseconds*>(&slot))
    **duration = std::chrono::milliseconds(number);
}

std::uint64_t numberIn(const Slot& slot) {
  if (const auto* wide = std::get_if<std::uint64_t*>(&slot)) return **wide;
  if (const auto* narrow = std::get_if<std::uint32_t*>(&slot)) return **narrow;
  if (const auto* duration = std::get_if<std::chrono::milliseconds*>(&slot))
    return static_cast<std::uint64_t>((*duration)->count());
  return 0;
}

bool isOneOf(std::string_view word, std::string_view words) {
  std::istringstream stream{std::string(words)};
  for (std::string each; stream >> each;)
    if (each == word) return true;
  return false;
}

/// A YAML double-quoted scalar, which can hold any path.
std::string yamlQuoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string readString(const OptionRule& rule, std::string_view text, std::string& out) {
  if (rule.type == OptionType::AddressOrOff) {
    if (text != "off") return readAddress(text, out).empty() ? "" : "must be ADDRESS:PORT or off";
  } else if (rule.type == OptionType::PathOrWord) {
    if (!isOneOf(text, rule.words) && (text.empty() || text.front() != '/'))
      return "must be an absolute path or " + std::string(rule.words);
  } else if (rule.type == OptionType::Text) {
    const bool isPrintable =
        std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
    if (!isPrintable || text.size() < rule.min || text.size() > rule.max)
      return "must be printable ASCII of " + std::to_string(rule.min) + " to " + std::to_string(rule.max) +
             " characters";
  } else if (rule.type == OptionType::Path) {
    if (text.empty() || text.front() != '/') return "must be an absolute path";
  } else if (!isOneOf(text, rule.words)) {
    return "must be one of: " + std::string(rule.words);
  }
  out = text;
  return "";
}

std::string enactorsText(const std::vector<EnactorSpec>& enactors) {
  std::string out = "[";
  for (const EnactorSpec& spec : enactors) {
    out += (out.size() > 1 ? ", {" : "{") + spec.kind + ": " + yamlQuoted(spec.argument);
    for (const auto& [key, value] : spec.options) out += ", " + key + ": " + yamlQuoted(value);
    out += "}";
  }
  return out + "]";
}

std::string shareText(std::uint32_t percent) {
  return percent >= 100 ? "off" : std::to_string(percent) + "%";
}

std::string velocityText(const VelocityPolicy& policy, bool ofServer) {
  std::string out = "{";
  for (const VelocityKey& key : velocityKeys()) {
    if (ofServer && !key.ofServer) continue;
    out += (out.size() > 1 ? ", " : "") + std::string(key.key) + ": ";
    if (key.number == nullptr)
      out += durationText(policy.per);
    else
      out += key.isPercent ? shareText(policy.*(key.number)) : std::to_string(policy.*(key.number));
  }
  return out + "}";
}

std::string floorsText(const EndpointFloors& floors) {
  std::string out = "{";
  for (const auto& [name, floor] : floors.all()) {
    out += (out.size() > 1 ? ", " : "") + yamlQuoted(name.text()) + ": {";
    if (floor.minTargets) out += "min-targets: " + std::to_string(*floor.minTargets);
    if (floor.minCapacityPercent)
      out += std::string(floor.minTargets ? ", " : "") +
             "min-capacity: " + std::to_string(*floor.minCapacityPercent) + "%";
    out += "}";
  }
  return out + "}";
}

std::string quarantineText(const Quarantine& quarantine) {
  if (quarantine.percent > 0) return std::to_string(quarantine.percent) + "%";
  return quarantine.endpoints > 0 ? std::to_string(quarantine.endpoints) : "off";
}

}  // namespace

std::optional<std::uint64_t> readCount(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> readSize(std::string_view text) {
  return readUnits(text, kSizes);
}

std::optional<std::chrono::milliseconds> readDuration(std::string_view text) {
  const auto value = readUnits(text, kDurations);
  if (!value) return std::nullopt;
  return std::chrono::milliseconds(*value);
}

std::optional<std::uint64_t> readPercent(std::string_view text) {
  if (text.empty() || text.back() != '%') return std::nullopt;
  return readCount(text.substr(0, text.size() - 1));
}

std::string sizeText(std::uint64_t octets) {
  return unitsText(octets, kSizes);
}

std::string durationText(std::chrono::milliseconds duration) {
  return unitsText(static_cast<std::uint64_t>(duration.count()), kDurations);
}

std::string readScalar(const OptionRule& rule, std::string_view text, const Slot& slot) {
  if (const auto* string = std::get_if<std::string*>(&slot)) return readString(rule, text, **string);
  if (rule.type == OptionType::Threads && text == "auto") {
    setNumber(0, slot);
    return "";
  }
  const auto number = readNumber(rule.type, text);
  if (!number || *number < rule.min || *number > rule.max) return rangeText(rule);
  setNumber(*number, slot);
  return "";
}

std::string readAddress(std::string_view text, std::string& out) {
  const auto address = SocketAddress::parse(text);
  if (!address) return "must be ADDRESS:PORT, an IPv6 address in brackets: 127.0.0.1:53 or [::1]:53";
  out = address->text();
  return "";
}

std::string readVelocity(const VelocityKey& key, const OptionRule& rule, std::string_view text,
                         VelocityPolicy& out) {
  if (key.number == nullptr)
    return readScalar({OptionType::Duration, rule.min, rule.max, {}}, text, Slot(&out.per));
  if (!key.isPercent)
    return readScalar({OptionType::Count, 0, 1'000'000'000, {}}, text, Slot(&(out.*(key.number))));
  if (text == "off") {
    out.*(key.number) = 100;
    return "";
  }
  const std::string broken = readScalar({OptionType::Percent, 0, 100, {}}, text, Slot(&(out.*(key.number))));
  return broken.empty() ? "" : broken + ", or off";
}

std::string readQuarantine(const OptionRule& rule, std::string_view text, Quarantine& out) {
  Quarantine read;
  const bool isShare = text.ends_with('%');
  if (text != "off") {
    const Slot slot = isShare ? Slot(&read.percent) : Slot(&read.endpoints);
    const OptionType type = isShare ? OptionType::Percent : OptionType::Count;
    const std::string broken = readScalar({type, rule.min, isShare ? 100 : rule.max, {}}, text, slot);
    if (!broken.empty()) return broken + ", or off";
  }
  out = read;
  return "";
}

std::string optionText(OptionType type, const Slot& slot) {
  if (const auto* velocity = std::get_if<VelocityPolicy*>(&slot))
    return velocityText(**velocity, type == OptionType::ServerVelocity);
  if (const auto* floors = std::get_if<EndpointFloors*>(&slot)) return floorsText(**floors);
  if (const auto* quarantine = std::get_if<Quarantine*>(&slot)) return quarantineText(**quarantine);
  if (const auto* string = std::get_if<std::string*>(&slot))
    return type == OptionType::Word || **string == "off" ? **string : yamlQuoted(**string);
  if (const auto* ttl = std::get_if<TtlBounds>(&slot))
    return "[" + std::to_string(*ttl->min) + ", " + std::to_string(*ttl->max) + "]";
  if (const auto* enactors = std::get_if<std::vector<EnactorSpec>*>(&slot)) return enactorsText(**enactors);
  if (const auto* list = std::get_if<std::vector<std::string>*>(&slot)) {
    std::string out = "[";
    for (const std::string& each : **list) out += (out.size() > 1 ? ", " : "") + yamlQuoted(each);
    return out + "]";
  }
  const std::uint64_t number = numberIn(slot);
  switch (type) {
    case OptionType::Threads:
      return number == 0 ? "auto" : std::to_string(number);
    case OptionType::Size:
      return sizeText(number);
    case OptionType::Duration:
      return durationText(std::chrono::milliseconds(number));
    case OptionType::Percent:
      return std::to_string(number) + "%";
    default:
      return std::to_string(number);
  }
}

}  // namespace holdfast
