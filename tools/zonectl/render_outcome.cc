#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "tools/zonectl/render.h"
#include "tools/zonectl/text_table.h"

namespace holdfast::zonectl {

using namespace render_detail;

namespace {

/// Added and removed records shown of one RRset, and names shown in one hint.
constexpr std::size_t kListed = 8;

/// A word as a shell takes it.
std::string quoted(const std::string& word) {
  const bool plain = std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == '/' || c == ':';
  });
  if (plain && !word.empty()) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

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

/// Which findings share a way out.
class Advice {
 public:
  explicit Advice(const Json& outcome)
      : zone_(textOf(outcome, "zone")), committed_(textOf(outcome, "committed")) {
    for (const Json& reason : listOf(outcome, "reasons")) {
      const std::string rule = textOf(reason, "rule"), type = textOf(reason, "type");
      const std::string name = textOf(reason, "name");
      rules_.insert(rule);
      if (rule == "vanished") losses_.insert(name);
      if (rule == "empty-answer") losses_.insert(type.empty() ? name : name + "/" + type);
      if (rule == "floor" || rule == "velocity" || rule == "ttl" || rule == "bogus-target" ||
          rule == "apex-changed")
        overrides_.insert(rule + ":" + name);
    }
    // A name that goes as a whole needs no word on each type.
    std::erase_if(losses_, [&](const std::string& loss) {
      const std::size_t slash = loss.find('/');
      return slash != std::string::npos && losses_.contains(loss.substr(0, slash));
    });
  }

  std::vector<std::string> lines() const {
    std::vector<std::string> lines;
    if (!losses_.empty()) lines.push_back("If the loss is meant, name it:" + options(" --remove ", losses_));
    if (!overrides_.empty())
      lines.push_back("If it is right all the same, override it:" + options(" --allow ", overrides_) +
                      " --reason TEXT");
    const std::vector<std::pair<const char*, std::string>> others{
        {"stale-generation", "Make a plan with a higher generation than what is committed (" + committed_ +
                                 "): nothing overrides this rule."},
        {"base-mismatch", "Somebody published meanwhile. Look at what is committed (zonectl show " +
                              quoted(zone_) + ") and make the plan anew from it."},
        {"expired", "Make a new plan: this one is too old to be published."},
        {"invalid", "Correct the document: zonectl check FILE says the same without a server."},
        {"unreadable", "Mend the source, then submit it again. The old answers stay meanwhile."},
        {"frozen",
         "Thaw the zone (zonectl thaw " + quoted(zone_) + "), or say with --reason why it must be now."},
        {"timeout", "The guard ran out of time. Try again, with a smaller change if it stays so."}};
    for (const auto& [rule, advice] : others)
      if (rules_.contains(rule)) lines.push_back(advice);
    return lines;
  }

 private:
  static std::string options(const char* option, const std::set<std::string>& values) {
    std::string text;
    std::size_t shown = 0;
    for (const std::string& value : values) {
      if (shown++ == kListed) return text + " … (" + std::to_string(values.size() - kListed) + " more)";
      text += option + quoted(value);
    }
    return text;
  }

  std::string zone_, committed_;
  std::set<std::string> rules_, losses_, overrides_;
};

}  // namespace

std::string renderDiff(const Json& outcome, const Palette& palette) {
  const Json& names = listOf(outcome, "diff");
  if (names.empty()) return "";
  TextTable table({"NAME", "TYPE", "RECORDS", "CAPACITY", "TTL"});
  for (const Json& name : names)
    for (const Json& change : listOf(name, "rrsets")) {
      table.row({textOf(name, "name"),
                 textOf(change, "type"),
                 {step(change, "records"), colourOf(change, "records")},
                 {step(change, "capacity"), colourOf(change, "capacity")},
                 step(change, "ttl")});
      listRecords(table, listOf(change, "removed"), "-", Colour::Red);
      listRecords(table, listOf(change, "added"), "+", Colour::Green);
    }
  const Json& truncated = memberOf(outcome, "diff_truncated");
  if (truncated.is_boolean() && truncated.get<bool>())
    table.note("… and more: " + changesText(memberOf(outcome, "changes")));
  return table.text(palette);
}

std::string renderReasons(const Json& outcome, const Palette& palette) {
  TextTable table({"RULE", "NAME", "TYPE", "OBSERVED", "LIMIT"});
  for (const Json& reason : listOf(outcome, "reasons")) {
    table.row({{textOf(reason, "rule"), Colour::Red},
               textOf(reason, "name"),
               textOf(reason, "type"),
               textOf(reason, "observed"),
               textOf(reason, "limit")});
    const std::string code = textOf(reason, "code"), where = textOf(reason, "where");
    std::string note = where;
    for (const std::string& part : {code, textOf(reason, "detail")})
      if (!part.empty()) note += (note.empty() ? "" : ": ") + part;
    if (!note.empty()) table.note(note);
  }
  if (const std::uint64_t unlisted = numberOf(outcome, "unlisted"); unlisted != 0)
    table.note("… and " + counted(unlisted, "finding") + " more");
  std::string text = table.text(palette);
  if (const std::string unrecorded = textOf(outcome, "unrecorded"); !unrecorded.empty())
    text +=
        palette.paint(Colour::Yellow, "The refusal is missing from the history: " + printable(unrecorded)) +
        "\n";
  text += "\n";
  for (const std::string& line : Advice(outcome).lines()) text += printable(line) + "\n";
  return text;
}

std::string renderRefusal(const Json& outcome, const Palette& palette) {
  const std::uint64_t generation = numberOf(outcome, "generation"),
                      committed = numberOf(outcome, "committed");
  std::string text = palette.paint(Colour::Red, "Refused");
  if (generation != 0) text += ": generation " + std::to_string(generation);
  text += " for " + printable(textOf(outcome, "zone"));
  text += committed == 0 ? ": nothing is committed yet.\n\n"
                         : ": generation " + std::to_string(committed) + " stays.\n\n";
  return text + renderReasons(outcome, palette);
}

std::string renderOutcome(const Json& outcome, const Palette& palette) {
  const std::string kind = textOf(outcome, "outcome");
  const std::string diff = renderDiff(outcome, palette);
  std::string text = diff.empty() ? "" : diff + "\n";
  if (kind == "refused") return text + renderRefusal(outcome, palette) + renderWarnings(outcome, palette);
  const std::string generation = "generation " + textOf(outcome, "generation") + " of " +
                                 printable(textOf(outcome, "zone")) + ", serial " +
                                 textOf(outcome, "serial") + ": " + changesText(memberOf(outcome, "changes"));
  text += kind == "published"
              ? palette.paint(Colour::Green, "Published") + " " + generation + ".\n"
              : palette.paint(Colour::Green, "Would be published") + " as " + generation + ".\n";
  for (const Json& reason : listOf(outcome, "overridden"))
    text +=
        palette.paint(Colour::Yellow, "Overridden: ") + printable(firstReason(Json::array({reason}))) + "\n";
  return text + renderWarnings(outcome, palette);
}

}  // namespace holdfast::zonectl
