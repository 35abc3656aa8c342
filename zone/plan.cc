#include "zone/plan.h"

#include <array>
#include <cstdio>
#include <ctime>

#include "zone/record_text.h"

namespace holdfast {

Result<Removal> parseRemoval(std::string_view text, NameView zone) {
  // The last unescaped slash parts name from type; a slash is legal within a label (RFC 2317).
  const std::size_t slash = text.rfind('/');
  Removal removal;
  std::string_view name = text;
  if (slash != std::string_view::npos) {
    if (Result<RRType> type = parseType(text.substr(slash + 1))) {
      removal.type = *type;
      name = text.substr(0, slash);
    } else if (text.find_first_of(".0123456789-", slash) == std::string_view::npos) {
      return std::move(type).error();
    }
  }
  Result<Name> parsed = Name::fromText(name, zone);
  if (!parsed) return std::move(parsed).error();
  if (!parsed->view().isAtOrBelow(zone))
    return Error{ErrorKind::Invalid, "name \"" + std::string(name) + "\"",
                 "is outside the zone " + toText(zone)};
  removal.name = *std::move(parsed);
  return removal;
}

std::string toText(WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const std::time_t value = std::chrono::system_clock::to_time_t(seconds);
  std::tm parts{};
  gmtime_r(&value, &parts);
  std::array<char, 40> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

Result<WallTime> parseTime(std::string_view text) {
  const Error error{ErrorKind::Malformed, "", "is not a UTC time such as \"2026-11-21T05:00:00Z\""};
  const std::string copy(text);
  std::tm parts{};
  const char* rest = strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) return error;
  std::int64_t micros = 0;
  if (*rest == '.') {
    std::int64_t unit = 100'000;
    for (++rest; *rest >= '0' && *rest <= '9'; ++rest, unit /= 10) micros += unit * (*rest - '0');
  }
  if (std::string_view(rest) != "Z") return error;
  return WallTime(std::chrono::seconds(timegm(&parts)) + std::chrono::microseconds(micros));
}

Error tooManyRecords(const PlanLimits& limits) {
  return {ErrorKind::TooLarge, "",
          "the plan has more than " + std::to_string(limits.records) + " records (limits.plan-records)"};
}

Result<Plan> parsePlan(DocumentFormat format, std::string_view body, NameView zone,
                       const PlanLimits& limits) {
  return format == DocumentFormat::Json ? parseJsonPlan(body, zone, limits)
                                        : parseZoneFilePlan(body, zone, limits);
}

}  // namespace holdfast
