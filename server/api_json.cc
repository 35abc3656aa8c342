#include "server/api_json.h"

#include <unistd.h>

#include <algorithm>

#include "server/routes.h"
#include "zone/digest.h"
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

JsonDocument namesJson(const std::vector<Name>& names) {
  JsonDocument list = JsonDocument::array();
  for (const Name& name : names) list.push_back(name.text());
  return list;
}

JsonDocument pairJson(std::uint64_t before, std::uint64_t after) {
  return {{"before", before}, {"after", after}};
}

void putSupply(JsonDocument& document, const Supply& before, const Supply& after) {
  document["targets"] = pairJson(before.targets, after.targets);
  document["capacity"] = pairJson(before.capacity, after.capacity);
}

JsonDocument diffJson(const Diff& diff) {
  JsonDocument list = JsonDocument::array();
  for (const NameChange& change : diff.changes) {
    JsonDocument name{{"name", change.name.text()}, {"endpoint", change.isEndpoint}};
    if (change.isEndpoint) putSupply(name, change.before, change.after);
    name["rrsets"] = JsonDocument::array();
    for (const RRsetChange& rrset : change.rrsets) name["rrsets"].push_back(changeJson(rrset));
    list.push_back(std::move(name));
  }
  return list;
}

JsonDocument changesJson(const Diff& diff) {
  JsonDocument json;
  json["added"] = diff.namesAdded;
  json["removed"] = diff.namesRemoved;
  json["changed"] = diff.namesChanged;
  return json;
}

std::string_view outcomeText(Outcome::Kind kind) noexcept {
  switch (kind) {
    case Outcome::Kind::Published:
      return "published";
    case Outcome::Kind::Accepted:
      return "accepted";
    case Outcome::Kind::Superseded:
      return "superseded";
    case Outcome::Kind::Refused:
      break;
  }
  return "refused";
}

/// 400 for what is no plan, 413 for one over a limit, 423 where nothing but a freeze stands in the way, else
/// 409.
int refusalStatus(const Outcome& outcome) {
  if (outcome.malformed) return outcome.tooLarge ? 413 : 400;
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

JsonDocument reasonsJson(const std::vector<Reason>& reasons) {
  JsonDocument list = JsonDocument::array();
  for (const Reason& reason : reasons) list.push_back(reasonJson(reason));
  return list;
}

std::string_view outcomeText(Fate fate) noexcept {
  return fate == Fate::Committed ? "published" : toText(fate);
}

JsonDocument entryJson(const HistoryEntry& entry) {
  JsonDocument document{
      {"id", entry.id}, {"outcome", outcomeText(entry.fate)}, {"generation", entry.generation}};
  if (isAboutPlan(entry.fate)) {
    document["base"] = entry.base;
    document["serial"] = entry.serial;
    document["kind"] = entry.kind == PlanKind::Full ? "full" : "delta";
    document["source"] = entry.source;
    document["digest"] = entry.digest;
  }
  document["who"] = entry.who;
  document["reason"] = entry.reason;
  document["at"] = toText(entry.at);
  if (!entry.seal.empty()) document["seal"] = toHex(entry.seal);
  if (entry.restored != 0) document["restored"] = entry.restored;
  if (entry.fate == Fate::Committed) {
    document["changes"] = {
        {"added", entry.namesAdded}, {"removed", entry.namesRemoved}, {"changed", entry.namesChanged}};
    document["overridden"] = reasonsJson(entry.overridden);
    document["quarantined"] = reasonsJson(entry.quarantined);
  } else if (isAboutPlan(entry.fate)) {
    document["reasons"] = reasonsJson(entry.reasons);
  }
  return document;
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
                        {"refused", 0},
                        {"quarantined", {{"endpoints", zone.quarantined}, {"generation", nullptr}}},
                        {"idle_floors", namesJson(zone.idleFloors)},
                        {"good", zone.good},
                        {"seal", nullptr}};
  if (!zone.seal.empty()) document["seal"] = toHex(zone.seal);
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
  if (zone.lastQuarantine != 0) document["quarantined"]["generation"] = zone.lastQuarantine;
  std::uint64_t refused = 0;
  for (const std::uint64_t count : zone.refusals) refused += count;
  document["refused"] = refused;
  return document;
}

JsonDocument serverJson(const ServerFacts& facts, const ServerCounts& counts, const StoreStats& store,
                        const std::vector<ZoneStatus>& zones, const std::vector<EnactorHealth>& enactors,
                        WallTime now) {
  const std::chrono::duration<double> uptime = std::chrono::steady_clock::now() - facts.started;
  JsonDocument document{{"version", HOLDFAST_VERSION},
                        {"uptime_seconds", uptime.count()},
                        {"pid", getpid()},
                        {"listen", facts.listen},
                        {"queries", {{"received", counts.queries}, {"answered", counts.responses}}},
                        {"swaps",
                         {{"count", counts.swaps},
                          {"total_us", counts.swapMicros},
                          {"longest_us", counts.longestSwapMicros},
                          {"reclaims_pending", counts.reclaimsPending}}},
                        {"store",
                         {{"read_only", store.readOnly},
                          {"problem", nullptr},
                          {"octets", store.octets},
                          {"rebuilds", store.rebuilds}}},
                        {"zones", JsonDocument::array()},
                        {"enactors", JsonDocument::array()}};
  if (!store.problem.empty()) document["store"]["problem"] = store.problem;
  for (const ZoneStatus& zone : zones) document["zones"].push_back(zoneJson(zone, now));
  for (const EnactorHealth& enactor : enactors) document["enactors"].push_back(enactorJson(enactor));
  return document;
}

JsonDocument historyJson(NameView zone, const std::vector<HistoryEntry>& entries,
                         std::optional<std::int64_t> before) {
  JsonDocument document{{"zone", toText(zone)}, {"history", JsonDocument::array()}, {"next_before", nullptr}};
  for (const HistoryEntry& entry : entries) document["history"].push_back(entryJson(entry));
  if (before) document["next_before"] = *before;
  return document;
}

HttpResponse outcomeResponse(const Outcome& outcome, const Asked& asked, std::chrono::microseconds total) {
  const bool refused = outcome.kind == Outcome::Kind::Refused;
  // Member by member: a list of them would be copied, and each change is answered with one.
  JsonDocument json;
  json["outcome"] = outcomeText(outcome.kind);
  json["zone"] = asked.zone.text();
  json["generation"] = outcome.generation;
  if (asked.base) json["base"] = *asked.base;
  if (asked.restored) json["restored"] = *asked.restored;
  json["committed"] = outcome.committed;
  if (outcome.unrecorded) json["unrecorded"] = outcome.unrecorded->text();
  if (outcome.kind == Outcome::Kind::Superseded) return {200, textOf(json)};
  if (refused) {
    json["reasons"] = reasonsJson(outcome.verdict.reasons);
    json["unlisted"] = outcome.verdict.unlisted;
  } else {
    json["serial"] = outcome.serial;
  }
  json["changes"] = changesJson(outcome.diff);
  if (asked.diffLimit != 0) {
    json["diff"] = diffJson(outcome.diff);
    json["diff_truncated"] = outcome.diff.truncated;
  }
  json["idle_removals"] = asked.idleRemovals;
  json["kept"] = namesJson(outcome.kept);
  json["quarantined"] = reasonsJson(outcome.quarantined);
  json["overridden"] = reasonsJson(outcome.verdict.overridden);
  json["warnings"] = warningsJson(outcome.verdict.warnings);
  json["unlisted_warnings"] = outcome.verdict.unlistedWarnings;
  JsonDocument& timings = json["timings_us"];
  timings["judged"] = outcome.judged.count();
  timings["durable"] = outcome.durable.count();
  timings["total"] = total.count();
  return {refused ? refusalStatus(outcome) : 200, textOf(json)};
}

JsonDocument sealJson(NameView zone, const SealReport& report) {
  JsonDocument json{{"zone", toText(zone)},       {"whole", report.whole()},
                    {"entries", report.entries},  {"cleaned_up", report.cleanedUp},
                    {"seal", toHex(report.head)}, {"broken", nullptr},
                    {"problem", report.problem}};
  if (report.broken != 0) json["broken"] = report.broken;
  return json;
}

JsonDocument comparisonJson(const Comparison& compared, std::size_t limit) {
  const Diff diff = diffZones(compared.before, compared.after, limit);
  JsonDocument json{{"zone", toText(compared.zone)}, {"from", compared.from}, {"to", nullptr}};
  if (compared.to) json["to"] = *compared.to;
  json["changes"] = changesJson(diff);
  const Supply before = supplyOf(compared.before);
  // What does not change is the same before and after.
  putSupply(json, before,
            {before.targets - diff.before.targets + diff.after.targets,
             before.capacity - diff.before.capacity + diff.after.capacity});
  json["diff"] = diffJson(diff);
  json["diff_truncated"] = diff.truncated;
  return json;
}

HttpResponse comeAgain(const std::string& why, unsigned seconds) {
  HttpResponse response = errorResponse(503, why);
  response.headers.emplace_back("Retry-After", std::to_string(seconds));
  return response;
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
  return comeAgain(error.text(), 5);
}

}  // namespace holdfast
