// The history of a zone as a table, and whether it is as it was written.
#include <algorithm>

#include "tools/zonectl/render.h"
#include "tools/zonectl/text_table.h"

namespace holdfast::zonectl {

using namespace render_detail;

namespace {

Colour colourOf(const std::string& outcome) {
  if (outcome == "published") return Colour::Green;
  if (outcome == "refused" || outcome == "restored") return Colour::Red;
  return Colour::Yellow;
}

/// "+1 -0 ~3": names added, removed, changed.
std::string changesCell(const Json& entry) {
  const Json& changes = memberOf(entry, "changes");
  if (!changes.is_object()) return "";
  return "+" + textOf(changes, "added") + " -" + textOf(changes, "removed") + " ~" +
         textOf(changes, "changed");
}

/// "by uid 1000 pid 4711, source planner-a: why".
std::string originOf(const Json& entry) {
  const std::string who = textOf(entry, "who"), source = textOf(entry, "source"),
                    reason = textOf(entry, "reason"), restored = textOf(entry, "restored");
  std::string text = who.empty() ? "" : "by " + who;
  if (!source.empty()) text += (text.empty() ? "source " : ", source ") + source;
  if (!restored.empty()) text += (text.empty() ? "content of " : ", content of ") + restored;
  if (!reason.empty()) text += (text.empty() ? "" : ": ") + reason;
  return text;
}

}  // namespace

std::string renderHistory(const Json& history, const Palette& palette) {
  const Json& entries = listOf(history, "history");
  if (entries.empty()) return "Nothing was submitted yet.\n";
  TextTable table({">LINE", "AT", ">GENERATION", "OUTCOME", "KIND", "NAMES"});
  for (const Json& entry : entries) {
    const std::string outcome = textOf(entry, "outcome"), generation = textOf(entry, "generation");
    table.row({textOf(entry, "id"),
               textOf(entry, "at"),
               generation == "0" ? "-" : generation,
               {outcome, colourOf(outcome)},
               textOf(entry, "kind"),
               changesCell(entry)});
    if (const std::string origin = originOf(entry); !origin.empty()) table.note(origin);
    if (const Json& reasons = listOf(entry, "reasons"); !reasons.empty())
      table.note(firstReason(reasons), Colour::Red);
    if (const Json& overridden = listOf(entry, "overridden"); !overridden.empty())
      table.note("overridden: " + firstReason(overridden), Colour::Yellow);
    if (const Json& kept = listOf(entry, "quarantined"); !kept.empty())
      table.note("kept as it was: " + firstReason(kept), Colour::Red);
  }
  return table.text(palette);
}

std::string renderSeal(const Json& report, const Palette& palette) {
  const std::string zone = printable(textOf(report, "zone"));
  const std::uint64_t cleanedUp = numberOf(report, "cleaned_up");
  const std::string entries = counted(numberOf(report, "entries"), "lines") +
                              (cleanedUp == 0 ? "" : ", after " + std::to_string(cleanedUp) + " cleaned up");
  const std::string seal = textOf(report, "seal");
  if (isTrue(report, "whole"))
    return palette.paint(Colour::Green, "Whole") + ": the history of " + zone + " is as it was written (" +
           entries + ").\n" + (seal.empty() ? "" : "Seal of the newest line: " + printable(seal) + "\n");
  const std::string broken = textOf(report, "broken");
  return palette.paint(Colour::Red, "BROKEN") + ": the history of " + zone + " is not as it was written" +
         (broken.empty() ? "" : ", from line " + broken + " on") + "; looked at " + entries + ".\n" +
         printable(textOf(report, "problem")) + "\n";
}

}  // namespace holdfast::zonectl
