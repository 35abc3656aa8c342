#include "tests/zone/guarded.h"

#include <stdexcept>

#include "zone/compile.h"
#include "zone/zone_make.h"

namespace holdfast::test {

std::vector<FleetTarget> targets(std::size_t count, std::uint16_t first) {
  std::vector<FleetTarget> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back({static_cast<std::uint16_t>(first + i), 100});
  return all;
}

PlanDraft fleetPlan(const Name& zone, PlanKind kind, const Fleet& endpoints,
                    const std::vector<std::string>& remove) {
  PlanDraft plan{zone, kind};
  for (const auto& [label, fleet] : endpoints) {
    plan.endpoints.push_back({*Name::fromText(label, zone)});
    PlanDraft::Endpoint& endpoint = plan.endpoints.back();
    if (fleet.empty()) continue;
    RRset rrset{RRType::A, 60, 0, {}, {}};
    for (const FleetTarget& target : fleet) {
      rrset.rdata.push_back(
          {'\x0a', '\1', static_cast<char>(target.address >> 8), static_cast<char>(target.address)});
      rrset.targets.push_back({"lb", target.weight});
    }
    rrset.canonicalise();
    endpoint.a = std::move(rrset);
  }
  if (kind == PlanKind::Full)
    plan.rrsets.push_back({zone, {RRType::NS, 60, 0, {name("ns.elsewhere.").wire()}, {}}});
  for (const std::string& text : remove) plan.removals.push_back(*parseRemoval(text, zone));
  return plan;
}

Plan PlanDraft::made() const {
  Plan plan;
  plan.zone = zone;
  plan.kind = kind;
  plan.removals = removals;
  std::map<Name, std::vector<RRset>> owners;
  for (const Endpoint& endpoint : endpoints) {
    if (!endpoint.a && !endpoint.aaaa)
      plan.emptied.push_back({endpoint.owner, "/endpoints/" + toRelativeText(endpoint.owner, zone)});
    for (const auto& half : {endpoint.a, endpoint.aaaa})
      if (half) owners[endpoint.owner].push_back(*half);
  }
  for (const Records& records : rrsets) owners[records.owner].push_back(records.rrset);
  GatheredNodes nodes;
  for (const auto& [owner, sets] : owners)
    nodes.add(HashedName(owner).hash(), encodeNode(owner, 0, settled(sets)));
  plan.sets = *makeZone(zone, std::move(nodes), [](std::span<const NodeView>) -> Result<std::string> {
    throw std::logic_error("an owner comes twice");
  });
  return plan;
}

Guarded::Guarded(std::vector<std::string> zones) {
  std::vector<Snapshot::ZonePtr> empty;
  for (const std::string& apex : zones) empty.push_back(std::make_shared<Zone>(name(apex), WallTime{}));
  served_ = std::make_unique<Snapshot>(std::move(empty));
}

const Zone& Guarded::zone(std::string_view apex) const {
  return *served_->zoneAt(name(apex));
}

Basis Guarded::basisFor(NameView zone) {
  Basis basis;
  const auto zones = served_->zones();
  basis.served = std::make_unique<Snapshot>(std::vector<Snapshot::ZonePtr>(zones.begin(), zones.end()));
  for (const auto& each : zones) {
    if (each->apex() == zone)
      basis.content = each;
    else
      basis.elsewhereHas += capacityOf(each->facts());
  }
  basis.policy = policy;
  basis.serverVelocity = server;
  basis.at = now;
  ledger.setServerWindow(server.per);
  basis.losses = ledger.of(zone);
  const VelocityLedger::Lately lately = ledger.lately(zone, now);
  basis.lately = lately.here;
  basis.elsewhere = lately.elsewhere;
  return basis;
}

Candidate Guarded::push(const PlanDraft& plan, const std::vector<std::string>& allow) {
  Submission submission;
  submission.plan = plan.made();
  if (!allow.empty()) submission.reason = "the test wants it";
  for (const std::string& text : allow) submission.overrides.push_back(*parseOverride(text, plan.zone));
  const Basis basis = basisFor(plan.zone);
  Candidate candidate = makeCandidate(submission, basis, ++generation_, WallTime{});
  if (!candidate.verdict.accepted()) return candidate;
  LossStep losses = candidate.verdict.losses;
  ledger.put(plan.zone, losses);
  served_ = served_->with(candidate.zone);
  return candidate;
}

Candidate Guarded::full(const Fleet& fleet, const std::vector<std::string>& remove) {
  return push(fleetPlan(name("z."), PlanKind::Full, fleet, remove));
}

Candidate Guarded::delta(const Fleet& fleet, const std::vector<std::string>& remove,
                         const std::vector<std::string>& allow) {
  return push(fleetPlan(name("z."), PlanKind::Delta, fleet, remove), allow);
}

std::vector<std::string> rulesOf(const std::vector<Reason>& reasons) {
  std::vector<std::string> rules;
  for (const Reason& reason : reasons)
    rules.push_back(std::string(toText(reason.rule)) + " " + reason.name +
                    (reason.type.empty() ? "" : "/" + reason.type));
  return rules;
}

std::vector<std::string> rulesOf(const Candidate& candidate) {
  return rulesOf(candidate.verdict.reasons);
}

}  // namespace holdfast::test
