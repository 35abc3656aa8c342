// What the guard looks at follows the change, not the zones.
#include <catch2/catch.hpp>
#include <ctime>
#include <iostream>

#include "tests/zone/guarded.h"

using namespace holdfast;
using namespace holdfast::test;
using Rules = std::vector<std::string>;

namespace {

RRset leadingTo(RRType type, const Name& target) {
  return {type, 60, 0, {target.wire()}, {}};
}

/// Two zones of so many endpoints each, a tenth as many aliases beside them, wildcards, DNAMEs and a zone
/// cut.
void fill(Guarded& guarded, int endpoints) {
  for (const char* apex : {"z.", "y."}) {
    const Name zone = name(apex);
    Fleet fleet;
    for (int i = 0; i < endpoints; ++i) fleet["e" + std::to_string(i)] = targets(2);
    fleet["*.wild"] = targets(2);
    fleet["deep.under"] = targets(2);
    PlanDraft plan = fleetPlan(zone, PlanKind::Full, fleet);
    const auto add = [&](const std::string& owner, RRset rrset) {
      plan.rrsets.push_back({*Name::fromText(owner, zone), std::move(rrset)});
    };
    for (int i = 0; i < endpoints / 10; ++i)
      add("www" + std::to_string(i), leadingTo(RRType::CNAME, name("e" + std::to_string(10 * i) + ".z.")));
    for (int i = 0; i < 3; ++i) add("old" + std::to_string(i), leadingTo(RRType::DNAME, name("under.z.")));
    add("any", leadingTo(RRType::CNAME, name("x.wild.z.")));
    add("cut", leadingTo(RRType::NS, name("ns.elsewhere.")));
    REQUIRE(rulesOf(guarded.push(plan)).empty());
  }
}

/// What one change costs in zones of that size, and how it ends.
std::pair<std::uint64_t, Rules> costOf(Guarded& guarded, const Fleet& fleet,
                                       const std::vector<std::string>& remove,
                                       const std::vector<std::pair<std::string, RRset>>& records) {
  PlanDraft plan = fleetPlan(name("z."), PlanKind::Delta, fleet, remove);
  for (const auto& [owner, rrset] : records)
    plan.rrsets.push_back({*Name::fromText(owner, name("z.")), rrset});
  Submission submission;
  submission.plan = plan.made();
  const Candidate made = makeCandidate(submission, guarded.basisFor(name("z.")), 100, WallTime{});
  return {made.verdict.looked, rulesOf(made)};
}

}  // namespace

TEST_CASE("I10: what the guard looks at for a small change does not grow with the zones") {
  Guarded small({"y.", "z."}), large({"y.", "z."});
  fill(small, 1000);
  fill(large, kManyEndpoints);
  struct Change {
    const char* what;
    Fleet fleet;
    std::vector<std::string> remove;
    std::vector<std::pair<std::string, RRset>> records;
    bool passes;
  };
  const std::vector<Change> changes = {
      {"an endpoint's targets", {{"e70", targets(3)}}, {}, {}, true},
      {"a new endpoint", {{"new", targets(3)}}, {}, {}, true},
      {"a new endpoint below a wildcard", {{"new.wild", targets(3)}}, {}, {}, false},
      {"an endpoint with aliases goes", {}, {"e70"}, {}, false},
      {"an endpoint without aliases goes", {}, {"e999"}, {}, true},
      {"what DNAMEs lead to goes", {}, {"deep.under"}, {}, false},
      {"a wildcard with an alias goes", {}, {"*.wild"}, {}, false},
      {"an alias turns", {}, {}, {{"www5", leadingTo(RRType::CNAME, name("e6.z."))}}, true},
      {"an alias turns to nothing", {}, {}, {{"www5", leadingTo(RRType::CNAME, name("nothing.z."))}}, false},
      {"a zone cut where nothing was",
       {},
       {},
       {{"cut2", leadingTo(RRType::NS, name("ns.elsewhere."))}},
       true},
      {"a DNAME where nothing was", {}, {}, {{"old9", leadingTo(RRType::DNAME, name("under.z."))}}, true},
      {"a zone cut goes", {}, {"cut"}, {}, true},
  };
  for (const Change& change : changes) {
    const auto [few, smallRules] = costOf(small, change.fleet, change.remove, change.records);
    const auto [many, largeRules] = costOf(large, change.fleet, change.remove, change.records);
    INFO(change.what << ": " << few << " in 1,000 names, " << many << " in " << kManyEndpoints);
    CHECK(smallRules == largeRules);
    CHECK(smallRules.empty() == change.passes);
    CHECK(many == few);
    CHECK(many < 40);
  }
}

TEST_CASE("figures: a full plan of 100,000 endpoints that changes one", "[.figures]") {
  // Of this process, so that others on the machine do not count.
  struct Clock {
    static double now() { return 1000.0 * static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }
  };
  Guarded guarded;
  Fleet fleet;
  for (int i = 0; i < 100'000; ++i) fleet["e" + std::to_string(i)] = targets(4);
  REQUIRE(rulesOf(guarded.full(fleet)).empty());
  std::string text = contentAsJson(guarded.zone(), "test");
  text.replace(text.find("10.1.0.1\""), 9, "10.1.9.9\"");
  const auto begun = Clock::now();
  Result<Plan> plan = parseJsonPlan(text, name("z."), PlanLimits{});
  const auto parsed = Clock::now();
  REQUIRE(plan);
  Submission submission;
  submission.plan = *plan;
  const Basis basis = guarded.basisFor(name("z."));
  const auto ready = Clock::now();
  const Candidate made = makeCandidate(submission, basis, 100, WallTime{});
  const auto judged = Clock::now();
  CHECK(rulesOf(made).empty());
  CHECK(made.diff.namesChanged == 1);
  std::cout << "full plan of 100,000 endpoints, one changed: parsed in " << parsed - begun
            << " ms, compiled and judged in " << judged - ready << " ms\n";
}
