// The rule velocity, plan by plan.
#include <catch2/catch.hpp>
#include <deque>
#include <random>

#include "tests/zone/guarded.h"

using namespace holdfast;
using namespace holdfast::test;
using namespace std::chrono_literals;
using Rules = std::vector<std::string>;

TEST_CASE("velocity: one target of three may go, a second within the window not") {
  Guarded guarded;
  REQUIRE(rulesOf(guarded.full({{"lb", targets(3)}})).empty());
  CHECK(rulesOf(guarded.delta({{"lb", targets(2)}})).empty());
  guarded.pass(100s);
  const Candidate refused = guarded.delta({{"lb", targets(1)}});
  REQUIRE(rulesOf(refused) == Rules{"velocity lb.z./A"});
  const Reason& reason = refused.verdict.reasons[0];
  CHECK(reason.observed == "2 of 3 targets removed, 1 of them by this plan");
  CHECK(reason.limit == "at most 1 target (50%) within 10 min of one endpoint");
  CHECK_THAT(reason.detail, Catch::Contains("possible in 500 s"));
  CHECK(reason.code == "endpoint");
  CHECK(reason.where == "/endpoints/lb");
  CHECK(rulesOf(guarded.delta({{"lb", targets(1)}}, {}, {"velocity:other"})) == Rules{"velocity lb.z./A"});
  guarded.pass(499s);
  CHECK_FALSE(rulesOf(guarded.delta({{"lb", targets(1)}})).empty());
  guarded.pass(1s);
  CHECK(rulesOf(guarded.delta({{"lb", targets(1)}})).empty());
}

TEST_CASE("velocity is overridden for a name or as a whole, with a reason") {
  const std::string allow = GENERATE("velocity", "velocity:lb");
  Guarded guarded;
  REQUIRE(rulesOf(guarded.full({{"lb", targets(4)}})).empty());
  REQUIRE(rulesOf(guarded.delta({{"lb", targets(2)}})).empty());
  const Candidate forced = guarded.delta({{"lb", targets(1)}}, {}, {allow});
  CHECK(rulesOf(forced).empty());
  CHECK(rulesOf(forced.verdict.overridden) == Rules{"velocity lb.z./A"});
}

TEST_CASE("velocity: what gains or is replaced is never slowed") {
  Guarded guarded;
  REQUIRE(rulesOf(guarded.full({{"lb", targets(4)}, {"web", targets(4)}})).empty());
  for (std::uint16_t i = 1; i <= 40; ++i) {  // rolling replacement, one for one
    CHECK(rulesOf(guarded.delta({{"lb", targets(4, i)}})).empty());
    guarded.pass(1s);
  }
  REQUIRE(rulesOf(guarded.delta({{"lb", targets(2, 40)}})).empty());
  CHECK(rulesOf(guarded.delta({{"lb", targets(3, 40)}})).empty());  // less than it had, more than it has
  CHECK(rulesOf(guarded.delta({{"lb", targets(300)}})).empty());
  CHECK(rulesOf(guarded.delta({{"more", targets(300)}})).empty());
  // Two of 300 and back, for ever: nothing adds up.
  for (int i = 0; i < 300; ++i)
    CHECK(rulesOf(guarded.delta({{"lb", targets(i % 2 == 0 ? 298 : 300)}})).empty());
}

TEST_CASE("velocity of a zone: its share at the border, over plans, endpoints and weight apart") {
  Guarded guarded;
  Fleet fleet;
  for (int i = 0; i < 50; ++i) fleet["e" + std::to_string(i)] = targets(4);
  REQUIRE(rulesOf(guarded.full(fleet)).empty());
  const auto losesOne = [](int from, int to) {
    Fleet smaller;
    for (int i = from; i < to; ++i) smaller["e" + std::to_string(i)] = targets(3);
    return smaller;
  };
  REQUIRE(rulesOf(guarded.delta(losesOne(0, 39))).empty());
  guarded.pass(60s);
  CHECK(rulesOf(guarded.delta(losesOne(39, 40))).empty());  // 40 of 200 is 20 %
  const Candidate refused = guarded.delta(losesOne(40, 41));
  REQUIRE(rulesOf(refused) == Rules{"velocity z.", "velocity z.", "velocity "});  // all there is is this zone
  CHECK(refused.verdict.reasons[0].observed == "41 of 200 targets removed, 1 of them by this plan");
  CHECK(refused.verdict.reasons[0].limit == "at most 40 targets (20%) within 10 min of the zone");
  CHECK_THAT(refused.verdict.reasons[0].detail, Catch::Contains("possible in 540 s"));
  CHECK(refused.verdict.reasons[1].observed == "4100 of 20000 weight removed, 100 of them by this plan");
  // Weights alone: a tenth of each, then another.
  Guarded weights;
  REQUIRE(rulesOf(weights.full(fleet)).empty());
  const auto weighing = [&](std::uint32_t weight) {
    Fleet all = fleet;
    for (auto& [label, each] : all)
      for (FleetTarget& target : each) target.weight = weight;
    return all;
  };
  CHECK(rulesOf(weights.delta(weighing(90))).empty());
  CHECK(rulesOf(weights.delta(weighing(80))).empty());
  CHECK(rulesOf(weights.delta(weighing(79))) == Rules{"velocity z.", "velocity "});
  CHECK(rulesOf(weights.delta(weighing(200))).empty());
}

TEST_CASE("velocity of a zone: endpoints by name, so many in any zone, then a share") {
  Guarded guarded;
  Fleet fleet;
  for (int i = 0; i < 40; ++i) fleet["e" + std::to_string(i)] = targets(1);
  REQUIRE(rulesOf(guarded.full(fleet)).empty());
  CHECK(rulesOf(guarded.delta({}, {"e0", "e1", "e2", "e3"})).empty());  // 10 %
  const Candidate refused = guarded.delta({}, {"e4"});
  REQUIRE(rulesOf(refused) == Rules{"velocity z."});
  CHECK(refused.verdict.reasons[0].observed == "5 of 40 endpoints removed, 1 of them by this plan");
  CHECK(rulesOf(guarded.delta({}, {"e4"}, {"velocity"})).empty());
  Guarded few;
  REQUIRE(rulesOf(few.full({{"a", targets(3)}, {"b", targets(3)}, {"c", targets(3)}})).empty());
  CHECK(rulesOf(few.delta({}, {"a"})).empty());
  CHECK(rulesOf(few.delta({}, {"b", "c"})).empty());
}

TEST_CASE("velocity: a mass change of very many endpoints is refused with the numbers, growth is not") {
  Guarded guarded;
  Fleet fleet;
  for (int i = 0; i < kManyEndpoints; ++i) fleet["e" + std::to_string(i)] = targets(4);
  REQUIRE(rulesOf(guarded.full(fleet)).empty());
  Fleet smaller, larger;
  for (const auto& [label, each] : fleet) {
    smaller[label] = targets(3);
    larger[label] = targets(5);
  }
  const Candidate refused = guarded.full(smaller);
  REQUIRE(rulesOf(refused) == Rules{"velocity z.", "velocity z.", "velocity "});
  const std::string all = std::to_string(kManyEndpoints), had = std::to_string(kManyEndpoints * 4);
  CHECK(refused.verdict.reasons[0].observed ==
        all + " of " + had + " targets removed, " + all + " of them by this plan");
  CHECK(refused.verdict.reasons[0].limit ==
        "at most " + std::to_string(kManyEndpoints * 4 / 5) + " targets (20%) within 10 min of the zone");
  CHECK_THAT(refused.verdict.reasons[0].detail, Catch::StartsWith("more than may go in one step"));
  CHECK(refused.verdict.reasons[2].code == "server");
  CHECK(rulesOf(guarded.full(larger)).empty());
}

TEST_CASE("velocity of the server sums over zones, and is judged again by the same arithmetic") {
  std::vector<std::string> apexes;
  for (int i = 0; i < 10; ++i) apexes.push_back("z" + std::to_string(i) + ".");
  Guarded guarded(apexes);
  guarded.policy.velocity.allowTargets = 1000;
  guarded.policy.velocity.allowEndpoints = 1000;
  const auto fleetOf = [](int count) {
    Fleet fleet;
    for (int i = 0; i < count; ++i) fleet["e" + std::to_string(i)] = targets(2);
    return fleet;
  };
  for (const std::string& apex : apexes)
    REQUIRE(rulesOf(guarded.push(fleetPlan(name(apex), PlanKind::Full, fleetOf(10)))).empty());
  const auto without = [&](const std::string& apex, int count) {
    std::vector<std::string> remove;
    for (int i = 0; i < count; ++i) remove.push_back("e" + std::to_string(i));
    return guarded.push(fleetPlan(name(apex), PlanKind::Delta, {}, remove));
  };
  const Candidate first = without("z0.", 5);
  CHECK(rulesOf(first).empty());
  CHECK(rulesOf(without("z1.", 5)).empty());  // 10 of 100 endpoints
  const Candidate refused = without("z2.", 1);
  REQUIRE(rulesOf(refused) == Rules{"velocity "});
  CHECK(refused.verdict.reasons[0].observed == "11 of 100 endpoints removed, 1 of them by this plan");
  CHECK(refused.verdict.reasons[0].limit == "at most 10 endpoints (10%) within 10 min over all zones");
  // The first one's verdict does not hold any more where others lost meanwhile.
  CHECK(first.verdict.serverLoss.after.endpoints == 5);
  CHECK_FALSE(judgeServerVelocity(guarded.server, first.verdict.serverLoss, {0, 0, 5}, {180, 18000, 90}));
  const auto again =
      judgeServerVelocity(guarded.server, first.verdict.serverLoss, {12, 1200, 6}, {180, 18000, 90});
  REQUIRE(again);
  CHECK(again->rule == Rule::Velocity);
  ServerLoss waived = first.verdict.serverLoss;
  waived.waived = true;
  CHECK_FALSE(judgeServerVelocity(guarded.server, waived, {500, 0, 500}, {}));
  guarded.pass(600s);
  CHECK(rulesOf(without("z2.", 1)).empty());
}

TEST_CASE("velocity switched off limits nothing") {
  Guarded guarded;
  guarded.policy.velocity = {100, 100, 100, 100, 600s, 0, 0};
  guarded.server = guarded.policy.velocity;
  REQUIRE(rulesOf(guarded.full({{"a", targets(4)}, {"b", targets(4)}})).empty());
  CHECK(rulesOf(guarded.delta({{"b", targets(2)}}, {"a"})).empty());
  CHECK(rulesOf(guarded.delta({{"b", targets(1)}})).empty());
}

TEST_CASE("whatever plans come, no endpoint and no zone loses more within a window than the limits say") {
  constexpr auto kWindow = 600s;
  std::mt19937 random(11);
  unsigned refused = 0, published = 0;
  for (int round = 0; round < 12; ++round) {
    Guarded guarded;
    Fleet fleet;
    const int endpoints = 2 + static_cast<int>(random() % 12);
    for (int i = 0; i < endpoints; ++i) fleet["e" + std::to_string(i)] = targets(1 + random() % 8);
    REQUIRE(rulesOf(guarded.full(fleet)).empty());
    std::deque<std::pair<LossWindow::Time, Fleet>> had;  // every content of the window, and the one before it
    had.emplace_back(guarded.now, fleet);
    for (int step = 0; step < 120; ++step) {
      guarded.pass(std::chrono::seconds(random() % 120));
      Fleet next = fleet, changes;
      for (unsigned k = 0; k <= random() % 3; ++k) {
        auto at = std::next(next.begin(), static_cast<std::ptrdiff_t>(random() % next.size()));
        const int size = static_cast<int>(at->second.size()) + static_cast<int>(random() % 5) - 2;
        at->second = targets(static_cast<std::size_t>(std::max(1, size)));
        changes[at->first] = at->second;
      }
      if (!guarded.delta(changes).verdict.accepted()) {
        ++refused;
        continue;
      }
      ++published;
      while (had.size() > 1 && had[1].first <= guarded.now - kWindow) had.pop_front();
      std::size_t lostInZone = 0, mostInZone = 0;
      bool less = false;
      for (const auto& [label, is] : next) {
        std::size_t most = is.size();
        for (const auto& [at, content] : had) most = std::max(most, content.at(label).size());
        lostInZone += most - is.size();
        mostInZone += most;
        less = less || is.size() < fleet.at(label).size();
        INFO(label << " has " << is.size() << " of " << most);
        if (is.size() < fleet.at(label).size()) REQUIRE((most - is.size()) * 2 <= most);
      }
      if (less) REQUIRE(lostInZone <= std::max<std::size_t>(10, mostInZone / 5));
      fleet = next;
      had.emplace_back(guarded.now, fleet);
    }
  }
  CHECK(refused > 100);
  CHECK(published > 100);
}
