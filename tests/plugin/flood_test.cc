#include <catch2/catch.hpp>

#include "fixture.h"
#include "plugin/turnstile.h"

using namespace holdfast;
using namespace holdfast::test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kRate = 20, kBurst = 5, kLines = 5;
constexpr auto kFlood = 1s;

EnactorLimits narrow() {
  EnactorLimits limits;
  limits.rate = kRate;
  limits.burst = kBurst;
  limits.logLines = kLines;
  limits.textOctets = 100;
  return limits;
}

/// A server that was flooded for at least kFlood.
struct Flooded : Server {
  double seconds = 0;
  explicit Flooded(const std::string& what, const EnactorLimits& limits = narrow())
      : Server(HOLDFAST_TEST_ENACTORS, limits) {
    const auto begun = std::chrono::steady_clock::now();
    if (!run({{"flood", what, {}}, {"odd", "other", {}}}).empty()) throw std::runtime_error("flood");
    std::this_thread::sleep_for(kFlood);
    last = health();
    // Others are served meanwhile.
    if (submit(plan("one.example.", 1, 9)).kind != Outcome::Kind::Published)
      throw std::runtime_error("publish");
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  }
  /// What a token bucket lets through in that time.
  std::uint64_t most(std::uint64_t rate, std::uint64_t burst) const {
    return burst + static_cast<std::uint64_t>(seconds * static_cast<double>(rate)) + 1;
  }
  EnactorHealth last;
};

}  // namespace

TEST_CASE("one Enactor submits and reports so many a second, whatever it tries") {
  const Flooded server(GENERATE("submit", "unreadable"));
  const std::size_t rows = server.refusals().size();
  CHECK(rows >= 1);
  CHECK(rows <= server.most(kRate, kBurst));
  CHECK(server.last.refused <= server.most(kRate, kBurst));
  CHECK(server.last.throttled > 0);
  CHECK(server.last.failed == 0);  // they wait instead
}

TEST_CASE("a submission that waits too long for its turn fails with the limit's name") {
  EnactorLimits limits = narrow();
  limits.wait = 1ms;
  const std::string what = GENERATE("submit", "unreadable");
  Flooded server(what, limits);
  CHECK(server.refusals().size() <= server.most(kRate, kBurst));
  CHECK(server.last.failed > 0);
  CHECK(server.linesWith("limits.enactor-rate") + server.linesWith("limits.enactor-concurrent") > 0);
  CHECK(server.linesWith("flood:" + what) <= server.most(kLines, 10 * kLines) * 2 + server.refusals().size());
}

TEST_CASE("of an Enactor's log so many lines are written, of each so much, and the rest is counted") {
  const Flooded server("log");
  CHECK(server.linesWith("flood:log: flood xxx") <= server.most(kLines, 10 * kLines));
  CHECK(server.linesWith("flood:log: flood xxx") >= 1);
  CHECK_FALSE(server.logged(std::string(101, 'x')));
  CHECK(server.logged("xxx..."));
  CHECK(server.last.linesDropped > 0);
  CHECK(eventually([&] { return server.logged("lines were dropped: more a second than"); }));
}

TEST_CASE("a flood of questions and of health leaves room for others") {
  const std::string what = GENERATE("health", "committed");
  const Flooded server(what);
  if (what == "health") CHECK(server.last.detail.size() <= 103);
  CHECK(server.submit(plan("one.example.", 2, 9)).kind == Outcome::Kind::Published);
}

TEST_CASE("limits that change hold at once") {
  Server server(HOLDFAST_TEST_ENACTORS, narrow());
  EnactorLimits wide = narrow();
  wide.rate = wide.burst = 100'000;
  REQUIRE(server.run({{"flood", "submit", {}}}).empty());
  server.host().setLimits(wide);
  CHECK(eventually([&] { return server.health().refused > 20 * kRate; }, 60s));
}

TEST_CASE("the turnstile lets in so many at once, so many a second") {
  using Answer = Turnstile::Answer;
  Turnstile turnstile;
  SECTION("at once") {
    const Turnstile::Pace pace{2, 0, 1, 1ms};
    REQUIRE(turnstile.enter(pace) == Answer::Entered);
    REQUIRE(turnstile.enter(pace) == Answer::Entered);
    CHECK(turnstile.enter(pace) == Answer::TooMany);
    turnstile.leave();
    CHECK(turnstile.enter(pace) == Answer::Entered);
    CHECK(turnstile.throttled() == 1);
  }
  SECTION("in a second") {
    const Turnstile::Pace pace{100, 1, 2, 1ms};
    REQUIRE(turnstile.enter(pace) == Answer::Entered);
    REQUIRE(turnstile.enter(pace) == Answer::Entered);
    CHECK(turnstile.enter(pace) == Answer::TooFast);
  }
  SECTION("until it is stopped") {
    const Turnstile::Pace pace{1, 0, 1, 1h};
    REQUIRE(turnstile.enter(pace) == Answer::Entered);
    Answer answer = Answer::Entered;
    std::thread waits([&] { answer = turnstile.enter(pace); });
    REQUIRE(eventually([&] { return turnstile.throttled() == 1; }));
    turnstile.stop();
    waits.join();
    CHECK(answer == Answer::Stopped);
    CHECK(turnstile.enter(pace) == Answer::Stopped);
  }
}

TEST_CASE("a token bucket fills with time, and not over its brim") {
  TokenBucket bucket;
  const TokenBucket::Clock::time_point start{1h};
  const auto isTaken = [&](std::chrono::milliseconds at) {
    return bucket.take(start + at, 10, 2) == TokenBucket::Clock::duration{};
  };
  CHECK(isTaken(0ms));
  CHECK(isTaken(0ms));
  CHECK_FALSE(isTaken(0ms));
  CHECK(bucket.take(start + 50ms, 10, 2) == 50ms);
  CHECK(isTaken(101ms));
  CHECK_FALSE(isTaken(150ms));
  CHECK(isTaken(10s));
  CHECK(isTaken(10s));
  CHECK_FALSE(isTaken(10s));
}
