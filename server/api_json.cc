#include "server/api_json.h"

#include <unistd.h>

#include <algorithm>

#include "server/routes.h"
#include "zone/record_text.h"

namespace holdfast {

namespace {

JsonDocument reasonJson(const Reason& reason) {
  JsonDocument json{{"rule", toText(reason.rule)}, {"name", reason.name},   {"type", reason.type},
                    {"observed", reason.observed}, {"limit", reason.limit}, {"detail", reason.detail}};
  if (!reason.code.empty()) json["code"] = reason.code;
  if (!reason.where.empty()) json["where"] = reason.where;
  return json;
}

JsonDocument reasonsJson(const std::vector<Reason>& reasons) {
  JsonDocument list = JsonDocument::array();
  for (const Reason& reason : reasons) list.push_back(reasonJson(reason));
  return list;
}

JsonDocument warningsJson(const std::vector<Finding>& warnings) {
  JsonDocument list = JsonDocument::array();
  for (const Finding& finding : warnings) {
    const CheckFacts& facts = factsOf(finding.check);
    list.push_back({{"code", facts.code},
                    {"name", finding.name.text()},
                    {"type", finding.type ? toText(*finding.type) : ""},
                    {"where", finding.where},
                    {"observed", finding.observed},
                    {"limit", facts.rule},
                    {"detail", facts.advice}});
  }
  return list;
}

JsonDocument entryJson(const HistoryEntry& entry) {
  JsonDocument document{{"id", entry.id},
                        {"outcome", toText(entry.fate)},
                        {"generation", entry.generation},
                        {"base", entry.base},
                        {"serial", entry.serial},
                        {"kind", entry.kind == PlanKind::Full ? "full" : "delta"},
                        {"source", entry.source},
                        {"who", entry.who},
                        {"reason", entry.reason},
                        {"digest", entry.digest},
                        {"at", toText(entry.at)}};
  if (entry.fate == Fate::Committed) {
    document["changes"] = {
        {"added", entry.namesAdded}, {"removed", entry.namesRemoved}, {"changed", entry.namesChanged}};
    document["overridden"] = reasonsJson(entry.overridden);
  } else if (isAboutPlan(entry.fate)) {
    document["reasons"] = reasonsJson(entry.reasons);
  }
  return document;
}

JsonDocument changeJson(const RRsetChange& change) {
  JsonDocument document{{"type", toText(change.type)},
                        {"records", {{"before", change.recordsBefore}, {"after", change.recordsAfter}}},
                        {"ttl", {{"before", change.ttlBefore}, {"after", change.ttlAfter}}}};
  if (change.capacityBefore != 0 || change.capacityAfter != 0)
    document["capacity"] = {{"before", change.capacityBefore}, {"after", change.capacityAfter}};
  document["added"] = change.added;
  document["removed"] = change.removed;
  return document;
}

JsonDocument diffJson(const Diff& diff) {
  JsonDocument list = JsonDocument::array();
  for (const NameChange& change : diff.changes) {
    JsonDocument rrsets = JsonDocument::array();
    for (const RRsetChange& rrset : change.rrsets) rrsets.push_back(changeJson(rrset));
    list.push_back({{"name", change.name.text()}, {"rrsets", std::move(rrsets)}});
  }
  return list;
}

/// 400 for what is no plan, 423 where nothing but a freeze stands in the way, else 409.
int refusalStatus(const Outcome& outcome) {
  if (outcome.malformed) return 400;
  for (const Reason& reason : outcome.verdict.reasons)
    if (reason.rule != Rule::Frozen) return 409;
  return outcome.verdict.unlisted == 0 && outcome.is(Rule::Frozen) ? 423 : 409;
}

JsonDocument enactorJson(const EnactorHealth& enactor) {
  JsonDocument document{{"zone", enactor.zone.text()},
                        {"name", enactor.name},
                        {"healthy", enactor.healthy},
                        {"detail", enactor.detail},
                        {"submitted", enactor.submitted},
                        {"published", enactor.published},
                        {"refused", enactor.refused},
                        {"state", toText(enactor.state)},
                        {"superseded", enactor.superseded},
                        {"failed", enactor.failed},
                        {"throttled", enactor.throttled},
                        {"log_lines_dropped", enactor.linesDropped},
                        {"crashes", enactor.crashes},
                        {"last_outcome", nullptr},
                        {"last_at", nullptr}};
  if (enactor.lastAt) {
    document["last_outcome"] = enactor.lastOutcome;
    document["last_at"] = toText(*enactor.lastAt);
  }
  return document;
}

}  // namespace

std::string textOf(const JsonDocument& document) {
  return document.dump(-1, ' ', false, JsonDocument::error_handler_t::replace) + "\n";
}

JsonDocument zoneJson(const ZoneStatus& zone, WallTime now) {
  JsonDocument document{{"zone", zone.apex.text()},
                        {"planned", zone.planned},
                        {"committed", zone.committed},
                        {"served", zone.served},
                        {"serial", zone.serial},
                        {"age_seconds", nullptr},
                        {"committed_at", nullptr},
                        {"names", zone.names},
                        {"records", zone.facts.records},
                        {"endpoints", zone.facts.endpoints},
                        {"frozen", nullptr},
                        {"last_refusal", nullptr},
                        {"published", zone.published},
                        {"refused", 0}};
  if (zone.committedAt) {
    // A clock that was set back makes nothing younger than it can be.
    document["age_seconds"] = std::max(0.0, std::chrono::duration<double>(now - *zone.committedAt).count());
    document["committed_at"] = toText(*zone.committedAt);
  }
  if (zone.frozen) document["frozen"] = {{"reason", *zone.frozen}, {"since", toText(zone.frozenSince)}};
  if (zone.lastRefusal) {
    document["last_refusal"] = entryJson(*zone.lastRefusal);
    document["last_refusal"].erase("id");  // of no use here: the history lists it with its own
  }
  std::uint64_t refused = 0;
  for (const std::uint64_t count : zone.refusals) refused += count;
  document["refused"] = refused;
  return document;
}

JsonDocument serverJson(const ServerFacts& facts, const std::vector<ZoneStatus>& zones,
                        const std::vector<EnactorHealth>& enactors, WallTime now) {
  const std::chrono::duration<double> uptime = std::chrono::steady_clock::now() - facts.started;
  JsonDocument document{
      {"version", HOLDFAST_VERSION}, {"uptime_seconds", uptime.count()}, {"pid", getpid()},
      {"listen", facts.listen},      {"zones", JsonDocument::array()},   {"enactors", JsonDocument::array()}};
  for (const ZoneStatus& zone : zones) document["zones"].push_back(zoneJson(zone, now));
  for (const EnactorHealth& enactor : enactors) document["enactors"].push_back(enactorJson(enactor));
  return document;
}

JsonDocument historyJson(NameView zone, const std::vector<HistoryEntry>& entries, bool more) {
  JsonDocument document{{"zone", toText(zone)}, {"history", JsonDocument::array()}, {"next_before", nullptr}};
  for (const HistoryEntry& entry : entries) document["history"].push_back(entryJson(entry));
  if (more && !entries.empty()) document["next_before"] = entries.back().id;
  return document;
}

HttpResponse outcomeResponse(const Outcome& outcome, const Document& document,
                             std::chrono::microseconds total) {
  const bool refused = outcome.kind == Outcome::Kind::Refused;
  JsonDocument json;
  json["outcome"] = refused ? "refused" : outcome.kind == Outcome::Kind::Accepted ? "accepted" : "published";
  json["zone"] = document.zone.text();
  json["generation"] = outcome.generation;
  if (document.base) json["base"] = *document.base;
  json["committed"] = outcome.committed;
  if (refused) {
    json["reasons"] = reasonsJson(outcome.verdict.reasons);
    json["unlisted"] = outcome.verdict.unlisted;
    if (outcome.unrecorded) json["unrecorded"] = outcome.unrecorded->text();
  } else {
    json["serial"] = outcome.serial;
  }
  json["changes"] = {{"added", outcome.diff.namesAdded},
                     {"removed", outcome.diff.namesRemoved},
                     {"changed", outcome.diff.namesChanged}};
  if (document.diffLimit != 0) {
    json["diff"] = diffJson(outcome.diff);
    json["diff_truncated"] = outcome.diff.truncated;
  }
  json["overridden"] = reasonsJson(outcome.verdict.overridden);
  json["warnings"] = warningsJson(outcome.verdict.warnings);
  json["unlisted_warnings"] = outcome.verdict.unlistedWarnings;
  json["timings_us"] = {
      {"judged", outcome.judged.count()}, {"durable", outcome.durable.count()}, {"total", total.count()}};
  return {refused ? refusalStatus(outcome) : 200, textOf(json)};
}

HttpResponse problemResponse(const Error& error) {
  switch (error.kind) {
    case ErrorKind::Malformed:
    case ErrorKind::Invalid:
      return errorResponse(400, error.text());
    case ErrorKind::NotFound:
      return errorResponse(404, error.text());
    case ErrorKind::Conflict:
      return errorResponse(409, error.text());
    case ErrorKind::TooLarge:
      return errorResponse(413, error.text());
    case ErrorKind::Store:
    case ErrorKind::Unreadable:
    case ErrorKind::System:
      break;
  }
  HttpResponse response = errorResponse(503, error.text());
  response.headers.emplace_back("Retry-After", "5");
  return response;
}

}  // namespace holdfast
