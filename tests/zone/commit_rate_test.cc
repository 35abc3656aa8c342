// How many plans a second reach the disk: alone, and with what waits beside them in one commit.
#include <catch2/catch.hpp>
#include <cstdio>
#include <mutex>
#include <thread>

#include "tests/zone/concurrency_fixture.h"

using namespace holdfast;
using namespace holdfast::test;

namespace {

struct Rate {
  double plansPerSecond = 0;
  std::uint64_t plans = 0, commits = 0;  ///< durable ones
};

/// Plans of so many submitters, a zone each, over a real store. `oneByOne`: as without group commit, nobody
/// comes near the critical section before the one before is through.
Rate rateOf(unsigned submitters, bool oneByOne) {
  const TemporaryDirectory directory;
  Server server(directory.path());
  std::vector<Name> zones;
  for (unsigned i = 0; i < submitters; ++i) zones.push_back(name("z" + std::to_string(i) + "."));
  for (const Name& zone : zones) REQUIRE(server.publisher().addZone(zone));
  constexpr std::chrono::milliseconds kFor{400};
  std::mutex alone;
  std::atomic<unsigned> published{0}, others{0};
  const std::atomic<std::uint64_t>& swaps = server.publisher().swapStats().swaps;
  const std::uint64_t before = swaps;
  const auto begun = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (const Name& zone : zones)
    threads.emplace_back([&, zone] {
      const RcuThread registered;
      for (Generation generation = 1; std::chrono::steady_clock::now() - begun < kFor; ++generation) {
        Submission submission;
        submission.plan = *parseJsonPlan(fullPlan(generation), zone, PlanLimits{});
        std::unique_lock lock(alone, std::defer_lock);
        if (oneByOne) lock.lock();
        (isPublished(server.publisher().submit(submission)) ? published : others) += 1;
      }
    });
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  CHECK(others == 0);
  return {published / took.count(), published, swaps - before};
}

}  // namespace

TEST_CASE("group commit: plans a second by submitters") {
  for (const unsigned submitters : {1u, 4u, 16u}) {
    const Rate alone = rateOf(submitters, true), together = rateOf(submitters, false);
    std::printf("%2u submitters: %6.0f plans/s one by one, %6.0f plans/s in group commits, %.1f times\n",
                submitters, alone.plansPerSecond, together.plansPerSecond,
                together.plansPerSecond / alone.plansPerSecond);
    CHECK(alone.plans > 0);
    CHECK(alone.commits == alone.plans);
    if (submitters == 1)
      CHECK(together.commits == together.plans);
    else
      CHECK(together.commits < together.plans);
  }
}
