// Findings of the zone checks as tables.
#include <algorithm>
#include <cstdlib>
#include <tuple>
#include <vector>

#include "tools/zonectl/render.h"
#include "tools/zonectl/text_table.h"

namespace holdfast::zonectl {

using namespace render_detail;

namespace {

/// Warnings that the outcome of a push shows; `check` shows all it has.
constexpr std::size_t kWarningsShown = 10;

/// Sorts "line 9" before "line 12" and "/records/9" before "/records/12"; what has no place comes last.
std::tuple<bool, std::string, std::uint64_t> placeOf(const Json& finding) {
  const std::string where = textOf(finding, "where");
  const std::size_t digits = where.find_last_not_of("0123456789") + 1;
  return {where.empty(), where.substr(0, digits), std::strtoull(where.c_str() + digits, nullptr, 10)};
}

std::vector<const Json*> byPlace(const Json& findings) {
  std::vector<const Json*> sorted;
  for (const Json& finding : findings) sorted.push_back(&finding);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Json* a, const Json* b) { return placeOf(*a) < placeOf(*b); });
  return sorted;
}

void addFinding(TextTable& table, const Json& finding, const char* severity, Colour colour) {
  const std::string code = textOf(finding, "code");
  table.row({{severity, colour},
             {code.empty() ? textOf(finding, "rule") : code, colour},
             textOf(finding, "where"),
             textOf(finding, "name"),
             textOf(finding, "type"),
             textOf(finding, "observed")});
  table.note("wanted: " + textOf(finding, "limit") + "; " + textOf(finding, "detail"));
}

TextTable findingsTable() {
  return TextTable({"SEVERITY", "CODE", "WHERE", "NAME", "TYPE", "OBSERVED"});
}

}  // namespace

std::string renderFindings(const Json& outcome, const Palette& palette) {
  TextTable table = findingsTable();
  for (const Json* reason : byPlace(listOf(outcome, "reasons")))
    addFinding(table, *reason, "error", Colour::Red);
  if (const std::uint64_t unlisted = numberOf(outcome, "unlisted"); unlisted != 0)
    table.note("… and " + counted(unlisted, "errors") + " more", Colour::Red);
  for (const Json* warning : byPlace(listOf(outcome, "warnings")))
    addFinding(table, *warning, "warning", Colour::Yellow);
  if (const std::uint64_t unlisted = numberOf(outcome, "unlisted_warnings"); unlisted != 0)
    table.note("… and " + counted(unlisted, "warnings") + " more", Colour::Yellow);
  return table.text(palette);
}

std::string renderWarnings(const Json& outcome, const Palette& palette) {
  const Json& warnings = listOf(outcome, "warnings");
  const std::uint64_t all = warnings.size() + numberOf(outcome, "unlisted_warnings");
  if (all == 0) return "";
  TextTable table = findingsTable();
  std::size_t shown = 0;
  for (const Json* warning : byPlace(warnings)) {
    if (shown == kWarningsShown) break;
    addFinding(table, *warning, "warning", Colour::Yellow);
    ++shown;
  }
  if (all > shown)
    table.note("… and " + counted(all - shown, "warnings") + " more: zonectl check FILE", Colour::Yellow);
  return "\n" + palette.paint(Colour::Yellow, counted(all, "warnings")) + ":\n" + table.text(palette);
}

}  // namespace holdfast::zonectl
