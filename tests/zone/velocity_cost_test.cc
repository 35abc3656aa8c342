// What the window of losses costs those who wait: it is kept up to date outside of the locks, and its sums
// are running ones.
#include <catch2/catch.hpp>
#include <ctime>
#include <iostream>

#include "tests/zone/concurrency_fixture.h"
#include "tests/zone/guarded.h"

using namespace holdfast;
using namespace holdfast::test;
using Step = Attempt::Step;

namespace {

constexpr Monotonic kNow{std::chrono::hours(100)};

/// Of this thread, so that others on the machine do not count.
double milliseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return 1e3 * static_cast<double>(now.tv_sec) + 1e-6 * static_cast<double>(now.tv_nsec);
}

template <class Work>
double costOf(const Work& work) {
  const double begun = milliseconds();
  work();
  return milliseconds() - begun;
}

struct Drained {
  ~Drained() { RcuRetired::drain(); }
};

struct Costs {
  double first, admission, section;
};

/// A plan for "idle." beside "busy.", which lost so many endpoints' targets within a window of a day and now
/// gains a target at each of as many others.
Costs costsBeside(int endpoints) {
  const RcuThread thread;
  Disk disk;
  StoreModel store{disk};
  CommitPath path{store, [] { return WallTime(std::chrono::seconds(1'800'000'000)); }};
  const Drained drained;  // before the path goes: what it retired counts in it
  GuardPolicy policy;
  policy.velocity.per = std::chrono::hours(24);
  path.setPolicy(name("busy."), policy);
  for (const char* zone : {"busy.", "idle."}) {
    Result<ZoneChange> change = path.stageAdd(name(zone), {});
    REQUIRE(change);
    REQUIRE(path.write(*change));
    path.apply(*change);
  }
  Losses losses;
  for (int i = 0; i < endpoints; ++i)
    losses.byEndpoint.emplace(name("e" + std::to_string(i) + ".busy."), EndpointLoss{{1, 100, 1}, {}, 0});
  path.replayLosses(name("busy."), losses, kNow - std::chrono::hours(1));

  const auto fleetOf = [&](const char* zone, int count) {
    Fleet fleet;
    for (int i = 0; i < count; ++i) fleet["e" + std::to_string(i)] = targets(1);
    Submission submission;
    submission.plan = fleetPlan(name(zone), PlanKind::Full, fleet).made();
    submission.plan.generation = 1;
    return submission;
  };
  const Submission small = fleetOf("idle.", 1), large = fleetOf("busy.", endpoints);
  Attempt beside(small), gaining(large);
  Costs costs{};
  costs.first = costOf([&] { path.admit(beside, kNow); });
  costs.admission = costOf([&] {
                      for (int i = 0; i < 10; ++i) path.admit(beside, kNow + std::chrono::seconds(i));
                    }) /
                    10;
  REQUIRE(beside.step == Step::Prepare);
  path.withdraw(beside);
  path.admit(gaining, kNow);
  path.prepare(gaining);
  path.conclude(gaining);
  REQUIRE(gaining.step == Step::Ready);
  Batch batch;
  costs.section = costOf([&] { batch = path.choose(kNow); });
  REQUIRE_FALSE(batch.isEmpty());
  Result<Durable> durable = path.commit(batch);
  REQUIRE(durable);
  costs.section += costOf([&] { path.publish(*std::move(durable)); });
  gaining.letGo();
  batch = {};
  return costs;
}

}  // namespace

TEST_CASE("figures: what waits for others' losses, and for one's own gains", "[.figures]") {
  for (const int endpoints : {1000, 200'000}) {
    const Costs costs = costsBeside(endpoints);
    std::cout << endpoints << " losses stand in another zone: the first admission " << costs.first
              << " ms, each further one " << costs.admission
              << " ms; as many gains of a plan: " << costs.section << " ms under the locks\n";
  }
}

TEST_CASE("I10: no admission and no commit waits for what others lost, however much that is") {
  const Costs costs = costsBeside(kManyEndpoints);
  INFO(costs.first << ", " << costs.admission << ", " << costs.section << " ms");
  // Summing them up takes fifty times as long, and putting them in and out of a window.
  CHECK(costs.first < 2);
  CHECK(costs.admission < 1);
  CHECK(costs.section < kManyEndpoints / 2000.0);
}
