// What differs between two contents, by endpoint with the effect on its capacity.
#include <algorithm>
#include <cmath>

#include "tools/zonectl/render.h"
#include "tools/zonectl/text_table.h"

namespace holdfast::zonectl {

using namespace render_detail;

namespace {

constexpr std::size_t kListed = 8;       // added and removed records shown of one RRset
constexpr std::size_t kBarColumns = 10;  // stand for what there was before

/// "4 → 3", or "4" where it stays.
std::string step(const Json& change, const char* key) {
  const Json& pair = memberOf(change, key);
  if (!pair.is_object()) return "";
  const std::string before = textOf(pair, "before"), after = textOf(pair, "after");
  return before == after ? after : before + " → " + after;
}

Colour colourOf(const Json& change, const char* key) {
  const Json& pair = memberOf(change, key);
  return numberOf(pair, "after") < numberOf(pair, "before") ? Colour::Yellow : Colour::None;
}

void listRecords(TextTable& table, const Json& records, const char* sign, Colour colour) {
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (i == kListed) {
      table.note(std::string(sign) + " … and " + std::to_string(records.size() - kListed) + " more", colour);
      return;
    }
    if (records[i].is_string()) table.note(std::string(sign) + " " + records[i].get<std::string>(), colour);
  }
}

/// "-25 %", "+0.4 %"; "-100 %" only where nothing is left.
std::string percentText(std::uint64_t before, std::uint64_t after) {
  const double percent =
      100 * std::abs(static_cast<double>(after) - static_cast<double>(before)) / static_cast<double>(before);
  const char* sign = after < before ? "-" : "+";
  const long tenths = std::lround(percent * 10);
  if (tenths == 0) return before == after ? "±0 %" : std::string(sign) + "<0.1 %";
  std::string number = std::to_string(std::lround(percent));
  if (tenths < 100)
    number = std::to_string(tenths / 10) + (tenths % 10 == 0 ? "" : "." + std::to_string(tenths % 10));
  if (after > 0 && after < before && number == "100") number = "99.9";
  return sign + number + " %";
}

/// What is left of the capacity there was, as a bar and in per cent.
TextTable::Cell effectOf(const Json& change) {
  const Json& capacity = memberOf(change, "capacity");
  if (!capacity.is_object()) return "";
  const std::uint64_t before = numberOf(capacity, "before"), after = numberOf(capacity, "after");
  if (before == after) return "";
  if (before == 0) return {"new", Colour::Green};
  const auto share = static_cast<double>(after) / static_cast<double>(before);
  auto filled = static_cast<std::size_t>(std::min(share, 1.0) * kBarColumns);
  if (after > 0) filled = std::max<std::size_t>(filled, 1);  // something is not nothing
  std::string bar;
  for (std::size_t i = 0; i < kBarColumns; ++i) bar += i < filled ? "█" : "░";
  const Colour colour = after > before ? Colour::Green : 2 * after < before ? Colour::Red : Colour::Yellow;
  return {bar + " " + percentText(before, after), colour};
}

}  // namespace

std::string renderDiff(const Json& outcome, const Palette& palette) {
  const Json& names = listOf(outcome, "diff");
  if (names.empty()) return "";
  TextTable table({"NAME", "TYPE", "RECORDS", "CAPACITY", "EFFECT", "TTL"});
  for (const Json& name : names) {
    std::string owner = textOf(name, "name");
    for (const Json& change : listOf(name, "rrsets")) {
      table.row({std::exchange(owner, ""),
                 textOf(change, "type"),
                 {step(change, "records"), colourOf(change, "records")},
                 {step(change, "capacity"), colourOf(change, "capacity")},
                 effectOf(change),
                 step(change, "ttl")});
      listRecords(table, listOf(change, "removed"), "-", Colour::Red);
      listRecords(table, listOf(change, "added"), "+", Colour::Green);
    }
  }
  if (isTrue(outcome, "diff_truncated"))
    table.note("… and more: " + changesText(memberOf(outcome, "changes")));
  return table.text(palette);
}

std::string renderComparison(const Json& comparison, const Palette& palette) {
  const std::string to = textOf(comparison, "to");
  const std::string diff = renderDiff(comparison, palette);
  const auto effect = [&](const char* key) {
    const Json& pair = memberOf(comparison, key);
    const std::uint64_t before = numberOf(pair, "before"), after = numberOf(pair, "after");
    const std::string percent = before == 0 || before == after ? "" : " (" + percentText(before, after) + ")";
    return step(comparison, key) + percent;
  };
  const std::string sum = printable(textOf(comparison, "zone")) + ", generation " +
                          textOf(comparison, "from") + " → " + (to.empty() ? "this plan" : to) + ": " +
                          changesText(memberOf(comparison, "changes")) + "; targets of the zone " +
                          effect("targets") + ", capacity " + effect("capacity") + ".";
  return (diff.empty() ? "" : diff + "\n") + wrapped(sum, 0, palette.columns(), palette);
}

}  // namespace holdfast::zonectl
