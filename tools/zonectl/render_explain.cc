// How a name is answered, step by step, since when and why.
#include <algorithm>
#include <cmath>

#include "tools/zonectl/render.h"
#include "tools/zonectl/text_table.h"

namespace holdfast::zonectl {

using namespace render_detail;

namespace {

constexpr std::size_t kTargets = 32;  // shown of one endpoint
constexpr std::size_t kRecords = 8;

struct Words {
  const char* result;
  const char* text;
  Colour colour;
};
constexpr Words kResults[] = {
    {"positive", "answered with data", Colour::Green},
    {"leaves", "an alias that leads to a name outside the zones held", Colour::Green},
    {"referral", "a referral to the servers of a zone below", Colour::Green},
    {"nodata", "NODATA: the name exists, the type does not", Colour::Yellow},
    {"nxdomain", "NXDOMAIN: there is no such name", Colour::Yellow},
    {"unserved", "an alias into a zone that has no content yet", Colour::Yellow},
    {"servfail", "SERVFAIL: the zone has no content yet", Colour::Red},
    {"failed", "a chain of aliases without end", Colour::Red},
    {"refused", "REFUSED: in no zone held", Colour::Red}};

std::string resultText(const std::string& result, const Palette& palette) {
  for (const Words& words : kResults)
    if (result == words.result) return palette.paint(words.colour, words.text);
  return printable(result);
}

std::string shareText(const Json& target) {
  const Json& share = memberOf(target, "share");
  if (!share.is_number()) return "";
  const double percent = share.get<double>() * 100;
  return percent > 0 && percent < 1 ? "<1 %" : std::to_string(std::lround(percent)) + " %";
}

std::string indented(const std::string& lines) {
  std::string out;
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t end = std::min(lines.find('\n', at), lines.size());
    out += "  " + lines.substr(at, end - at) + "\n";
    at = end + 1;
  }
  return out;
}

Palette narrower(const Palette& palette, std::size_t by) {
  return palette.columns() > by ? palette.narrowed(by) : palette;
}

std::string targetsText(const Json& step, const Palette& palette) {
  TextTable table({"TARGET", ">WEIGHT", ">IN ANSWERS", "ID"});
  const Json& targets = listOf(step, "targets");
  for (std::size_t i = 0; i < std::min(targets.size(), kTargets); ++i)
    table.row({textOf(targets[i], "address"), textOf(targets[i], "weight"), shareText(targets[i]),
               textOf(targets[i], "id")});
  if (targets.size() > kTargets) table.note("… and " + std::to_string(targets.size() - kTargets) + " more");
  return indented(table.text(narrower(palette, 2)));
}

/// "A, TTL 5 s, 4 of 7 targets in each answer, capacity 700".
std::string dataText(const Json& step) {
  std::string text = textOf(step, "type") + ", TTL " + textOf(step, "ttl") + " s";
  const std::size_t targets = listOf(step, "targets").size();
  if (targets == 0) return text;
  const std::string pick = numberOf(step, "pick") < targets ? textOf(step, "pick") : "";
  return text + ", " +
         (pick.empty() ? (targets == 1 ? "" : "all ") + counted(targets, "targets")
                       : pick + " of " + counted(targets, "targets")) +
         " in each answer, capacity " + textOf(step, "capacity");
}

std::string foundText(const Json& step) {
  const std::string found = textOf(step, "found"), target = textOf(step, "target");
  const std::string owner = textOf(step, "owner");
  if (found == "cname") return "alias (CNAME, TTL " + textOf(step, "ttl") + " s) for " + target;
  if (found == "dname")
    return target.empty() ? "renamed by the DNAME at " + owner + " to a name that is too long"
                          : "renamed by the DNAME at " + owner + " to " + target;
  if (found == "delegation") return "delegated at " + owner + " to other servers";
  if (found == "nodata") return "the name exists, the type does not";
  if (found == "nxdomain") return "there is no such name, and no wildcard for it";
  return dataText(step);
}

std::string sinceText(const Json& step) {
  const Json& age = memberOf(step, "age_seconds");
  return "zone " + textOf(step, "zone") + ", generation " + textOf(step, "generation") + ", committed " +
         (age.is_number() ? durationText(age.get<double>()) : "?") + " ago";
}

std::string lastChangeText(const Json& step) {
  const Json& change = memberOf(step, "last_change");
  if (!change.is_object()) return "last changed by a plan that is no longer in the history, or never";
  if (const std::string error = textOf(change, "error"); !error.empty())
    return "last change not known: " + error;
  const std::string source = textOf(change, "source"), reason = textOf(change, "reason"),
                    restored = textOf(change, "restored");
  return "last changed by generation " + textOf(change, "generation") + " at " + textOf(change, "at") +
         " by " + textOf(change, "who") + (source.empty() ? "" : ", source " + source) +
         (restored.empty() ? "" : ", a rollback to " + restored) + (reason.empty() ? "" : ": " + reason);
}

std::string stepText(const Json& step, const Palette& palette) {
  const std::string name = textOf(step, "name"), owner = textOf(step, "owner");
  const std::size_t columns = palette.columns();
  std::string text = "  " + palette.paint(Colour::Bold, printable(name)) + "\n";
  if (isTrue(step, "wildcard")) text += wrapped("by the wildcard " + printable(owner), 4, columns, palette);
  text += wrapped(printable(foundText(step)), 4, columns, palette);
  text += wrapped(printable(sinceText(step)), 4, columns, palette, Colour::Dim);
  text += wrapped(printable(lastChangeText(step)), 4, columns, palette, Colour::Dim);
  if (!listOf(step, "targets").empty()) return text + indented(targetsText(step, narrower(palette, 2)));
  const std::string found = textOf(step, "found");
  const Json& records = found == "data" || found == "delegation" ? listOf(step, "records") : Json::array();
  for (std::size_t i = 0; i < std::min(records.size(), kRecords); ++i)
    if (records[i].is_string())
      text += wrapped(printable(records[i].get<std::string>()), 6, columns, palette);
  if (records.size() > kRecords)
    text += "      … and " + std::to_string(records.size() - kRecords) + " more\n";
  return text;
}

std::string removalText(const Json& explained, const Palette& palette) {
  const Json& removal = memberOf(explained, "removal");
  if (!removal.is_object())
    return "There is nothing of " + printable(textOf(explained, "zone")) + " to remove.\n";
  const std::string what = "Removing " + printable(textOf(removal, "removes")) + " by name: ";
  if (textOf(removal, "outcome") == "accepted")
    return what + palette.paint(Colour::Yellow, "the guard would accept it") + ".\n";
  return what + palette.paint(Colour::Green, "the guard would refuse it") + ".\n\n" +
         renderReasonTable(removal, "reasons", palette);
}

}  // namespace

std::string renderExplained(const Json& explained, const Palette& palette) {
  std::string text;
  for (const Json& answer : listOf(explained, "answers")) {
    text += palette.paint(Colour::Bold, printable(textOf(explained, "name"))) + " " +
            printable(textOf(answer, "type")) + ": " + resultText(textOf(answer, "result"), palette) + "\n";
    for (const Json& step : listOf(answer, "steps")) text += stepText(step, palette);
    text += "\n";
  }
  return text + removalText(explained, palette);
}

}  // namespace holdfast::zonectl
