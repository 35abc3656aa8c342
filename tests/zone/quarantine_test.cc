#include <catch2/catch.hpp>

#include "tests/zone/guarded.h"

using namespace holdfast;
using namespace holdfast::test;
using Rules = std::vector<std::string>;

namespace {

/// Ten endpoints of four targets, an alias to the first, and two endpoints that may be quarantined.
struct Quarantining : Guarded {
  Quarantining() {
    policy.quarantine = {2, 0};
    policy.minTargets = 2;
    PlanDraft plan = fleetPlan(name("z."), PlanKind::Full, fleet());
    plan.rrsets.push_back({name("www.z."), {RRType::CNAME, 60, 0, {name("e0.z.").wire()}, {}}});
    REQUIRE(rulesOf(push(plan)).empty());
  }
  static Fleet fleet() {
    Fleet fleet;
    for (int i = 0; i < 10; ++i) fleet["e" + std::to_string(i)] = targets(4);
    return fleet;
  }
  std::size_t targetsOf(const std::string& label) const {
    const NodeView node = zone().find(name(label + ".z."));
    return node ? node.find(RRType::A).count() : 0;
  }
};

}  // namespace

TEST_CASE_METHOD(Quarantining,
                 "quarantine: the rest of a plan is published, refused endpoints stay as they were") {
  const Candidate made = delta({{"e1", targets(1)}, {"e2", {}}, {"e3", targets(5)}});
  CHECK(rulesOf(made).empty());
  CHECK(rulesOf(made.quarantined) == Rules{"empty-answer e2.z.", "floor e1.z.", "floor e1.z./A"});
  CHECK(made.kept == std::vector<Name>{name("e1.z."), name("e2.z.")});
  CHECK(targetsOf("e1") == 4);
  CHECK(targetsOf("e2") == 4);
  CHECK(targetsOf("e3") == 5);
  CHECK(made.verdict.losses.stands.size() == 0);
  CHECK(made.diff.namesChanged == 1);
}

TEST_CASE_METHOD(Quarantining,
                 "quarantine: what a full plan left out stays, what is new and refused stays absent") {
  Fleet next = fleet();
  next.erase("e5");
  next["new"] = targets(1);
  next["e6"] = targets(6);
  PlanDraft plan = fleetPlan(name("z."), PlanKind::Full, next);
  plan.rrsets.push_back({name("www.z."), {RRType::CNAME, 60, 0, {name("e0.z.").wire()}, {}}});
  const Candidate made = push(plan);
  CHECK(rulesOf(made).empty());
  CHECK(rulesOf(made.quarantined) == Rules{"vanished e5.z.", "floor new.z."});
  CHECK(targetsOf("e5") == 4);
  CHECK(targetsOf("new") == 0);
  CHECK(targetsOf("e6") == 6);
}

TEST_CASE_METHOD(Quarantining, "quarantine: one endpoint more than allowed, and the plan is refused whole") {
  const Candidate refused =
      delta({{"e1", targets(1)}, {"e2", targets(1)}, {"e3", targets(1)}, {"e4", targets(5)}});
  CHECK(rulesOf(refused).size() == 6);
  CHECK(refused.quarantined.empty());
  CHECK(targetsOf("e4") == 4);
  policy.quarantine = {0, 30};
  CHECK(delta({{"e1", targets(1)}, {"e2", targets(1)}, {"e3", targets(1)}, {"e4", targets(5)}})
            .quarantined.size() == 6);
  CHECK(targetsOf("e4") == 5);
  policy.quarantine = {0, 29};
  CHECK_FALSE(rulesOf(delta({{"e1", targets(1)}, {"e2", targets(1)}, {"e3", targets(1)}, {"e4", targets(6)}}))
                  .empty());
  policy.quarantine = {};
  CHECK(rulesOf(delta({{"e1", targets(1)}, {"e4", targets(6)}})) == Rules{"floor e1.z.", "floor e1.z./A"});
}

TEST_CASE_METHOD(Quarantining, "quarantine: a plan of which nothing is left is refused") {
  CHECK(rulesOf(delta({{"e1", targets(1)}})) == Rules{"floor e1.z.", "floor e1.z./A"});
}

TEST_CASE_METHOD(Quarantining, "quarantine: rules about the plan as a whole are never passed over") {
  SECTION("the apex") {
    PlanDraft plan = fleetPlan(name("z."), PlanKind::Delta, {{"e1", targets(1)}, {"e2", targets(5)}});
    plan.rrsets.push_back({name("z."), {RRType::NS, 60, 0, {name("ns.other.").wire()}, {}}});
    CHECK(rulesOf(push(plan)) == Rules{"apex-changed z./NS", "floor e1.z.", "floor e1.z./A"});
  }
  SECTION("the velocity of the zone") {
    policy.velocity.allowEndpoints = 0;
    policy.velocity.endpointsPercent = 5;
    CHECK(rulesOf(delta({{"e1", targets(1)}, {"e2", targets(5)}}, {"e7"})) ==
          Rules{"floor e1.z.", "floor e1.z./A", "velocity z."});
  }
  SECTION("a record that may not stand there") {
    PlanDraft plan = fleetPlan(name("z."), PlanKind::Delta, {{"e1", targets(1)}, {"e2", targets(5)}});
    plan.rrsets.push_back({name("e2.z."), {RRType::CNAME, 60, 0, {name("e3.z.").wire()}, {}}});
    const Candidate refused = push(plan);
    CHECK_FALSE(refused.verdict.accepted());
    CHECK(refused.quarantined.empty());
  }
  CHECK(targetsOf("e1") == 4);
  CHECK(targetsOf("e2") == 4);
}

TEST_CASE_METHOD(Quarantining, "quarantine: the velocity of one endpoint is the endpoint's") {
  REQUIRE(rulesOf(delta({{"e1", targets(3)}})).empty());
  REQUIRE(rulesOf(delta({{"e1", targets(2)}})).empty());
  policy.minTargets = 1;
  const Candidate made = delta({{"e1", targets(1)}, {"e2", targets(5)}});
  CHECK(rulesOf(made).empty());
  CHECK(rulesOf(made.quarantined) == Rules{"velocity e1.z./A"});
  CHECK(targetsOf("e1") == 2);
  CHECK(targetsOf("e2") == 5);
}

TEST_CASE_METHOD(Quarantining,
                 "quarantine: an alias that depends on a quarantined endpoint is judged with it") {
  // Without e0 the alias loses its answer; with e0 as it was it does not.
  const Candidate made = delta({{"e0", {}}, {"e2", targets(5)}});
  CHECK(rulesOf(made).empty());
  CHECK(rulesOf(made.quarantined) == Rules{"empty-answer e0.z.", "empty-answer www.z./A"});
  CHECK(made.kept == std::vector<Name>{name("e0.z.")});
  CHECK(targetsOf("e0") == 4);
  // Where the endpoint's going is meant, the alias alone stands in the way, and the plan as a whole is at
  // fault.
  const Candidate refused = delta({{"e1", targets(1)}, {"e2", targets(6)}}, {"e0"});
  CHECK(rulesOf(refused) == Rules{"floor e1.z.", "floor e1.z./A", "empty-answer www.z./A"});
  CHECK(targetsOf("e2") == 5);
}

TEST_CASE_METHOD(Quarantining, "quarantine: what is wrong only with the rest is told too") {
  // An alias to an endpoint that is new and refused: without the endpoint it would lose what it has.
  policy.velocity.endpointPercent = 100;  // that the alias turns to less is no finding of its own
  PlanDraft plan = fleetPlan(name("z."), PlanKind::Delta, {{"fresh", targets(1)}, {"e2", targets(5)}});
  plan.rrsets.push_back({name("www.z."), {RRType::CNAME, 60, 0, {name("fresh.z.").wire()}, {}}});
  const Candidate refused = push(plan);
  CHECK(rulesOf(refused) == Rules{"floor fresh.z.", "empty-answer www.z./A"});
  CHECK(targetsOf("e2") == 4);
}
