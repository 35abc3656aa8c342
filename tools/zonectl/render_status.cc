#include <algorithm>
#include <array>
#include <vector>

#include "tools/zonectl/render.h"
#include "tools/zonectl/text_table.h"

namespace holdfast::zonectl {

namespace render_detail {

const Json& memberOf(const Json& value, const char* key) {
  static const Json none;
  if (!value.is_object()) return none;
  const auto found = value.find(key);
  return found == value.end() ? none : *found;
}

const Json& listOf(const Json& value, const char* key) {
  static const Json none = Json::array();
  const Json& member = memberOf(value, key);
  return member.is_array() ? member : none;
}

std::string textOf(const Json& value, const char* key) {
  const Json& member = memberOf(value, key);
  if (member.is_string()) return member.get<std::string>();
  return member.is_number() ? member.dump() : "";
}

std::uint64_t numberOf(const Json& value, const char* key) {
  const Json& member = memberOf(value, key);
  return member.is_number() ? member.get<std::uint64_t>() : 0;
}

bool isTrue(const Json& value, const char* key) {
  const Json& member = memberOf(value, key);
  return member.is_boolean() && member.get<bool>();
}

std::string changesText(const Json& changes) {
  if (!changes.is_object()) return "";
  return counted(numberOf(changes, "added"), "names") + " added, " +
         std::to_string(numberOf(changes, "removed")) + " removed, " +
         std::to_string(numberOf(changes, "changed")) + " changed";
}

std::string detailOf(const Json& reason) {
  constexpr std::string_view kParameter = "allow=", kOption = "--allow ";
  std::string text = textOf(reason, "detail");
  for (std::size_t at = 0; (at = text.find(kParameter, at)) != std::string::npos; at += kOption.size())
    text.replace(at, kParameter.size(), kOption);
  return text;
}

std::string firstReason(const Json& reasons) {
  if (!reasons.is_array() || reasons.empty()) return "";
  const Json& first = reasons.front();
  const std::string type = textOf(first, "type");
  std::string text = textOf(first, "rule") + " " + textOf(first, "name") + (type.empty() ? "" : "/" + type) +
                     ": " + detailOf(first);
  if (reasons.size() > 1) text += " (and " + std::to_string(reasons.size() - 1) + " more)";
  return text;
}

}  // namespace render_detail

using namespace render_detail;

namespace {

TextTable::Cell stateOf(const Json& zone) {
  if (const Json& frozen = memberOf(zone, "frozen"); frozen.is_object())
    return {"frozen: " + textOf(frozen, "reason"), Colour::Yellow};
  if (numberOf(zone, "committed") == 0) return {"no content yet", Colour::Yellow};
  if (numberOf(zone, "served") != numberOf(zone, "committed"))
    return {"content missing: submit a newer plan", Colour::Red};
  return {"served", Colour::Green};
}

std::string ageOf(const Json& zone) {
  const Json& age = memberOf(zone, "age_seconds");
  return age.is_number() ? durationText(age.get<double>()) : "";
}

std::string refusalText(const Json& refusal) {
  const std::string generation = textOf(refusal, "generation");
  return "last refusal " + textOf(refusal, "at") + (generation == "0" ? "" : ", generation " + generation) +
         ": " + firstReason(listOf(refusal, "reasons"));
}

/// Empty where no published plan left an endpoint as it was since the start.
std::string quarantineText(const Json& quarantined) {
  const std::uint64_t endpoints = numberOf(quarantined, "endpoints");
  return endpoints == 0
             ? ""
             : "quarantine: since the start plans were published without " + counted(endpoints, "endpoints") +
                   " of theirs, last generation " + textOf(quarantined, "generation");
}

/// Empty where every name that the configuration has a floor for is served.
std::string idleFloorsText(const Json& names) {
  constexpr std::size_t kShown = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i)
    if (names[i].is_string()) text += (i == 0 ? "" : ", ") + names[i].get<std::string>();
  if (text.empty()) return "";
  if (names.size() > kShown) text += " and " + std::to_string(names.size() - kShown) + " more";
  return "guard.endpoints has a floor for what is not served: " + text;
}

std::string zonesText(const Json& zones, const Palette& palette) {
  // Most serials are the generation once more.
  bool serials = false;
  for (const Json& zone : zones) serials = serials || textOf(zone, "serial") != textOf(zone, "served");
  std::vector<std::string> headings{"ZONE", ">PLANNED", ">COMMITTED", ">SERVED"};
  if (serials) headings.emplace_back(">SERIAL");
  for (const char* heading : {">AGE", ">NAMES", ">RECORDS", ">ENDPOINTS", "STATE"})
    headings.emplace_back(heading);
  TextTable table(headings);
  for (const Json& zone : zones) {
    std::vector<TextTable::Cell> cells{textOf(zone, "zone"), textOf(zone, "planned"),
                                       textOf(zone, "committed"), textOf(zone, "served")};
    if (serials) cells.emplace_back(textOf(zone, "serial"));
    cells.emplace_back(ageOf(zone));
    for (const char* key : {"names", "records", "endpoints"}) cells.emplace_back(textOf(zone, key));
    cells.push_back(stateOf(zone));
    table.row(std::move(cells));
    if (const Json& refusal = memberOf(zone, "last_refusal"); refusal.is_object())
      table.note(refusalText(refusal));
    if (const std::string kept = quarantineText(memberOf(zone, "quarantined")); !kept.empty())
      table.note(kept, Colour::Yellow);
    if (const std::string idle = idleFloorsText(listOf(zone, "idle_floors")); !idle.empty())
      table.note(idle, Colour::Yellow);
  }
  return table.text(palette);
}

std::string enactorsText(const Json& enactors, const Palette& palette) {
  TextTable table({"ZONE", "ENACTOR", "HEALTH", ">SUBMITTED", ">PUBLISHED", ">REFUSED", "LAST"});
  for (const Json& enactor : enactors) {
    const Json& healthy = memberOf(enactor, "healthy");
    const bool well = healthy.is_boolean() && healthy.get<bool>();
    table.row({textOf(enactor, "zone"), textOf(enactor, "name"),
               well ? TextTable::Cell("well", Colour::Green) : TextTable::Cell("unwell", Colour::Red),
               textOf(enactor, "submitted"), textOf(enactor, "published"), textOf(enactor, "refused"),
               textOf(enactor, "detail")});
  }
  return table.text(palette);
}

}  // namespace

std::string durationText(double seconds) {
  struct Unit {
    std::uint64_t seconds;
    const char* name;
  };
  constexpr std::array<Unit, 4> kUnits{{{86'400, " d"}, {3'600, " h"}, {60, " min"}, {1, " s"}}};
  const auto whole = seconds > 0 ? static_cast<std::uint64_t>(seconds) : 0;
  for (std::size_t i = 0; i + 1 < kUnits.size(); ++i) {
    if (whole < kUnits[i].seconds) continue;
    const std::uint64_t rest = whole % kUnits[i].seconds / kUnits[i + 1].seconds;
    return std::to_string(whole / kUnits[i].seconds) + kUnits[i].name +
           (rest == 0 ? "" : " " + std::to_string(rest) + kUnits[i + 1].name);
  }
  return std::to_string(whole) + " s";
}

std::string renderStatus(const Json& status, const Palette& palette) {
  const Json& uptime = memberOf(status, "uptime_seconds");
  std::string listen;
  for (const Json& address : listOf(status, "listen"))
    if (address.is_string()) listen += (listen.empty() ? "" : ", ") + address.get<std::string>();
  std::string text = palette.paint(Colour::Bold, "holdfastd " + printable(textOf(status, "version"))) +
                     ", pid " + textOf(status, "pid") + ", up " +
                     durationText(uptime.is_number() ? uptime.get<double>() : 0) + ", listening on " +
                     printable(listen.empty() ? "nothing" : listen) + "\n\n";
  const Json& store = memberOf(status, "store");
  if (const std::string problem = textOf(store, "problem"); !problem.empty())
    text += palette.paint(Colour::Red, "The plan store takes no plans: ") + printable(problem) + "\n\n";
  else if (isTrue(store, "read_only"))
    text += palette.paint(Colour::Red, "The plan store is only read: it takes no plans.") + "\n\n";
  const Json& zones = listOf(status, "zones");
  text += zones.empty() ? "No zones. Add one: zonectl zone add ZONE\n" : zonesText(zones, palette);
  if (const Json& enactors = listOf(status, "enactors"); !enactors.empty())
    text += "\n" + enactorsText(enactors, palette);
  return text;
}

}  // namespace holdfast::zonectl
