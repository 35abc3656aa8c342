// The requests of the control API that make a plan: submit, roll back, look at a plan's change.
#include <algorithm>

#include "server/control_call.h"
#include "zone/lookup.h"

namespace holdfast {

namespace {

// Findings beyond these stand in the answer and the history; the log is for noticing.
constexpr std::size_t kReasonsLogged = 20;

/// The zone's newest last-known-good generation below what is committed.
Result<Generation> lastGoodBelowCommitted(const ZoneStatus& zone) {
  for (const Generation good : zone.good)
    if (good < zone.committed) return good;
  return Error{ErrorKind::Invalid, "to",
               "is missing, and the zone has no older last-known-good generation: name the generation to go "
               "back to"};
}

std::optional<HttpResponse> wrongType(const std::string& type) {
  if (planFormatOf(type)) return std::nullopt;
  return errorResponse(415, "a plan is application/json or text/dns, not \"" + type + "\": set Content-Type");
}

/// Whether a client gets anything for the name, which a wildcard or a DNAME may make.
bool isAnswered(const Snapshot& snapshot, NameView name, const std::optional<RRType>& type) {
  if (type) {
    const Effect effect = effectOf(snapshot, name, *type);
    return effect == Effect::Positive || effect == Effect::Leaves || effect == Effect::Referral;
  }
  const NodeView end = endOfChain(snapshot, name);
  if (end && end.rrsetCount() > 0) return true;
  return isAnswered(snapshot, name, RRType::A) || isAnswered(snapshot, name, RRType::CNAME);
}

/// Those of the removals that name nothing that is served: typing errors, most likely.
std::vector<std::string> idleRemovals(const Publisher& publisher, NameView zone,
                                      const std::vector<std::string>& texts) {
  std::vector<std::string> idle;
  const ReadSection section;
  const Snapshot& snapshot = publisher.snapshot().read(section);
  const Zone* served = snapshot.zoneAt(zone);
  if (served == nullptr || !served->hasContent()) return idle;
  for (const std::string& text : texts) {
    const auto removal = parseRemoval(text, zone);
    if (!removal) continue;
    const NodeView node = served->find(removal->name);
    const bool isHeld = node && node.rrsetCount() > 0 && (!removal->type || node.has(*removal->type));
    if (!isHeld && !isAnswered(snapshot, removal->name, removal->type)) idle.push_back(text);
  }
  return idle;
}

}  // namespace

std::string mediaType(std::string_view value) {
  value = value.substr(0, value.find(';'));
  const std::size_t begin = std::min(value.find_first_not_of(" \t"), value.size());
  const std::size_t end = value.find_last_not_of(" \t");
  std::string type(value.substr(begin, end == std::string_view::npos ? 0 : end - begin + 1));
  for (char& c : type) c = static_cast<char>(lowerOctet(static_cast<std::uint8_t>(c)));
  return type;
}

std::optional<DocumentFormat> planFormatOf(std::string_view type) {
  if (type == "application/json") return DocumentFormat::Json;
  if (type == "text/dns") return DocumentFormat::ZoneFile;
  return std::nullopt;
}

Result<Document> Control::documentOf(const Route& route, const Call& call) const {
  Document document;
  document.zone = route.zone;
  document.format = *planFormatOf(mediaType(call.contentType));
  if (call.sink != nullptr) {
    auto* sink = dynamic_cast<PlanSink*>(call.sink.get());
    if (sink == nullptr) return notHeld(route.zone);  // when it began to come in
    document.received = &sink->reception();
    if (document.received->zone() != route.zone.view() || document.received->format() != document.format)
      return Error{ErrorKind::Invalid, "", "the head of the request can be read in two ways"};
  }
  const auto generation = route.query.number("generation", kMaxPlannedGeneration);
  const auto base = route.query.number("base", kMaxGeneration);
  const auto diff = route.query.number("diff", kDiffMost);
  const auto dryRun = route.query.flag("dry-run");
  for (const auto* number : {&generation, &base, &diff})
    if (!*number) return number->error();
  if (!dryRun) return dryRun.error();
  document.generation = *generation;
  document.base = *base;
  document.diffLimit = diff->value_or(0);
  document.dryRun = *dryRun;
  document.source = route.query.find("source").value_or("");
  document.reason = route.query.find("reason").value_or("");
  document.removals = route.query.all("remove");
  document.overrides = route.query.all("allow");
  // A person is a caller who says why. Whoever gives no reason counts as automation and stops at a freeze.
  document.caller = {call.peer, document.reason.empty()};
  return document;
}

HttpResponse Control::submit(const Route& route, Call& call) {
  if (auto response = wrongType(mediaType(call.contentType))) return *std::move(response);
  auto document = documentOf(route, call);
  if (!document) return problemResponse(document.error());
  HttpBody::Joined body = call.body.join();
  document->body = body.view();
  document->release = [&body] { body.release(); };
  const Asked asked{route.zone,       document->base,
                    std::nullopt,     document->diffLimit,
                    document->reason, idleRemovals(publisher_, route.zone, document->removals)};
  return concluded(intake_.submit(*document), asked, call);
}

HttpResponse Control::preview(const Route& route, Call& call) {
  const auto limit = route.query.number("limit", kDiffMost);
  if (!limit) return problemResponse(limit.error());
  if (auto response = wrongType(mediaType(call.contentType))) return *std::move(response);
  auto document = documentOf(route, call);
  if (!document) return problemResponse(document.error());
  const HttpBody::Joined body = call.body.join();
  document->body = body.view();
  const auto preview = intake_.preview(*document);
  if (!preview) return problemResponse(preview.error());
  const Comparison compared{route.zone, preview->before->generation(), preview->generation, *preview->before,
                            *preview->after};
  return {200, comparisonJson(compared, limit->value_or(kDiffDefault))};
}

Result<Rollback> Control::rollbackOf(const Route& route, const Call& call) const {
  Rollback wish;
  wish.zone = route.zone;
  const auto to = route.query.number("to", kMaxGeneration);
  const auto base = route.query.number("base", kMaxGeneration);
  const auto diff = route.query.number("diff", kDiffMost);
  for (const auto* number : {&to, &base, &diff})
    if (!*number) return number->error();
  const auto dryRun = route.query.flag("dry-run");
  const auto removesAdded = route.query.flag("remove-added");
  for (const auto* flag : {&dryRun, &removesAdded})
    if (!*flag) return flag->error();
  wish.base = *base;
  wish.diffLimit = diff->value_or(0);
  wish.dryRun = *dryRun;
  wish.removesAdded = *removesAdded;
  wish.reason = route.query.find("reason").value_or("");
  if (wish.reason.empty()) return Error{ErrorKind::Invalid, "reason", "must say why the zone is rolled back"};
  wish.caller = {call.peer, false};
  for (const std::string& text : route.query.all("remove")) {
    auto removal = parseRemoval(text, route.zone);
    if (!removal) return removal.error();
    wish.removals.push_back(*std::move(removal));
  }
  for (const std::string& text : route.query.all("allow")) {
    auto rule = parseOverride(text, route.zone);
    if (!rule) return rule.error();
    wish.overrides.push_back(*std::move(rule));
  }
  const auto status = publisher_.status(route.zone);
  if (!status) return notHeld(route.zone);
  const auto goal = *to ? Result<Generation>(**to) : lastGoodBelowCommitted(*status);
  if (!goal) return goal.error();
  if (*goal == 0)
    return Error{ErrorKind::Invalid, "to", "must be a generation: 0 stands for a zone without content"};
  wish.to = *goal;
  return wish;
}

HttpResponse Control::rollback(const Route& route, const Call& call) {
  const auto wish = rollbackOf(route, call);
  if (!wish) return problemResponse(wish.error());
  const Asked asked{route.zone,   wish->base,
                    wish->to,     wish->diffLimit,
                    wish->reason, idleRemovals(publisher_, route.zone, route.query.all("remove"))};
  return concluded(publisher_.rollback(*wish), asked, call);
}

HttpResponse Control::concluded(const Result<Outcome>& outcome, const Asked& asked, const Call& call) {
  if (!outcome) {
    const ErrorKind kind = outcome.error().kind;
    log_.write(kind == ErrorKind::Store || kind == ErrorKind::System ? LogLevel::Error : LogLevel::Warning,
               "submission failed",
               {{"zone", asked.zone.text()}, {"caller", call.peer}, {"cause", outcome.error().text()}});
    return problemResponse(outcome.error());
  }
  const auto total =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - call.begun);
  HttpResponse response = outcomeResponse(*outcome, asked, total);
  if (outcome->kind == Outcome::Kind::Refused)
    logRefusal(log_, asked.zone, call.peer, *outcome);
  else
    logOutcome(*outcome, asked, call.peer);
  return response;
}

void Control::logOutcome(const Outcome& outcome, const Asked& asked, const std::string& who) {
  if (outcome.kind == Outcome::Kind::Superseded)
    return log_.info("plan superseded: a newer one was published while it waited",
                     {{"zone", asked.zone.text()},
                      {"generation", outcome.generation},
                      {"committed", outcome.committed},
                      {"caller", who}});
  const char* message = "plan accepted by a dry run";
  if (outcome.kind == Outcome::Kind::Published) message = asked.restored ? "rolled back" : "plan published";
  log_.info(message, {{"zone", asked.zone.text()},
                      {"generation", outcome.generation},
                      {"serial", outcome.serial},
                      {"caller", who},
                      {"reason", asked.reason},
                      {"restored", asked.restored.value_or(0)},
                      {"added", outcome.diff.namesAdded},
                      {"removed", outcome.diff.namesRemoved},
                      {"changed", outcome.diff.namesChanged},
                      {"overridden", outcome.verdict.overridden.size()},
                      {"quarantined", outcome.kept.size()},
                      {"warnings", outcome.verdict.warnings.size() + outcome.verdict.unlistedWarnings}});
  std::size_t listed = 0;
  for (const Reason& reason : outcome.quarantined) {
    if (++listed > kReasonsLogged) break;
    log_.warning("endpoint kept as it was", {{"zone", asked.zone.text()},
                                             {"generation", outcome.generation},
                                             {"caller", who},
                                             {"rule", toText(reason.rule)},
                                             {"name", reason.name},
                                             {"type", reason.type},
                                             {"observed", reason.observed},
                                             {"limit", reason.limit}});
  }
}

void logRefusal(Log& log, NameView zone, const std::string& who, const Outcome& outcome) {
  std::size_t listed = 0;
  for (const Reason& reason : outcome.verdict.reasons) {
    if (++listed > kReasonsLogged) break;
    log.warning("plan refused", {{"zone", toText(zone)},
                                 {"generation", outcome.generation},
                                 {"committed", outcome.committed},
                                 {"caller", who},
                                 {"rule", toText(reason.rule)},
                                 {"name", reason.name},
                                 {"type", reason.type},
                                 {"observed", reason.observed},
                                 {"limit", reason.limit},
                                 {"detail", reason.detail}});
  }
  const std::uint64_t all = outcome.verdict.reasons.size() + outcome.verdict.unlisted;
  if (all > kReasonsLogged)
    log.warning("plan refused, further reasons",
                {{"zone", toText(zone)}, {"caller", who}, {"not_logged", all - kReasonsLogged}});
  if (outcome.unrecorded)
    log.error("refusal not in the history", {{"zone", toText(zone)}, {"cause", outcome.unrecorded->text()}});
}

}  // namespace holdfast
