#include "server/explain.h"

#include <cmath>

#include "server/pick.h"
#include "server/random.h"
#include "zone/json_writer.h"
#include "zone/record_text.h"

namespace holdfast {

namespace {

constexpr unsigned kDraws = 10'000;
constexpr std::size_t kRecordsListed = 1000;

std::string_view textOf(Found found) noexcept {
  switch (found) {
    case Found::Data:
      return "data";
    case Found::Cname:
      return "cname";
    case Found::Dname:
      return "dname";
    case Found::Delegation:
      return "delegation";
    case Found::NoData:
      return "nodata";
    case Found::NxDomain:
      break;
  }
  return "nxdomain";
}

std::string_view resultOf(const Trace& trace) noexcept {
  if (!trace.isHeld) return "refused";
  if (!trace.hasContent) return "servfail";
  switch (trace.effect) {
    case Effect::Positive:
      return "positive";
    case Effect::Leaves:
      return "leaves";
    case Effect::Referral:
      return "referral";
    case Effect::NoData:
      return "nodata";
    case Effect::NxDomain:
      return "nxdomain";
    case Effect::Unserved:
      return "unserved";
    case Effect::Failed:
      break;
  }
  return "failed";
}

std::string rdataOf(const RRset& rrset, std::size_t i) {
  const std::string& rdata = rrset.rdata[i];
  return rdataText(rrset.type, {reinterpret_cast<const std::uint8_t*>(rdata.data()), rdata.size()});
}

void writeTargets(JsonWriter& json, const RRset& rrset) {
  const std::vector<double> shares = sharesOf(rrset);
  json.array("targets", [&] {
    for (std::size_t i = 0; i < rrset.rdata.size(); ++i) {
      json.object([&] {
        json.member("id", rrset.targets[i].id);
        json.member("address", rdataOf(rrset, i));
        json.member("weight", rrset.targets[i].weight);
        json.member("share", std::round(shares[i] * 10'000) / 10'000);
      });
    }
  });
}

void writeData(JsonWriter& json, const RRset& rrset) {
  json.member("type", toText(rrset.type));
  json.member("ttl", rrset.ttl);
  if (rrset.isEndpoint()) {
    json.member("capacity", rrset.capacity());
    json.member("pick", rrset.pick > 0 ? std::optional(rrset.pick) : std::nullopt);
    writeTargets(json, rrset);
    return;
  }
  json.array("records", [&] {
    for (std::size_t i = 0; i < std::min(rrset.rdata.size(), kRecordsListed); ++i)
      json.value(rdataOf(rrset, i));
  });
}

/// Which commit made the owner what it is; what is not there may have been taken away. Null: by one that is
/// no longer kept, or never there.
void writeLastChange(JsonWriter& json, const Publisher& publisher, const TraceStep& step) {
  const auto entry = publisher.lastChangeOf(step.zone, step.owner ? *step.owner : step.name);
  if (entry && !*entry) return json.member("last_change", nullptr);
  json.object("last_change", [&] {
    if (entry)
      writeEntry(json, **entry, EntryPlace::Explain);
    else
      json.member("error", entry.error().text());
  });
}

void writeStep(JsonWriter& json, const Publisher& publisher, const TraceStep& step, WallTime now) {
  json.object([&] {
    json.member("name", step.name.text());
    json.member("zone", step.zone.text());
    json.member("generation", step.generation);
    json.member("age_seconds", std::chrono::duration<double>(now - step.committedAt).count());
    json.member("found", textOf(step.found));
    json.member("wildcard", step.wildcard);
    if (step.owner) json.member("owner", step.owner->text());
    if (step.target) json.member("target", step.target->text());
    if (step.rrset) writeData(json, *step.rrset);
    writeLastChange(json, publisher, step);
  });
}

void writeTrace(JsonWriter& json, const Publisher& publisher, const Trace& trace, WallTime now) {
  json.object([&] {
    json.member("type", toText(trace.type));
    json.member("result", resultOf(trace));
    json.array("steps", [&] {
      for (const TraceStep& step : trace.steps) writeStep(json, publisher, step, now);
    });
  });
}

/// What takes away what answers here; none where nothing of the zone does.
std::optional<Removal> removalOf(const ExplainWish& wish, const Trace& trace) {
  if (trace.steps.empty() || !trace.steps.front().owner) return std::nullopt;
  const TraceStep& first = trace.steps.front();
  if (first.zone != wish.zone || first.found == Found::NoData) return std::nullopt;
  // An alias, a cut or a DNAME answers for every type, so it is gone as a whole or not at all.
  const bool isOneType = wish.type && first.found == Found::Data;
  return Removal{*first.owner, isOneType ? wish.type : std::nullopt};
}

/// The dry run of a plan that does nothing but that.
Result<Outcome> tryRemoval(Publisher& publisher, const ExplainWish& wish, const Removal& removal,
                           Generation base) {
  Submission submission;
  submission.plan.zone = wish.zone;
  submission.plan.kind = PlanKind::Delta;
  submission.plan.base = base;
  submission.plan.removals.push_back(removal);
  submission.caller = wish.caller;
  submission.dryRun = true;
  return publisher.submit(submission);
}

void writeRemoval(JsonWriter& json, const Removal& removal, const Outcome& outcome) {
  json.object("removal", [&] {
    json.member("removes",
                removal.type ? removal.name.text() + "/" + toText(*removal.type) : removal.name.text());
    json.member("outcome", outcome.kind == Outcome::Kind::Accepted ? "accepted" : "refused");
    writeReasons(json, "reasons", outcome.verdict.reasons);
    json.member("unlisted", outcome.verdict.unlisted);
  });
}

std::vector<Trace> tracesOf(Publisher& publisher, const ExplainWish& wish) {
  const ReadSection section;
  const Snapshot& snapshot = publisher.snapshot().read(section);
  std::vector<RRType> types;
  if (wish.type)
    types.push_back(*wish.type);
  else
    types = answeredTypes(snapshot, wish.name);
  if (types.empty()) types.push_back(RRType::A);
  std::vector<Trace> traces;
  traces.reserve(types.size());
  for (const RRType type : types) traces.push_back(traceOf(snapshot, wish.name, type));
  return traces;
}

}  // namespace

std::vector<double> sharesOf(const RRset& endpoint) {
  const std::size_t targets = endpoint.targets.size();
  const unsigned pick = endpoint.pick;
  std::vector<double> shares(targets, 1.0);
  if (pick == 0 || pick >= targets) return shares;
  const std::uint64_t capacity = endpoint.capacity();
  if (pick == 1) {
    for (std::size_t i = 0; i < targets; ++i)
      shares[i] = capacity == 0 ? 1.0 / static_cast<double>(targets)
                                : endpoint.targets[i].weight / static_cast<double>(capacity);
    return shares;
  }
  const std::string node = encodeNode(Name(), 0, {endpoint});
  const RRsetView rrset = NodeView(reinterpret_cast<const std::uint8_t*>(node.data())).find(endpoint.type);
  const auto picker = std::make_unique<TargetPicker>();  // its workspace is large for a stack
  Random random(1);                                      // the same question gets the same answer
  std::vector<unsigned> drawn(targets, 0);
  TargetPicker::Picked picked;
  for (unsigned i = 0; i < kDraws; ++i) {
    picker->pick(rrset, random, picked);
    for (unsigned k = 0; k < picked.count; ++k) ++drawn[picked.index[k]];
  }
  for (std::size_t i = 0; i < targets; ++i) shares[i] = drawn[i] / static_cast<double>(kDraws);
  return shares;
}

Result<std::string> explain(Publisher& publisher, const ExplainWish& wish, WallTime now) {
  const std::vector<Trace> traces = tracesOf(publisher, wish);
  const std::optional<Removal> removal = removalOf(wish, traces.front());
  std::optional<Outcome> tried;
  if (removal) {
    Result<Outcome> outcome = tryRemoval(publisher, wish, *removal, traces.front().steps.front().generation);
    if (!outcome) return outcome.error();
    tried = *std::move(outcome);
  }
  return jsonObject([&](JsonWriter& json) {
    json.member("zone", wish.zone.text());
    json.member("name", wish.name.text());
    json.member("in_zone", wish.name.view().isAtOrBelow(wish.zone));
    json.array("answers", [&] {
      for (const Trace& trace : traces) writeTrace(json, publisher, trace, now);
    });
    if (tried)
      writeRemoval(json, *removal, *tried);
    else
      json.member("removal", nullptr);
  });
}

}  // namespace holdfast
