// The rule velocity where aliases turn: what counts is what clients get under the name.
#include <catch2/catch.hpp>

#include "tests/zone/guarded.h"

using namespace holdfast;
using namespace holdfast::test;
using namespace std::chrono_literals;
using Rules = std::vector<std::string>;

namespace {

struct Aliases : Guarded {
  Aliases() : Guarded({"y.", "z."}) {
    PlanDraft other = fleetPlan(name("y."), PlanKind::Full, {{"pool", targets(20)}});
    REQUIRE(rulesOf(push(other)).empty());
    PlanDraft plan = fleetPlan(name("z."), PlanKind::Full,
                               {{"pool-a", targets(100)},
                                {"pool-b", targets(50)},
                                {"pool-c", targets(25)},
                                {"x.large", targets(10)},
                                {"y.large", targets(4)},
                                {"x.small", targets(4)},
                                {"y.small", targets(3)}});
    add(plan, "www", RRType::CNAME, "pool-a.z.");
    add(plan, "chain", RRType::CNAME, "www.z.");
    add(plan, "old", RRType::DNAME, "large.z.");
    REQUIRE(rulesOf(push(plan)).empty());
  }
  static void add(PlanDraft& plan, const std::string& owner, RRType type, const std::string& target) {
    plan.rrsets.push_back({*Name::fromText(owner, plan.zone), {type, 60, 0, {name(target).wire()}, {}}});
  }
  Candidate turn(const std::string& owner, const std::string& target, const Fleet& with = {},
                 const std::vector<std::string>& remove = {}, RRType type = RRType::CNAME) {
    PlanDraft plan = fleetPlan(name("z."), PlanKind::Delta, with, remove);
    add(plan, owner, type, target);
    return push(plan);
  }
  RRsetLoss standing(const std::string& endpoint) { return ledger.of(name("z.")).of(name(endpoint)).a; }
};

}  // namespace

TEST_CASE_METHOD(Aliases, "velocity: an alias that turns to less loses what clients get less of") {
  CHECK(rulesOf(turn("www", "pool-b.z.")).empty());
  // No RRset with targets changed: neither the zone nor who leads to the alias lost anything.
  CHECK(standing("www.z.") == RRsetLoss{0, 0, 50});
  CHECK(standing("chain.z.") == RRsetLoss{});
  CHECK(ledger.of(name("z.")).total() == Loss{});
  pass(100s);
  const Candidate refused = turn("www", "pool-c.z.");
  REQUIRE(rulesOf(refused) == Rules{"velocity www.z./A"});
  const Reason& reason = refused.verdict.reasons[0];
  CHECK(reason.observed == "75 of 100 targets removed, 25 of them by this plan");
  CHECK(reason.limit == "at most 50 targets (50%) within 10 min of one endpoint");
  CHECK_THAT(reason.detail, Catch::Contains("possible in 500 s"));
  CHECK(reason.code == "endpoint");
  pass(500s);
  CHECK(rulesOf(turn("www", "pool-c.z.")).empty());
}

TEST_CASE_METHOD(Aliases, "velocity: an alias may be overridden, and one that turns to more is not slowed") {
  CHECK(rulesOf(turn("www", "pool-c.z.")) == Rules{"velocity www.z./A"});
  PlanDraft plan = fleetPlan(name("z."), PlanKind::Delta, {});
  add(plan, "www", RRType::CNAME, "pool-c.z.");
  CHECK(rulesOf(push(plan, {"velocity:www"})).empty());
  CHECK(rulesOf(turn("www", "pool-b.z.")).empty());
  CHECK(standing("www.z.") == RRsetLoss{0, 0, 50});
  CHECK(rulesOf(turn("www", "pool-c.z.")) == Rules{"velocity www.z./A"});
  for (int i = 0; i < 20; ++i) CHECK(rulesOf(turn("www", i % 2 == 0 ? "pool-a.z." : "pool-b.z.")).empty());
}

TEST_CASE_METHOD(Aliases, "velocity: only the alias that turns loses, and a pool that shrinks by itself") {
  CHECK(rulesOf(turn("chain", "pool-b.z.")).empty());
  CHECK(standing("chain.z.") == RRsetLoss{0, 0, 50});
  CHECK(standing("www.z.") == RRsetLoss{});
  CHECK(rulesOf(delta({{"pool-a", targets(90)}})).empty());
  CHECK(standing("pool-a.z.") == RRsetLoss{10, 1000, 10});
  CHECK(standing("www.z.") == RRsetLoss{});
  // Turned in the plan that makes its target as large as the one before, it loses nothing.
  CHECK(rulesOf(turn("www", "pool-c.z.", {{"pool-c", targets(90)}})).empty());
  CHECK(standing("www.z.") == RRsetLoss{});
}

TEST_CASE_METHOD(Aliases, "velocity: an alias is followed over the zones held, and out of them loses all") {
  CHECK(rulesOf(turn("www", "pool.y.")) == Rules{"velocity www.z./A"});
  CHECK(rulesOf(turn("chain", "outside.example.", {}, {"chain/A", "chain/CNAME"})).empty());
  CHECK(standing("chain.z.") == RRsetLoss{0, 0, 100});
  // As removal by name and a smaller addition: not slowed, and what it had is not forgotten.
  CHECK(rulesOf(turn("chain", "pool-b.z.")).empty());
  CHECK(standing("chain.z.") == RRsetLoss{0, 0, 50});
  CHECK(rulesOf(turn("chain", "pool.y.")) == Rules{"velocity chain.z./A"});
}

TEST_CASE_METHOD(Aliases, "velocity: an endpoint that becomes an alias is measured by what clients get") {
  // As many as before: the zone lost them all the same, the endpoint nothing.
  CHECK(rulesOf(delta({{"lb", targets(20)}})).empty());
  CHECK(rulesOf(turn("lb", "pool.y.", {}, {"lb/A"})).empty());
  CHECK(standing("lb.z.") == RRsetLoss{20, 2000, 0});
  CHECK(ledger.of(name("z.")).total() == Loss{20, 2000, 1});
  // Back with a target less than the half: the alias gave as many as it had.
  const Candidate refused = push([] {
    PlanDraft plan = fleetPlan(name("z."), PlanKind::Delta, {{"lb", targets(9)}}, {"lb/CNAME"});
    return plan;
  }());
  REQUIRE(rulesOf(refused) == Rules{"velocity lb.z./A"});
  CHECK(refused.verdict.reasons[0].observed == "11 of 20 targets removed, 11 of them by this plan");
}

TEST_CASE_METHOD(Aliases, "velocity: under a DNAME that turns each name loses what clients get less of") {
  const Candidate refused = turn("old", "small.z.", {}, {}, RRType::DNAME);
  REQUIRE(rulesOf(refused) == Rules{"velocity x.old.z./A"});
  CHECK(refused.verdict.reasons[0].observed == "6 of 10 targets removed, 6 of them by this plan");
  CHECK(refused.verdict.losses.stands.of(name("y.old.z.")).a == RRsetLoss{0, 0, 1});
  CHECK(refused.verdict.losses.stands.total() == Loss{});
  REQUIRE(rulesOf(delta({{"x.small", targets(9)}})).empty());
  CHECK(rulesOf(turn("old", "small.z.", {}, {}, RRType::DNAME)).empty());
  CHECK(standing("x.old.z.") == RRsetLoss{0, 0, 1});
  CHECK(rulesOf(turn("old", "large.z.", {}, {}, RRType::DNAME)).empty());
  CHECK(standing("x.old.z.") == RRsetLoss{});
}

TEST_CASE_METHOD(Aliases, "velocity: names of their own in a DNAME's place lose what clients get less of") {
  // All answers stay, so that no other rule finds anything.
  const Candidate refused = delta({{"x.old", targets(1)}, {"y.old", targets(1)}}, {"old"});
  REQUIRE(rulesOf(refused) == Rules{"velocity x.old.z./A", "velocity y.old.z./A"});
  CHECK(refused.verdict.reasons[0].observed == "9 of 10 targets removed, 9 of them by this plan");
  CHECK(refused.verdict.losses.stands.of(name("x.old.z.")).a == RRsetLoss{0, 0, 9});
  // The zone has more of everything than before.
  CHECK(refused.verdict.losses.stands.total() == Loss{});
  REQUIRE(rulesOf(delta({{"x.old", targets(6)}, {"y.old", targets(4)}}, {"old"})).empty());
  CHECK(standing("x.old.z.") == RRsetLoss{0, 0, 4});
  CHECK(standing("y.old.z.") == RRsetLoss{});
  CHECK(rulesOf(delta({{"x.old", targets(4)}})) == Rules{"velocity x.old.z./A"});
}

TEST_CASE_METHOD(Aliases, "velocity: so does a name in the place of what a DNAME made of a wildcard") {
  REQUIRE(rulesOf(delta({{"*.large", targets(8)}})).empty());
  const Candidate refused =
      delta({{"x.old", targets(10)}, {"y.old", targets(4)}, {"any.old", targets(3)}, {"*.old", targets(8)}},
            {"old", "*.any.old"});
  REQUIRE(rulesOf(refused) == Rules{"velocity any.old.z./A"});
  CHECK(refused.verdict.reasons[0].observed == "5 of 8 targets removed, 5 of them by this plan");
  // A name in a wildcard's own place was nobody's before and is an addition.
  CHECK(rulesOf(delta({{"any.large", targets(1)}}, {"*.any.large", "*.any.old"})).empty());
}

TEST_CASE_METHOD(Aliases, "velocity: and names that make place for a DNAME, by what it makes of them") {
  policy.minCapacityPercent = 0;
  REQUIRE(rulesOf(delta({{"x.new", targets(10)}, {"y.new", targets(3)}})).empty());
  const Candidate refused = turn("new", "small.z.", {}, {"x.new", "y.new"}, RRType::DNAME);
  REQUIRE(rulesOf(refused) == Rules{"velocity x.new.z./A"});
  CHECK(refused.verdict.reasons[0].observed == "6 of 10 targets removed, 6 of them by this plan");
  CHECK(refused.verdict.losses.stands.of(name("y.new.z.")).a == RRsetLoss{3, 300, 0});
  policy.minCapacityPercent = 50;
  CHECK(rulesOf(turn("new", "small.z.", {}, {"x.new", "y.new"}, RRType::DNAME)) == Rules{"floor x.new.z./A"});
  CHECK(rulesOf(turn("new", "large.z.", {}, {"x.new", "y.new"}, RRType::DNAME)).empty());
  CHECK(standing("x.new.z.") == RRsetLoss{10, 1000, 0});
}

TEST_CASE_METHOD(Aliases, "floor: a name with a floor of its own is held to what a DNAME made of it") {
  policy.velocity = server = {100, 100, 100, 100, 600s, 0, 0};
  policy.endpoints.set(name("x.old.z."), {5, 80});
  CHECK(rulesOf(delta({{"x.old", targets(7)}, {"y.old", targets(1)}}, {"old"})) == Rules{"floor x.old.z./A"});
  CHECK(rulesOf(delta({{"x.old", targets(8)}, {"y.old", targets(1)}}, {"old"})).empty());
}
