// All interleavings of the commit path: up to three Enactors, a person, the clean-up, failing writes, a crash
// and a restart, on the real code and a modelled disk. I1 to I9 are checked in every state.
#include <catch2/catch.hpp>
#include <iostream>

#include "tests/zone/fixtures.h"
#include "tests/zone/interleavings.h"
#include "zone/compile.h"

using namespace holdfast;
using namespace holdfast::test;

namespace {

Submission submissionOf(const std::string& zone, const std::string& body, const std::string& text) {
  Result<Plan> plan = parseJsonPlan(body, name(zone), PlanLimits{});
  if (!plan) throw std::runtime_error(plan.error().text());
  Submission submission;
  submission.plan = *std::move(plan);
  submission.caller = {text, true};
  submission.digest = text;
  return submission;
}

std::string endpoint(const std::string& owner, Generation number) {
  return "\"" + owner + "\": {\"targets\": [{\"address\": \"192.0.2." + std::to_string(number) + "\"}]}";
}

/// A plan whose two endpoints carry its number.
std::string fullBody(Generation generation, Generation number) {
  return R"({"plan": 1, "generation": )" + std::to_string(generation) + R"(, "endpoints": {)" +
         endpoint("a", number) + ", " + endpoint("b", number) + R"(}, "records": ["@ 60 IN NS ns."]})";
}

Move full(const std::string& zone, Generation generation) {
  const std::string text = "full plan " + std::to_string(generation) + " of " + zone;
  return {Move::Kind::Submit, text, name(zone), submissionOf(zone, fullBody(generation, generation), text),
          0};
}

Move delta(const std::string& zone, Generation base, Generation number) {
  const std::string text =
      "delta " + std::to_string(number) + " to generation " + std::to_string(base) + " of " + zone;
  const std::string body = R"({"plan": 1, "kind": "delta", "base": )" + std::to_string(base) +
                           R"(, "endpoints": {)" + endpoint("a", number) + ", " + endpoint("b", number) +
                           "}}";
  return {Move::Kind::Submit, text, name(zone), submissionOf(zone, body, text), 0};
}

Move other(Move::Kind kind, const std::string& text, const std::string& zone, Generation to = 0) {
  return {kind, text + " of " + zone, name(zone), {}, to};
}

/// Generations 1 to `committed` of a zone.
DiskZone zoneAt(const std::string& zone, Generation committed) {
  DiskZone disk;
  disk.stored.apex = name(zone);
  disk.stored.fence = disk.stored.committed = committed;
  for (Generation generation = 1; generation <= committed; ++generation) {
    const Submission submission = submissionOf(zone, fullBody(generation, generation), "");
    disk.contents[generation] = compilePlan(Zone(name(zone)), submission.plan, generation,
                                            static_cast<std::uint32_t>(generation), WallTime{});
  }
  return disk;
}

Scenario scenarioOf(std::vector<std::string> zones, Generation committed) {
  Scenario scenario;
  for (const std::string& zone : zones) {
    scenario.disk[name(zone)] = zoneAt(zone, committed);
    scenario.answers.emplace_back(name("a." + zone), RRType::A);
    scenario.twins.emplace_back(name("a." + zone), name("b." + zone));
  }
  scenario.newer = [](NameView zone, Generation generation) {
    Submission submission = submissionOf(toText(zone), fullBody(generation, 200), "the newer plan");
    submission.caller.automation = false;
    return submission;
  };
  return scenario;
}

#ifdef NDEBUG
constexpr std::size_t kMostStates = 0;  // all of them
#else
constexpr std::size_t kMostStates = 3000;  // in builds that are slow for good reasons
#endif

Exploration run(const char* what, const Scenario& scenario) {
  const RcuThread registered;
  const auto begun = std::chrono::steady_clock::now();
  const Exploration found = explore(scenario, kMostStates);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  std::cout << what << ": " << found.states << " states, " << found.schedules << " schedules, " << found.steps
            << " steps in " << took.count() << " s\n"
            << found.schedule;
  return found;
}

Move person(Move move) {
  move.submission.caller.automation = false;
  return move;
}

Scenario enactorsAndCleanUp() {
  Scenario scenario = scenarioOf({"z."}, 2);
  scenario.players = {{"Enactor A", {full("z.", 3)}},
                      {"Enactor B", {full("z.", 5)}},
                      {"Enactor C", {delta("z.", 2, 4)}},
                      {"clean-up", {other(Move::Kind::CleanUp, "clean-up", "z.")}}};
  return scenario;
}

/// Zones that lead to each other: one makes an alias to a name which the other takes away.
Scenario aliases() {
  Scenario scenario = scenarioOf({"y.", "z."}, 2);
  const auto change = [](const std::string& zone, const std::string& text, const std::string& body) {
    return Move{Move::Kind::Submit, text, name(zone),
                submissionOf(zone, R"({"plan": 1, "kind": "delta", "base": 2, )" + body + "}", text), 0};
  };
  for (const auto& [zone, record] :
       {std::pair("y.", "x 60 IN CNAME s.z."), std::pair("z.", "s 60 IN A 192.0.2.8"),
        std::pair("z.", "t 60 IN A 192.0.2.9")}) {
    DiskZone& disk = scenario.disk[name(zone)];
    const Submission more = submissionOf(
        zone, R"({"plan": 1, "kind": "delta", "base": 2, "records": [")" + std::string(record) + "\"]}", "");
    disk.contents[2] = compilePlan(*disk.contents[2], more.plan, 2, 2, WallTime{});
  }
  scenario.answers.emplace_back(name("x.y."), RRType::A);
  scenario.players = {
      {"Enactor A", {change("y.", "x becomes an alias of t.z.", R"("records": ["x 60 IN CNAME t.z."])")}},
      {"Enactor B", {change("z.", "t goes, by name", R"("remove": ["t"])")}},
      {"Enactor C", {delta("z.", 3, 7)}}};
  scenario.newer = [](NameView zone, Generation generation) {
    Move move = delta(toText(zone), generation - 1, 200);
    return move.submission;
  };
  return scenario;
}

}  // namespace

TEST_CASE("I1 to I9: three Enactors, the clean-up, a crash and a restart, in every order") {
  CHECK(run("three Enactors, clean-up, crash", enactorsAndCleanUp()).violation.empty());
}

TEST_CASE("I1 to I9: three Enactors, a rollback, the clean-up, a crash and a restart, in every order") {
  Scenario scenario = enactorsAndCleanUp();
  scenario.players.push_back({"person", {other(Move::Kind::Rollback, "rollback to 1", "z.", 1)}});
  CHECK(run("three Enactors, rollback, clean-up, crash", scenario).violation.empty());
}

TEST_CASE("I1 to I9: two Enactors, a freeze, a plan by a person, a crash and a restart, in every order") {
  Scenario scenario = scenarioOf({"z."}, 2);
  scenario.players = {{"Enactor A", {full("z.", 3)}},
                      {"Enactor B", {delta("z.", 2, 6)}},
                      {"person",
                       {other(Move::Kind::Freeze, "freeze", "z."), person(full("z.", 5)),
                        other(Move::Kind::Thaw, "thaw", "z.")}}};
  CHECK(run("two Enactors, freeze, plan, thaw, crash", scenario).violation.empty());
}

TEST_CASE("I1 to I9: two Enactors, a zone forgotten and added again, a crash and a restart, in every order") {
  Scenario scenario = scenarioOf({"z."}, 2);
  scenario.answers.clear();  // what is forgotten is not answered
  scenario.players = {
      {"Enactor A", {full("z.", 3)}},
      {"Enactor B", {full("z.", 5)}},
      {"person", {other(Move::Kind::Forget, "forget", "z."), other(Move::Kind::Add, "adding", "z.")}}};
  CHECK(run("two Enactors, forget, add, crash", scenario).violation.empty());
}

TEST_CASE("I1 to I9: writes that fail, but may be on the disk, with a crash and a restart, in every order") {
  Scenario scenario = scenarioOf({"z."}, 2);
  scenario.failures = 2;
  scenario.players = {{"Enactor A", {full("z.", 3), full("z.", 4)}},
                      {"Enactor B", {delta("z.", 2, 6)}},
                      {"clean-up", {other(Move::Kind::CleanUp, "clean-up", "z.")}}};
  CHECK(run("failing writes, clean-up, crash", scenario).violation.empty());
}

TEST_CASE("I1 to I9: three zones that share commits, failing writes, a crash and a restart, in every order") {
  Scenario scenario = scenarioOf({"x.", "y.", "z."}, 2);
  scenario.failures = 1;
  scenario.players = {
      {"Enactor A", {full("x.", 3)}}, {"Enactor B", {full("y.", 3)}}, {"Enactor C", {full("z.", 3)}}};
  CHECK(run("three zones, failing writes, crash", scenario).violation.empty());
}

TEST_CASE("I2: zones that lead to each other, in every order") {
  Scenario scenario = aliases();
  CHECK(run("aliases across zones, crash", scenario).violation.empty());
}

TEST_CASE("what is broken on purpose is found, with the schedule that shows it") {
  Scenario scenario = enactorsAndCleanUp();
  SECTION("no fence") {
    scenario.faults.skipsFence = true;
    const Exploration found = run("no fence", scenario);
    CHECK_THAT(found.violation, Catch::StartsWith("I1"));
    CHECK_FALSE(found.schedule.empty());
  }
  SECTION("clean-up by age") {
    scenario.faults.cleansByAge = true;
    CHECK_THAT(run("clean-up by age", scenario).violation, Catch::StartsWith("I5"));
  }
  SECTION("swap before commit") {
    scenario.faults.swapsBeforeCommit = true;
    CHECK_THAT(run("swap before commit", scenario).violation, Catch::Contains("I7"));
  }
  SECTION("a verdict that counts for ever") {
    scenario = aliases();
    scenario.faults.skipsValidity = true;
    CHECK_THAT(run("verdict not made anew", scenario).violation, Catch::StartsWith("I2"));
  }
}
