#include <ostream>

#include "tools/zonectl/commands.h"
#include "tools/zonectl/plan_source.h"
#include "zone/publisher.h"
#include "zone/record_text.h"

namespace holdfast::zonectl {

using namespace render_detail;

namespace {

/// A plan store that holds nothing: `check` judges with the very code of the server, and commits nothing.
class NoStore : public PlanStore {
 public:
  Result<std::vector<StoredZone>> zones() override { return std::vector<StoredZone>(); }
  Status putZone(const StoredZone&, const HistoryEntry&) override { return Done{}; }
  Status forgetZone(NameView) override { return Done{}; }
  Result<std::shared_ptr<const Zone>> content(NameView apex, Generation) override {
    return Error{ErrorKind::NotFound, toText(apex), "has no content"};
  }
  Status commit(std::span<const ZoneCommit>) override { return nothing(); }
  Status record(NameView, const HistoryEntry&) override { return nothing(); }
  Result<std::vector<HistoryEntry>> history(NameView, std::size_t, std::int64_t) override {
    return std::vector<HistoryEntry>();
  }

 private:
  static Error nothing() { return {ErrorKind::Store, "", "check keeps nothing"}; }
};

/// The verdict on `plan` as the first one of its zone, by the guard's defaults.
Result<Outcome> judgeAsFirst(Plan plan) {
  Result<std::unique_ptr<Publisher>> publisher = Publisher::open(std::make_unique<NoStore>(), wallClock);
  if (!publisher) return publisher.error();
  if (Status added = (*publisher)->addZone(plan.zone); !added) return added.error();
  if (!plan.generation && !plan.soaSerial) plan.generation = plan.base.value_or(0) + 1;
  plan.base.reset();  // of what is not here to compare with
  Submission submission;
  submission.plan = std::move(plan);
  submission.dryRun = true;
  return (*publisher)->submit(submission);
}

Json refusalOf(const std::string& zone, const std::vector<Reason>& reasons, std::uint64_t unlisted) {
  Json document{{"outcome", "refused"}, {"zone", zone}, {"reasons", Json::array()}, {"unlisted", unlisted}};
  for (const Reason& reason : reasons) {
    document["reasons"].push_back({{"rule", toText(reason.rule)},
                                   {"name", reason.name},
                                   {"type", reason.type},
                                   {"observed", reason.observed},
                                   {"limit", reason.limit},
                                   {"detail", reason.detail},
                                   {"where", reason.where}});
    if (!reason.code.empty()) document["reasons"].back()["code"] = reason.code;
  }
  return document;
}

void addWarnings(Json& document, const Verdict& verdict) {
  document["warnings"] = Json::array();
  document["unlisted_warnings"] = verdict.unlistedWarnings;
  for (const Finding& finding : verdict.warnings) {
    const CheckFacts& facts = factsOf(finding.check);
    document["warnings"].push_back({{"code", facts.code},
                                    {"name", finding.name.text()},
                                    {"type", finding.type ? toText(*finding.type) : ""},
                                    {"where", finding.where},
                                    {"observed", finding.observed},
                                    {"limit", facts.rule},
                                    {"detail", facts.advice}});
  }
}

Json checked(const PlanSource& source, const Name& zone) {
  const PlanLimits limits;
  Result<Plan> plan = source.format == DocumentFormat::Json ? parseJsonPlan(source.body, zone, limits)
                                                            : parseZoneFilePlan(source.body, zone, limits);
  const auto broken = [&](const Error& error) {
    return refusalOf(
        zone.text(),
        {{Rule::Invalid, zone.text(), "", error.where, "a well-formed plan", error.what, "", error.where}},
        0);
  };
  if (!plan) return broken(plan.error());
  Json document{{"outcome", "accepted"},
                {"zone", zone.text()},
                {"kind", plan->kind == PlanKind::Full ? "full" : "delta"}};
  if (plan->generation) document["generation"] = *plan->generation;
  // What a delta leaves is for the server to say, which has what it changes.
  if (plan->kind == PlanKind::Delta) return document;
  const Result<Outcome> outcome = judgeAsFirst(*std::move(plan));
  if (!outcome) return broken(outcome.error());
  if (outcome->kind == Outcome::Kind::Refused) {
    Json refusal = refusalOf(zone.text(), outcome->verdict.reasons, outcome->verdict.unlisted);
    addWarnings(refusal, outcome->verdict);
    return refusal;
  }
  addWarnings(document, outcome->verdict);
  document["names"] = outcome->diff.namesAdded;
  return document;
}

std::uint64_t warningsOf(const Json& document) {
  return listOf(document, "warnings").size() + numberOf(document, "unlisted_warnings");
}

std::string verdictText(const PlanSource& source, const Json& document, const Palette& palette) {
  const std::string subject = printable(source.file) + ": ";
  const std::uint64_t warnings = warningsOf(document);
  const std::string warned = palette.paint(Colour::Yellow, counted(warnings, "warnings"));
  if (isRefusal(document)) {
    const std::uint64_t errors = listOf(document, "reasons").size() + numberOf(document, "unlisted");
    return renderFindings(document, palette) + "\n" + subject +
           palette.paint(Colour::Red, counted(errors, "errors")) + (warnings == 0 ? "" : ", " + warned) +
           " as the first plan of " + textOf(document, "zone") + "\n";
  }
  std::string text = warnings == 0 ? subject + palette.paint(Colour::Green, "well")
                                   : renderFindings(document, palette) + "\n" + subject + warned;
  text += ": a " + textOf(document, "kind") + " plan for " + textOf(document, "zone");
  if (const std::string generation = textOf(document, "generation"); !generation.empty())
    text += ", generation " + generation;
  if (textOf(document, "kind") == "delta")
    return text + ". Its effect shows on the server: zonectl push --dry-run\n";
  return text + ", " + counted(numberOf(document, "names"), "names") + "\n";
}

}  // namespace

Exit check(const Arguments& arguments, const Screen& screen) {
  const Result<PlanSource> source = readPlanSource(arguments.file, screen.in);
  if (!source) {
    screen.err << "zonectl: " << printable(source.error().text()) << "\n";
    return Exit::Other;
  }
  const std::string zoneText = arguments.zone.empty() ? factsOf(*source).zone.value_or("") : arguments.zone;
  if (zoneText.empty()) {
    screen.err << "zonectl: " << printable(source->file) << " does not say its zone: name it with --zone\n";
    return Exit::Usage;
  }
  const Result<Name> zone = Name::absolute(zoneText);
  if (!zone) {
    screen.err << "zonectl: not a zone name: " << printable(zone.error().text()) << "\n";
    return Exit::Usage;
  }
  const RcuThread thread;
  const Json document = checked(*source, *zone);
  screen.out << (arguments.json ? document.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"
                                : verdictText(*source, document, screen.palette));
  return isRefusal(document) || (arguments.strict && warningsOf(document) > 0) ? Exit::Refused : Exit::Done;
}

}  // namespace holdfast::zonectl
