#include "zone/intake.h"

#include "zone/compile.h"
#include "zone/digest.h"

namespace holdfast {

namespace {

/// Takes what was said beside the document; where the document says it too, both must agree.
Status agree(std::optional<Generation>& inDocument, const std::optional<Generation>& beside,
             const char* what) {
  if (!beside) return Done{};
  if (inDocument && *inDocument != *beside)
    return Error{ErrorKind::Invalid, what,
                 "is " + std::to_string(*inDocument) + " in the plan, but " + std::to_string(*beside) +
                     " beside it: leave one out"};
  inDocument = beside;
  return Done{};
}

}  // namespace

Result<Reception::Read> Intake::read(const Document& document) const {
  if (document.received != nullptr) return document.received->finish();
  Reception::Read read{toHex(sha256(document.body)),
                       parsePlan(document.format, document.body, document.zone, limits_)};
  if (document.release) document.release();
  return read;
}

Result<Outcome> Intake::submit(const Document& document) const {
  Submission submission;
  submission.caller = document.caller;
  submission.reason = document.reason;
  submission.dryRun = document.dryRun;
  submission.diffLimit = document.diffLimit;
  if (!publisher_.hasZone(document.zone)) return notHeld(document.zone);
  for (const std::string& text : document.overrides) {
    Result<Override> parsed = parseOverride(text, document.zone);
    if (!parsed) return std::move(parsed).error();
    submission.overrides.push_back(*std::move(parsed));
  }
  if (!submission.overrides.empty() && document.reason.empty())
    return Error{ErrorKind::Invalid, "reason", "is missing: an override needs one"};

  Result<Reception::Read> read = this->read(document);
  if (!read) return std::move(read).error();
  submission.digest = std::move(read->digest);
  if (!read->plan)
    return publisher_.refuse(document.zone, document.caller, submission.digest, read->plan.error(),
                             document.dryRun);
  submission.plan = *std::move(read->plan);
  if (Status same = agree(submission.plan.generation, document.generation, "generation"); !same)
    return std::move(same).error();
  if (Status same = agree(submission.plan.base, document.base, "base"); !same) return std::move(same).error();
  if (submission.plan.kind == PlanKind::Delta && !submission.plan.base)
    return publisher_.refuse(
        document.zone, document.caller, submission.digest,
        {ErrorKind::Malformed, "/base", "is missing: a delta names the generation it changes"},
        document.dryRun);
  if (submission.plan.source.empty()) submission.plan.source = document.source;
  for (const std::string& text : document.removals) {
    Result<Removal> removal = parseRemoval(text, document.zone);
    if (!removal) return std::move(removal).error();
    submission.plan.removals.push_back(*std::move(removal));
  }
  Result<Outcome> outcome = publisher_.submit(submission);
  if (!outcome && outcome.error().kind == ErrorKind::Malformed)
    return publisher_.refuse(document.zone, document.caller, submission.digest, outcome.error(),
                             document.dryRun);
  return outcome;
}

Result<Intake::Preview> Intake::preview(const Document& document) const {
  const std::optional<ZoneStatus> status = publisher_.status(document.zone);
  if (!status) return notHeld(document.zone);
  Result<Reception::Read> read = this->read(document);
  if (!read) return std::move(read).error();
  Result<Plan>& plan = read->plan;
  if (!plan) return std::move(plan).error();
  for (const std::string& text : document.removals) {
    Result<Removal> removal = parseRemoval(text, document.zone);
    if (!removal) return std::move(removal).error();
    plan->removals.push_back(*std::move(removal));
  }
  Preview preview;
  preview.generation = plan->generation;
  if (status->committed == 0) {
    preview.before = std::make_shared<Zone>(document.zone);
  } else {
    Result<std::shared_ptr<const Zone>> content = publisher_.content(document.zone, status->committed);
    if (!content) return std::move(content).error();
    preview.before = *std::move(content);
  }
  const Zone& before = *preview.before;
  const Generation next = status->committed + 1;
  preview.after = compilePlan(before, *plan, next, serialFor(next, before.hasContent() ? &before : nullptr),
                              before.committedAt());
  return preview;
}

Outcome Intake::unreadable(NameView zone, const Caller& caller, std::string where, std::string what) const {
  const Error error{ErrorKind::Unreadable, std::move(where), std::move(what)};
  return publisher_.refuse(zone, caller, "", error, false);
}

Result<Intake::Facts> Intake::factsOf(NameView zone, DocumentFormat format, std::string_view body) const {
  const Result<Plan> plan = parsePlan(format, body, zone, limits_);
  if (!plan) return plan.error();
  Facts facts{plan->kind, plan->generation.value_or(0), plan->base.value_or(0)};
  if (!plan->generation && plan->soaSerial) facts.generation = *plan->soaSerial;
  return facts;
}

Result<Generation> Intake::generationOf(NameView zone, DocumentFormat format, std::string_view body) const {
  const Result<Facts> facts = factsOf(zone, format, body);
  if (!facts) return facts.error();
  return facts->generation;
}

}  // namespace holdfast
