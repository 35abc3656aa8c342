#include "server/api_json.h"

#include <unistd.h>

#include <algorithm>
#include <numeric>

#include "server/routes.h"
#include "zone/digest.h"
#include "zone/history_json.h"
#include "zone/record_text.h"

namespace holdfast {

namespace {

void writeWarnings(JsonWriter& json, const std::vector<Finding>& warnings) {
  json.array("warnings", [&] {
    for (const Finding& finding : warnings) {
      const CheckFacts& facts = factsOf(finding.check);
      json.object([&] {
        json.member("code", facts.code);
        json.member("name", finding.name.text());
        json.member("type", finding.type ? toText(*finding.type) : "");
        json.member("where", finding.where);
        json.member("observed", finding.observed);
        json.member("limit", facts.rule);
        json.member("detail", facts.advice);
      });
    }
  });
}

void writeNames(JsonWriter& json, std::string_view key, const std::vector<Name>& names) {
  json.array(key, [&] {
    for (const Name& name : names) json.value(name.text());
  });
}

void writePair(JsonWriter& json, std::string_view key, std::uint64_t before, std::uint64_t after) {
  json.object(key, [&] {
    json.member("before", before);
    json.member("after", after);
  });
}

void writeChange(JsonWriter& json, const RRsetChange& change) {
  json.object([&] {
    json.member("type", toText(change.type));
    writePair(json, "records", change.recordsBefore, change.recordsAfter);
    writePair(json, "ttl", change.ttlBefore, change.ttlAfter);
    if (change.capacityBefore != 0 || change.capacityAfter != 0)
      writePair(json, "capacity", change.capacityBefore, change.capacityAfter);
    json.member("added", change.added);
    json.member("removed", change.removed);
  });
}

void writeSupply(JsonWriter& json, const Supply& before, const Supply& after) {
  writePair(json, "targets", before.targets, after.targets);
  writePair(json, "capacity", before.capacity, after.capacity);
}

void writeDiff(JsonWriter& json, const Diff& diff) {
  json.array("diff", [&] {
    for (const NameChange& change : diff.changes) {
      json.object([&] {
        json.member("name", change.name.text());
        json.member("endpoint", change.isEndpoint);
        if (change.isEndpoint) writeSupply(json, change.before, change.after);
        json.array("rrsets", [&] {
          for (const RRsetChange& rrset : change.rrsets) writeChange(json, rrset);
        });
      });
    }
  });
  json.member("diff_truncated", diff.truncated);
}

void writeChanges(JsonWriter& json, std::uint64_t added, std::uint64_t removed, std::uint64_t changed) {
  json.object("changes", [&] {
    json.member("added", added);
    json.member("removed", removed);
    json.member("changed", changed);
  });
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

void writeEnactor(JsonWriter& json, const EnactorHealth& enactor) {
  json.object([&] {
    json.member("zone", enactor.zone.text());
    json.member("name", enactor.name);
    json.member("healthy", enactor.healthy);
    json.member("detail", enactor.detail);
    json.member("submitted", enactor.submitted);
    json.member("published", enactor.published);
    json.member("refused", enactor.refused);
    json.member("state", toText(enactor.state));
    json.member("superseded", enactor.superseded);
    json.member("failed", enactor.failed);
    json.member("throttled", enactor.throttled);
    json.member("log_lines_dropped", enactor.linesDropped);
    json.member("crashes", enactor.crashes);
    json.member("last_outcome", enactor.lastAt ? std::optional(enactor.lastOutcome) : std::nullopt);
    json.member("last_at", enactor.lastAt ? std::optional(toText(*enactor.lastAt)) : std::nullopt);
  });
}

void writeCounts(JsonWriter& json, const ServerCounts& counts) {
  json.object("queries", [&] {
    json.member("received", counts.queries);
    json.member("answered", counts.responses);
  });
  json.object("swaps", [&] {
    json.member("count", counts.swaps);
    json.member("total_us", counts.swapMicros);
    json.member("longest_us", counts.longestSwapMicros);
    json.member("reclaims_pending", counts.reclaimsPending);
  });
}

void writeStore(JsonWriter& json, const StoreStats& store) {
  json.object("store", [&] {
    json.member("read_only", store.readOnly);
    json.member("problem", store.problem.empty() ? std::nullopt : std::optional(store.problem));
    json.member("octets", store.octets);
    json.member("rebuilds", store.rebuilds);
  });
}

/// How old what is served is, when it was committed, and how much of it.
void writeContent(JsonWriter& json, const ZoneStatus& zone, WallTime now) {
  std::optional<double> age;
  std::optional<std::string> at;
  if (zone.committedAt) {
    // A clock that was set back makes nothing younger than it can be.
    age = std::max(0.0, std::chrono::duration<double>(now - *zone.committedAt).count());
    at = toText(*zone.committedAt);
  }
  json.member("age_seconds", age);
  json.member("committed_at", at);
  json.member("names", zone.names);
  json.member("records", zone.facts.records);
  json.member("endpoints", zone.facts.endpoints);
}

void writeOutcome(JsonWriter& json, const Outcome& outcome, const Asked& asked) {
  json.member("outcome", outcomeText(outcome.kind));
  json.member("zone", asked.zone.text());
  json.member("generation", outcome.generation);
  if (asked.base) json.member("base", asked.base);
  if (asked.restored) json.member("restored", asked.restored);
  json.member("committed", outcome.committed);
  if (outcome.unrecorded) json.member("unrecorded", outcome.unrecorded->text());
}

/// What the guard found, of a plan that was judged.
void writeJudgement(JsonWriter& json, const Outcome& outcome, const Asked& asked) {
  if (outcome.kind == Outcome::Kind::Refused) {
    writeReasons(json, "reasons", outcome.verdict.reasons);
    json.member("unlisted", outcome.verdict.unlisted);
  } else {
    json.member("serial", outcome.serial);
  }
  writeChanges(json, outcome.diff.namesAdded, outcome.diff.namesRemoved, outcome.diff.namesChanged);
  if (asked.diffLimit != 0) writeDiff(json, outcome.diff);
  json.member("idle_removals", asked.idleRemovals);
  writeNames(json, "kept", outcome.kept);
  writeReasons(json, "quarantined", outcome.quarantined);
  writeReasons(json, "overridden", outcome.verdict.overridden);
  writeWarnings(json, outcome.verdict.warnings);
  json.member("unlisted_warnings", outcome.verdict.unlistedWarnings);
}

}  // namespace

void writeReasons(JsonWriter& json, std::string_view key, const std::vector<Reason>& reasons) {
  json.array(key, [&] {
    for (const Reason& reason : reasons) writeReason(json, reason);
  });
}

std::string_view outcomeText(Fate fate) noexcept {
  return fate == Fate::Committed ? "published" : toText(fate);
}

void writeEntry(JsonWriter& json, const HistoryEntry& entry, EntryPlace place) {
  const bool isExplained = place == EntryPlace::Explain;
  if (place != EntryPlace::ZoneStatus) json.member("id", entry.id);
  json.member("outcome", outcomeText(entry.fate));
  json.member("generation", entry.generation);
  if (isAboutPlan(entry.fate)) {
    json.member("base", entry.base);
    json.member("serial", entry.serial);
    json.member("kind", entry.kind == PlanKind::Full ? "full" : "delta");
    json.member("source", entry.source);
    if (!isExplained) json.member("digest", entry.digest);
  }
  json.member("who", entry.who);
  json.member("reason", entry.reason);
  json.member("at", toText(entry.at));
  if (!entry.seal.empty() && !isExplained) json.member("seal", toHex(entry.seal));
  if (entry.restored != 0) json.member("restored", entry.restored);
  if (entry.fate == Fate::Committed) {
    writeChanges(json, entry.namesAdded, entry.namesRemoved, entry.namesChanged);
    if (isExplained) return;
    writeReasons(json, "overridden", entry.overridden);
    writeReasons(json, "quarantined", entry.quarantined);
  } else if (isAboutPlan(entry.fate)) {
    writeReasons(json, "reasons", entry.reasons);
  }
}

void writeZone(JsonWriter& json, const ZoneStatus& zone, WallTime now) {
  json.member("zone", zone.apex.text());
  json.member("planned", zone.planned);
  json.member("committed", zone.committed);
  json.member("served", zone.served);
  json.member("serial", zone.serial);
  writeContent(json, zone, now);
  if (zone.frozen)
    json.object("frozen", [&] {
      json.member("reason", *zone.frozen);
      json.member("since", toText(zone.frozenSince));
    });
  else
    json.member("frozen", nullptr);
  if (zone.lastRefusal)
    json.object("last_refusal", [&] { writeEntry(json, *zone.lastRefusal, EntryPlace::ZoneStatus); });
  else
    json.member("last_refusal", nullptr);
  json.member("published", zone.published);
  json.member("refused", std::accumulate(zone.refusals.begin(), zone.refusals.end(), std::uint64_t{0}));
  json.object("quarantined", [&] {
    json.member("endpoints", zone.quarantined);
    json.member("generation", zone.lastQuarantine == 0 ? std::nullopt : std::optional(zone.lastQuarantine));
  });
  writeNames(json, "idle_floors", zone.idleFloors);
  json.member("good", zone.good);
  json.member("seal", zone.seal.empty() ? std::nullopt : std::optional(toHex(zone.seal)));
}

std::string serverJson(const ServerFacts& facts, const ServerCounts& counts, const StoreStats& store,
                       const std::vector<ZoneStatus>& zones, const std::vector<EnactorHealth>& enactors,
                       WallTime now) {
  const std::chrono::duration<double> uptime = std::chrono::steady_clock::now() - facts.started;
  return jsonObject([&](JsonWriter& json) {
    json.member("version", HOLDFAST_VERSION);
    json.member("uptime_seconds", uptime.count());
    json.member("pid", getpid());
    json.member("listen", facts.listen);
    writeCounts(json, counts);
    writeStore(json, store);
    json.array("zones", [&] {
      for (const ZoneStatus& zone : zones) json.object([&] { writeZone(json, zone, now); });
    });
    json.array("enactors", [&] {
      for (const EnactorHealth& enactor : enactors) writeEnactor(json, enactor);
    });
  });
}

std::string historyJson(NameView zone, const std::vector<HistoryEntry>& entries,
                        std::optional<std::int64_t> before) {
  return jsonObject([&](JsonWriter& json) {
    json.member("zone", toText(zone));
    json.array("history", [&] {
      for (const HistoryEntry& entry : entries)
        json.object([&] { writeEntry(json, entry, EntryPlace::History); });
    });
    json.member("next_before", before);
  });
}

HttpResponse outcomeResponse(const Outcome& outcome, const Asked& asked, std::chrono::microseconds total) {
  const int status = outcome.kind == Outcome::Kind::Refused ? refusalStatus(outcome) : 200;
  return {status, jsonObject([&](JsonWriter& json) {
            writeOutcome(json, outcome, asked);
            if (outcome.kind == Outcome::Kind::Superseded) return;
            writeJudgement(json, outcome, asked);
            json.object("timings_us", [&] {
              json.member("judged", outcome.judged.count());
              json.member("durable", outcome.durable.count());
              json.member("total", total.count());
            });
          })};
}

std::string sealJson(NameView zone, const SealReport& report) {
  return jsonObject([&](JsonWriter& json) {
    json.member("zone", toText(zone));
    json.member("whole", report.whole());
    json.member("entries", report.entries);
    json.member("cleaned_up", report.cleanedUp);
    json.member("seal", toHex(report.head));
    json.member("broken", report.broken == 0 ? std::nullopt : std::optional(report.broken));
    json.member("problem", report.problem);
  });
}

std::string comparisonJson(const Comparison& compared, std::size_t limit) {
  const Diff diff = diffZones(compared.before, compared.after, limit);
  const Supply before = supplyOf(compared.before);
  // What does not change is the same before and after.
  const Supply after{before.targets - diff.before.targets + diff.after.targets,
                     before.capacity - diff.before.capacity + diff.after.capacity};
  return jsonObject([&](JsonWriter& json) {
    json.member("zone", toText(compared.zone));
    json.member("from", compared.from);
    json.member("to", compared.to);
    writeChanges(json, diff.namesAdded, diff.namesRemoved, diff.namesChanged);
    writeSupply(json, before, after);
    writeDiff(json, diff);
  });
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
