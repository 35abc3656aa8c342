#include "server/explain.h"

#include <cmath>

#include "server/pick.h"
#include "server/random.h"
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

JsonDocument targetsJson(const RRset& rrset) {
  const std::vector<double> shares = sharesOf(rrset);
  JsonDocument list = JsonDocument::array();
  for (std::size_t i = 0; i < rrset.rdata.size(); ++i)
    list.push_back({{"id", rrset.targets[i].id},
                    {"address", rdataOf(rrset, i)},
                    {"weight", rrset.targets[i].weight},
                    {"share", std::round(shares[i] * 10'000) / 10'000}});
  return list;
}

void putData(JsonDocument& step, const RRset& rrset) {
  step["type"] = toText(rrset.type);
  step["ttl"] = rrset.ttl;
  if (rrset.isEndpoint()) {
    step["capacity"] = rrset.capacity();
    step["pick"] = nullptr;
    if (rrset.pick > 0) step["pick"] = rrset.pick;
    step["targets"] = targetsJson(rrset);
    return;
  }
  step["records"] = JsonDocument::array();
  for (std::size_t i = 0; i < std::min(rrset.rdata.size(), kRecordsListed); ++i)
    step["records"].push_back(rdataOf(rrset, i));
}

/// Which commit made the owner what it is; what is not there may have been taken away. Null: by one that is
/// no longer kept, or never there.
JsonDocument lastChangeJson(const Publisher& publisher, const TraceStep& step) {
  const auto entry = publisher.lastChangeOf(step.zone, step.owner ? *step.owner : step.name);
  if (!entry) return {{"error", entry.error().text()}};
  if (!*entry) return nullptr;
  JsonDocument json = entryJson(**entry);
  for (const char* key : {"seal", "digest", "overridden", "quarantined"}) json.erase(key);
  return json;
}

JsonDocument stepJson(const Publisher& publisher, const TraceStep& step, WallTime now) {
  JsonDocument json{{"name", step.name.text()},
                    {"zone", step.zone.text()},
                    {"generation", step.generation},
                    {"age_seconds", std::chrono::duration<double>(now - step.committedAt).count()},
                    {"found", textOf(step.found)},
                    {"wildcard", step.wildcard}};
  if (step.owner) json["owner"] = step.owner->text();
  if (step.target) json["target"] = step.target->text();
  if (step.rrset) putData(json, *step.rrset);
  json["last_change"] = lastChangeJson(publisher, step);
  return json;
}

/// The dry run of a plan that does nothing but take away what answers here; null where nothing of the zone
/// does.
Result<JsonDocument> removalJson(Publisher& publisher, const ExplainWish& wish, const Trace& trace) {
  if (trace.steps.empty() || !trace.steps.front().owner) return JsonDocument();
  const TraceStep& first = trace.steps.front();
  if (first.zone != wish.zone || first.found == Found::NoData) return JsonDocument();
  Submission submission;
  submission.plan.zone = wish.zone;
  submission.plan.kind = PlanKind::Delta;
  submission.plan.base = first.generation;
  // An alias, a cut or a DNAME answers for every type, so it is gone as a whole or not at all.
  const bool isOneType = wish.type && first.found == Found::Data;
  const Removal removal{*first.owner, isOneType ? wish.type : std::nullopt};
  submission.plan.removals.push_back(removal);
  submission.caller = wish.caller;
  submission.dryRun = true;
  const Result<Outcome> outcome = publisher.submit(submission);
  if (!outcome) return outcome.error();
  return JsonDocument{
      {"removes", removal.type ? removal.name.text() + "/" + toText(*removal.type) : removal.name.text()},
      {"outcome", outcome->kind == Outcome::Kind::Accepted ? "accepted" : "refused"},
      {"reasons", reasonsJson(outcome->verdict.reasons)},
      {"unlisted", outcome->verdict.unlisted}};
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

Result<JsonDocument> explain(Publisher& publisher, const ExplainWish& wish, WallTime now) {
  std::vector<Trace> traces;
  {
    const ReadSection section;
    const Snapshot& snapshot = publisher.snapshot().read(section);
    std::vector<RRType> types;
    if (wish.type)
      types.push_back(*wish.type);
    else
      types = answeredTypes(snapshot, wish.name);
    if (types.empty()) types.push_back(RRType::A);
    for (const RRType type : types) traces.push_back(traceOf(snapshot, wish.name, type));
  }
  JsonDocument document{{"zone", wish.zone.text()},
                        {"name", wish.name.text()},
                        {"in_zone", wish.name.view().isAtOrBelow(wish.zone)},
                        {"answers", JsonDocument::array()},
                        {"removal", nullptr}};
  for (const Trace& trace : traces) {
    JsonDocument answer{
        {"type", toText(trace.type)}, {"result", resultOf(trace)}, {"steps", JsonDocument::array()}};
    for (const TraceStep& step : trace.steps) answer["steps"].push_back(stepJson(publisher, step, now));
    document["answers"].push_back(std::move(answer));
  }
  auto removal = removalJson(publisher, wish, traces.front());
  if (!removal) return removal.error();
  document["removal"] = *std::move(removal);
  return document;
}

}  // namespace holdfast
