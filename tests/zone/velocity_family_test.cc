// The rule velocity by address family, and over removals by name.
#include <catch2/catch.hpp>

#include "tests/zone/guarded.h"

using namespace holdfast;
using namespace holdfast::test;
using namespace std::chrono_literals;
using Rules = std::vector<std::string>;

namespace {

struct Families : Guarded {
  Families() { policy.minCapacityPercent = 0; }  // the floor looks at each plan alone

  /// Makes "lb" an endpoint of so many targets of each family.
  Candidate set(std::size_t a, std::size_t aaaa, std::uint32_t weight = 100,
                const std::vector<std::string>& remove = {}) {
    std::vector<FleetTarget> v4 = targets(a);
    for (FleetTarget& target : v4) target.weight = weight;
    const PlanKind kind = isFirst_ ? PlanKind::Full : PlanKind::Delta;
    PlanDraft plan = fleetPlan(name("z."), kind, {{"lb", v4}}, remove);
    if (a + aaaa == 0) plan.endpoints.clear();
    if (aaaa > 0) plan.endpoints[0].aaaa = v6(aaaa);
    isFirst_ = false;
    return push(plan);
  }
  RRsetLoss standing(RRType type) { return ledger.of(name("z.")).of(name("lb.z.")).of(type); }

 private:
  static RRset v6(std::size_t count) {
    RRset rrset{RRType::AAAA, 60, 0, {}, {}};
    for (std::size_t i = 0; i < count; ++i) {
      std::string address(16, '\x20');
      address[15] = static_cast<char>(i);
      rrset.rdata.push_back(address);
      rrset.targets.push_back({"lb", 100});
    }
    rrset.canonicalise();
    return rrset;
  }
  bool isFirst_ = true;
};

}  // namespace

TEST_CASE_METHOD(Families, "velocity: an endpoint is judged by family, as no client is helped by the other") {
  REQUIRE(rulesOf(set(10, 90)).empty());
  // 9 of 100 targets, and nine in ten of what clients of IPv4 have.
  const Candidate refused = set(1, 90);
  REQUIRE(rulesOf(refused) == Rules{"velocity lb.z./A"});
  CHECK(refused.verdict.reasons[0].observed == "9 of 10 targets removed, 9 of them by this plan");
  CHECK(rulesOf(set(5, 90)).empty());
  CHECK(rulesOf(set(4, 90)) == Rules{"velocity lb.z./A"});
  CHECK(rulesOf(set(4, 99)) == Rules{"velocity lb.z./A"});
  // What the one family gains settles nothing of the other.
  REQUIRE(rulesOf(set(5, 99)).empty());
  CHECK(rulesOf(set(4, 99)) == Rules{"velocity lb.z./A"});
  CHECK(rulesOf(set(5, 95)).empty());
  CHECK(standing(RRType::A) == RRsetLoss{5, 500, 5});
  CHECK(standing(RRType::AAAA) == RRsetLoss{4, 400, 4});
  pass(600s);
  CHECK(rulesOf(set(4, 95)).empty());
}

TEST_CASE_METHOD(Families, "velocity: weight is judged by family, too") {
  policy.velocity.weightPercent = 100;
  server.weightPercent = 100;
  REQUIRE(rulesOf(set(10, 90)).empty());
  CHECK(rulesOf(set(10, 90, 60)).empty());
  const Candidate refused = set(10, 90, 49);
  REQUIRE(rulesOf(refused) == Rules{"velocity lb.z./A"});
  CHECK(refused.verdict.reasons[0].observed == "510 of 1000 weight removed, 110 of them by this plan");
}

TEST_CASE_METHOD(Families,
                 "velocity: a family that goes by name is not judged, and stands when it comes back") {
  REQUIRE(rulesOf(set(4, 8)).empty());
  CHECK(rulesOf(set(4, 0, 100, {"lb/AAAA"})).empty());
  CHECK(standing(RRType::AAAA) == RRsetLoss{8, 800, 8});
  CHECK(rulesOf(set(4, 3)).empty());  // better than none
  CHECK(standing(RRType::AAAA) == RRsetLoss{5, 500, 5});
  const Candidate refused = set(4, 2);
  REQUIRE(rulesOf(refused) == Rules{"velocity lb.z./AAAA"});
  CHECK(refused.verdict.reasons[0].observed == "6 of 8 targets removed, 1 of them by this plan");
}

TEST_CASE_METHOD(Families, "velocity: removed by name and put in again smaller is the loss that it is") {
  REQUIRE(rulesOf(set(8, 0)).empty());
  // By name: in full in the sums, though no endpoint is judged.
  const Candidate removed = set(0, 0, 100, {"lb"});
  REQUIRE(rulesOf(removed).empty());
  CHECK(removed.verdict.losses.stands.total() == Loss{8, 800, 1});
  pass(100s);
  // An addition is never slowed, however small.
  const Candidate added = set(5, 0);
  REQUIRE(rulesOf(added).empty());
  CHECK(added.verdict.losses.stands.total() == Loss{3, 300, 0});
  CHECK(rulesOf(set(4, 0)).empty());  // 4 of the 8 it had
  const Candidate refused = set(3, 0);
  REQUIRE(rulesOf(refused) == Rules{"velocity lb.z./A"});
  CHECK(refused.verdict.reasons[0].observed == "5 of 8 targets removed, 1 of them by this plan");
  CHECK_THAT(refused.verdict.reasons[0].detail, Catch::Contains("possible in 500 s"));
  pass(500s);
  CHECK(rulesOf(set(3, 0)).empty());
}
