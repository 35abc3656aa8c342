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

constexpr std::size_t kHintNames = 8;  // names shown in one hint

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

/// Which findings share a way out.
class Advice {
 public:
  explicit Advice(const Json& outcome) : zone_(textOf(outcome, "zone")) {
    for (const Json& reason : listOf(outcome, "reasons")) {
      const std::string rule = textOf(reason, "rule"), type = textOf(reason, "type");
      const std::string name = textOf(reason, "name");
      rules_.insert(rule);
      if (rule == "stale-generation") newer_ = textOf(reason, "limit");
      if (rule == "vanished") losses_.insert(name);
      if (rule == "empty-answer") losses_.insert(type.empty() ? name : name + "/" + type);
      if (rule == "floor" || rule == "velocity" || rule == "ttl" || rule == "bogus-target" ||
          rule == "apex-changed")
        overrides_.insert(name.empty() ? rule : rule + ":" + name);
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
        {"stale-generation", "Make a plan with a generation " + newer_ + ": nothing overrides this rule."},
        {"base-mismatch",
         "It was made from what is not committed, or not any more. Look at what is committed (zonectl show " +
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
      if (shown++ == kHintNames) return text + " … (" + std::to_string(values.size() - kHintNames) + " more)";
      text += option + quoted(value);
    }
    return text;
  }

  std::string zone_, newer_;
  std::set<std::string> rules_, losses_, overrides_;
};

}  // namespace

std::string renderReasonTable(const Json& outcome, const char* key, const Palette& palette) {
  TextTable table({"RULE", "NAME", "TYPE", "OBSERVED", "LIMIT"});
  for (const Json& reason : listOf(outcome, key)) {
    table.row({{textOf(reason, "rule"), Colour::Red},
               textOf(reason, "name"),
               textOf(reason, "type"),
               textOf(reason, "observed"),
               textOf(reason, "limit")});
    const std::string code = textOf(reason, "code"), where = textOf(reason, "where");
    std::string note = where;
    for (const std::string& part : {code, detailOf(reason)})
      if (!part.empty()) note += (note.empty() ? "" : ": ") + part;
    if (!note.empty()) table.note(note);
  }
  if (const std::uint64_t unlisted = numberOf(outcome, "unlisted"); unlisted != 0)
    table.note("… and " + counted(unlisted, "findings") + " more");
  return table.text(palette);
}

std::string renderReasons(const Json& outcome, const Palette& palette) {
  std::string text = renderReasonTable(outcome, "reasons", palette);
  if (const std::string unrecorded = textOf(outcome, "unrecorded"); !unrecorded.empty())
    text +=
        palette.paint(Colour::Yellow, "The refusal is missing from the history: " + printable(unrecorded)) +
        "\n";
  text += "\n";
  for (const std::string& line : Advice(outcome).lines())
    text += wrapped(printable(line), 0, palette.columns(), palette);
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

namespace {

/// What was published without some endpoints must not be taken for all of it.
std::string renderQuarantine(const Json& outcome, const Palette& palette) {
  const std::size_t kept = listOf(outcome, "kept").size();
  if (kept == 0) return "";
  return "\n" +
         wrapped("NOT ALL OF IT: " + counted(kept, "endpoints") +
                     " stayed as before, because the guard refused what the plan made of them:",
                 0, palette.columns(), palette, Colour::Red) +
         "\n" + renderReasonTable(outcome, "quarantined", palette);
}

std::string renderIdleRemovals(const Json& outcome, const Palette& palette) {
  std::string text;
  for (const Json& removal : listOf(outcome, "idle_removals"))
    if (removal.is_string())
      text += palette.paint(Colour::Yellow, "Warning: ") + "--remove " +
              printable(quoted(removal.get<std::string>())) + " names nothing that is served\n";
  return text;
}

std::string superseded(const Json& outcome, const Palette& palette) {
  const std::string text = ": generation " + textOf(outcome, "generation") + " of " +
                           printable(textOf(outcome, "zone")) + " was not needed any more, as generation " +
                           textOf(outcome, "committed") +
                           " was published while it waited. Nothing is wrong, and nothing is left to do.";
  return palette.paint(Colour::Yellow, "Superseded") + text + "\n";
}

}  // namespace

std::string renderOutcome(const Json& outcome, const Palette& palette) {
  const std::string kind = textOf(outcome, "outcome");
  if (kind == "superseded") return superseded(outcome, palette);
  const std::string diff = renderDiff(outcome, palette);
  const std::string idle = renderIdleRemovals(outcome, palette);
  std::string text = diff.empty() ? "" : diff + "\n";
  if (kind == "refused")
    return text + renderRefusal(outcome, palette) + idle + renderWarnings(outcome, palette);
  const std::string restored = textOf(outcome, "restored");
  const std::string generation = "generation " + textOf(outcome, "generation") + " of " +
                                 printable(textOf(outcome, "zone")) + ", serial " +
                                 textOf(outcome, "serial") +
                                 (restored.empty() ? "" : ", with the content of " + restored) + ": " +
                                 changesText(memberOf(outcome, "changes"));
  text += kind == "published"
              ? palette.paint(Colour::Green, "Published") + " " + generation + ".\n"
              : palette.paint(Colour::Green, "Would be published") + " as " + generation + ".\n";
  for (const Json& reason : listOf(outcome, "overridden"))
    text +=
        palette.paint(Colour::Yellow, "Overridden: ") + printable(firstReason(Json::array({reason}))) + "\n";
  return text + renderQuarantine(outcome, palette) + idle + renderWarnings(outcome, palette);
}

}  // namespace holdfast::zonectl
