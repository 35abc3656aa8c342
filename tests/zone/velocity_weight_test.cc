// The rule velocity over records that have no weights for a while: what they had is not forgotten.
#include <catch2/catch.hpp>

#include "tests/zone/guarded.h"

using namespace holdfast;
using namespace holdfast::test;
using namespace std::chrono_literals;
using Rules = std::vector<std::string>;

namespace {

struct Weights : Guarded {
  Weights() { REQUIRE(rulesOf(full({{"lb", weighing(10, 100)}})).empty()); }

  static std::vector<FleetTarget> weighing(std::size_t count, std::uint32_t weight) {
    std::vector<FleetTarget> all = targets(count);
    for (FleetTarget& target : all) target.weight = weight;
    return all;
  }
  /// One target of weight 100, the others of that one.
  static std::vector<FleetTarget> lopsided(std::size_t count, std::uint32_t weight) {
    std::vector<FleetTarget> all = weighing(count, weight);
    all[0].weight = 100;
    return all;
  }
  /// The same addresses as records without weights.
  Candidate plain(std::size_t count, const std::vector<std::string>& allow = {}) {
    PlanDraft plan = fleetPlan(name("z."), PlanKind::Delta, {{"lb", targets(count)}});
    RRset rrset = *std::move(plan.endpoints[0].a);
    rrset.targets.clear();
    plan.rrsets.push_back({plan.endpoints[0].owner, std::move(rrset)});
    plan.endpoints.clear();
    return push(plan, allow);
  }
  Candidate weighed(const std::vector<FleetTarget>& fleet, const std::vector<std::string>& allow = {}) {
    return delta({{"lb", fleet}}, {}, allow);
  }
  std::int64_t standing() { return ledger.of(name("z.")).of(name("lb.z.")).a.weight; }
};

}  // namespace

TEST_CASE_METHOD(Weights, "floor: weights given to plain records must leave as many targets in use") {
  REQUIRE(rulesOf(weighed(lopsided(10, 0))) == Rules{"floor lb.z./A"});
  REQUIRE(rulesOf(plain(10)).empty());
  const Candidate refused = weighed(lopsided(10, 0));
  REQUIRE(rulesOf(refused) == Rules{"floor lb.z./A"});
  CHECK(refused.verdict.reasons[0].observed == "1 of 10 records (10%)");
  pass(600s);  // the window has forgotten the weights, the floor needs none
  CHECK(rulesOf(weighed(lopsided(10, 0))) == Rules{"floor lb.z./A"});
  CHECK(rulesOf(weighed(weighing(10, 7))).empty());
}

TEST_CASE_METHOD(Weights, "velocity: weights that come back smaller by way of plain records are a loss") {
  REQUIRE(rulesOf(plain(10)).empty());
  CHECK(standing() == 0);
  const Candidate refused = weighed(lopsided(10, 1));
  REQUIRE(rulesOf(refused) == Rules{"velocity lb.z./A"});
  CHECK(refused.verdict.reasons[0].observed == "891 of 1000 weight removed, 891 of them by this plan");
  REQUIRE(rulesOf(weighed(weighing(10, 60))).empty());
  CHECK(standing() == 400);
  CHECK(ledger.of(name("z.")).total() == Loss{0, 400, 0});
}

TEST_CASE_METHOD(Weights, "velocity: plain records settle no loss of weight, whatever comes after them") {
  REQUIRE(rulesOf(weighed(weighing(10, 50))).empty());
  REQUIRE(rulesOf(weighed(weighing(10, 30))) == Rules{"velocity lb.z./A"});
  SECTION("the weights before") {
    REQUIRE(rulesOf(plain(10)).empty());
    REQUIRE(rulesOf(weighed(weighing(10, 50))).empty());
    CHECK(standing() == 500);
  }
  SECTION("again and again") {
    for (int i = 0; i < 3; ++i) {
      REQUIRE(rulesOf(plain(10)).empty());
      REQUIRE(rulesOf(weighed(weighing(10, 50))).empty());
    }
    CHECK(standing() == 500);
  }
  SECTION("removal by name") {
    REQUIRE(rulesOf(plain(10)).empty());
    REQUIRE(rulesOf(delta({}, {"lb"})).empty());
    CHECK(standing() == 1000);
    REQUIRE(rulesOf(weighed(weighing(10, 50))).empty());
    CHECK(standing() == 500);
  }
  const Candidate refused = weighed(weighing(10, 30));
  REQUIRE(rulesOf(refused) == Rules{"velocity lb.z./A"});
  CHECK(refused.verdict.reasons[0].observed == "700 of 1000 weight removed, 200 of them by this plan");
}

TEST_CASE_METHOD(Weights, "velocity: weights that come back through plain records settle what they exceed") {
  REQUIRE(rulesOf(weighed(weighing(10, 50))).empty());
  REQUIRE(rulesOf(plain(10)).empty());
  REQUIRE(rulesOf(weighed(weighing(10, 80))).empty());
  CHECK(standing() == 200);
  REQUIRE(rulesOf(plain(10)).empty());
  REQUIRE(rulesOf(weighed(weighing(10, 900))).empty());
  CHECK(standing() == 0);
  // Nor are gains saved up by records that never had weights.
  REQUIRE(rulesOf(plain(10)).empty());
  pass(600s);
  REQUIRE(rulesOf(weighed(weighing(10, 1))).empty());
  CHECK(standing() == 0);
  CHECK(ledger.of(name("z.")).since(now - 600s).size() == 0);
}

TEST_CASE_METHOD(Weights, "velocity: sums of zone and server are not reset by plain records") {
  policy.velocity.endpointPercent = 100;
  policy.velocity.allowTargets = server.allowTargets = 0;
  REQUIRE(rulesOf(weighed(weighing(10, 81))).empty());
  REQUIRE(rulesOf(plain(10)).empty());
  CHECK(rulesOf(weighed(weighing(10, 79))) == Rules{"velocity z.", "velocity "});
  const Candidate refused = weighed(weighing(10, 79));
  REQUIRE(rulesOf(refused) == Rules{"velocity z.", "velocity "});
  CHECK(refused.verdict.reasons[0].observed == "210 of 1000 weight removed, 20 of them by this plan");
  CHECK(refused.verdict.reasons[1].observed == "210 of 1000 weight removed, 20 of them by this plan");
  CHECK(rulesOf(weighed(weighing(10, 80))).empty());
}
