#include <catch2/catch.hpp>

#include "tests/zone/guarded.h"

using namespace holdfast;
using namespace holdfast::test;
using Rules = std::vector<std::string>;

namespace {

PlanDraft::Records cname(const Guarded& guarded, const std::string& owner, const std::string& target) {
  const Name apex(guarded.zone().apex());
  return {*Name::fromText(owner, apex), {RRType::CNAME, 60, 0, {Name::fromText(target, apex)->wire()}, {}}};
}

std::vector<FleetTarget> weighing(std::size_t count, std::uint32_t weight) {
  std::vector<FleetTarget> all = targets(count);
  for (FleetTarget& target : all) target.weight = weight;
  return all;
}

}  // namespace

TEST_CASE("floor: an endpoint has its own minimum of targets, others the zone's") {
  Guarded guarded;
  guarded.policy.minTargets = 2;
  guarded.policy.endpoints.set(name("big.z."), {4, std::nullopt});
  REQUIRE(rulesOf(guarded.full({{"big", targets(5)}, {"small", targets(3)}})).empty());
  CHECK(rulesOf(guarded.delta({{"big", targets(4)}, {"small", targets(2)}})).empty());
  const Candidate refused = guarded.delta({{"big", targets(3)}});
  REQUIRE(rulesOf(refused) == Rules{"floor big.z."});
  CHECK(refused.verdict.reasons[0].observed == "3 targets");
  CHECK(refused.verdict.reasons[0].limit == "at least 4 targets");
  CHECK(refused.verdict.reasons[0].where == "/endpoints/big");
  CHECK(rulesOf(guarded.delta({{"new", targets(1)}})) == Rules{"floor new.z."});
  CHECK(rulesOf(guarded.delta({{"big", targets(3)}}, {}, {"floor:big"})).empty());
}

TEST_CASE("floor: an endpoint has its own minimum of capacity, others the zone's") {
  Guarded guarded;
  guarded.policy.velocity.weightPercent = guarded.policy.velocity.endpointPercent = 100;
  guarded.policy.endpoints.set(name("tight.z."), {std::nullopt, 90});
  guarded.policy.endpoints.set(name("loose.z."), {std::nullopt, 0});
  const Fleet fleet{{"loose", weighing(2, 100)}, {"tight", weighing(2, 100)}, {"web", weighing(2, 100)}};
  REQUIRE(rulesOf(guarded.full(fleet)).empty());
  CHECK(rulesOf(guarded.delta({{"tight", weighing(2, 89)}})) == Rules{"floor tight.z./A"});
  CHECK(rulesOf(guarded.delta({{"tight", weighing(2, 90)}})).empty());
  CHECK(rulesOf(guarded.delta({{"web", weighing(2, 49)}})) == Rules{"floor web.z./A"});
  CHECK(rulesOf(guarded.delta({{"web", weighing(2, 50)}})).empty());
  CHECK(rulesOf(guarded.delta({{"loose", weighing(2, 1)}})).empty());
}

TEST_CASE("floor: what is below it already may be mended step by step, and not made worse") {
  Guarded guarded;
  REQUIRE(rulesOf(guarded.full({{"lb", targets(2)}})).empty());
  guarded.policy.minTargets = 5;
  CHECK(rulesOf(guarded.delta({{"lb", targets(2, 10)}})).empty());  // no worse
  CHECK(rulesOf(guarded.delta({{"lb", targets(3, 10)}})).empty());
  CHECK(rulesOf(guarded.delta({{"lb", targets(2, 10)}})) == Rules{"floor lb.z."});
  CHECK(rulesOf(guarded.delta({{"lb", targets(4, 10)}})).empty());
  CHECK(rulesOf(guarded.delta({{"lb", targets(5, 10)}})).empty());
  CHECK(rulesOf(guarded.delta({{"lb", targets(4, 10)}})) == Rules{"floor lb.z."});
}

TEST_CASE("floor: an endpoint of targets of weight 0 only has no capacity") {
  Guarded guarded;
  guarded.policy.minCapacityPercent = 0;
  guarded.policy.velocity.weightPercent = guarded.policy.velocity.endpointPercent = 100;
  CHECK(rulesOf(guarded.full({{"lb", weighing(2, 0)}})) == Rules{"floor lb.z."});
  REQUIRE(rulesOf(guarded.full({{"lb", weighing(2, 5)}, {"web", targets(2)}})).empty());
  CHECK(rulesOf(guarded.delta({{"lb", weighing(2, 0)}})) == Rules{"floor lb.z."});
  CHECK(rulesOf(guarded.delta({{"lb", weighing(2, 0)}}, {}, {"floor:lb"})).empty());
  CHECK(rulesOf(guarded.delta({{"lb", weighing(3, 0)}})).empty());  // it is so already
  CHECK(rulesOf(guarded.delta({{"lb", {{1, 1}, {2, 0}}}})).empty());
}

TEST_CASE("floor: an alias with a floor of its own is held to it by what it leads to") {
  Guarded guarded;
  guarded.policy.velocity.endpointPercent = guarded.policy.velocity.targetsPercent = 100;
  guarded.policy.endpoints.set(name("www.z."), {3, 0});
  PlanDraft first = fleetPlan(name("z."), PlanKind::Full, {{"few", targets(2)}, {"lb", targets(4)}});
  first.rrsets.push_back(cname(guarded, "www", "step"));
  first.rrsets.push_back(cname(guarded, "step", "lb"));
  first.rrsets.push_back(cname(guarded, "other", "lb"));
  REQUIRE(rulesOf(guarded.push(first)).empty());
  CHECK(rulesOf(guarded.delta({{"lb", targets(3)}})).empty());
  CHECK(rulesOf(guarded.delta({{"lb", targets(2)}})) == Rules{"floor www.z."});
  PlanDraft turned = fleetPlan(name("z."), PlanKind::Delta, {});
  turned.rrsets.push_back(cname(guarded, "www", "few"));
  const Candidate refused = guarded.push(turned);
  CHECK(rulesOf(refused) == Rules{"floor www.z."});
  turned.rrsets[0] = cname(guarded, "other", "few");
  CHECK(rulesOf(guarded.push(turned)).empty());
}

TEST_CASE("floor: an endpoint that becomes an alias has the capacity of what it leads to") {
  Guarded guarded;
  REQUIRE(rulesOf(guarded.full({{"few", targets(1)}, {"lb", targets(4)}})).empty());
  PlanDraft turned = fleetPlan(name("z."), PlanKind::Delta, {}, {"lb/A"});
  turned.rrsets.push_back(cname(guarded, "lb", "few"));
  CHECK(rulesOf(guarded.push(turned)) == Rules{"floor lb.z./A"});
}
