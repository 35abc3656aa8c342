// The window of losses, and the ledger of all zones' windows.
#include <catch2/catch.hpp>
#include <random>

#include "tests/zone/guarded.h"

using namespace holdfast;
using namespace holdfast::test;
using namespace std::chrono_literals;

namespace {

/// Of its A targets.
Losses losing(const std::string& endpoint, Loss loss) {
  Losses losses;
  losses.byEndpoint.emplace(name(endpoint),
                            EndpointLoss{{loss.targets, loss.weight, loss.targets}, {}, loss.endpoints});
  return losses;
}

constexpr LossWindow::Time kStart{1000h};

}  // namespace

TEST_CASE("losses of an endpoint add up, and what comes back settles the newest and is not saved up") {
  LossWindow window;
  const auto step = [&](std::int64_t targets, std::chrono::seconds at) {
    window = window.step(losing("a.z.", {targets, targets * 10, 0}), kStart + at).stands;
  };
  step(3, 0s);
  step(2, 10s);
  CHECK(window.total() == Loss{5, 50, 0});
  step(-1, 20s);
  CHECK(window.of(name("a.z.")) == EndpointLoss{{4, 40, 4}, {}, 0});
  // Of the younger loss 1 is settled, so when the older one is forgotten 1 stands.
  CHECK(window.since(kStart).total() == Loss{1, 10, 0});
  step(-100, 30s);
  CHECK(window.total() == Loss{});
  CHECK(window.size() == 0);
  step(1, 40s);
  CHECK(window.total() == Loss{1, 10, 0});
  CHECK(window.of(name("b.z.")) == EndpointLoss{});
}

TEST_CASE("a loss is forgotten when the window is over, not before") {
  VelocityLedger ledger;
  ledger.setServerWindow(500s);
  ledger.record(name("z."), losing("a.z.", {1, 1, 1}), kStart);
  CHECK(ledger.of(name("z.")).since(kStart + 599s - 600s).total() == Loss{1, 1, 1});
  CHECK(ledger.of(name("z.")).since(kStart).total() == Loss{});
  CHECK(ledger.lately(name("y."), kStart + 499s).elsewhere == Loss{1, 1, 1});
  CHECK(ledger.lately(name("y."), kStart + 499s).here == Loss{});
  CHECK(ledger.lately(name("z."), kStart + 499s).here == Loss{1, 1, 1});
  CHECK(ledger.lately(name("z."), kStart + 499s).elsewhere == Loss{});
  CHECK(ledger.lately(name("y."), kStart + 500s).elsewhere == Loss{});
  // A longer window finds again what the zone still has.
  ledger.setServerWindow(600s);
  CHECK(ledger.lately(name("y."), kStart + 599s).elsewhere == Loss{1, 1, 1});
}

TEST_CASE(
    "the sums over zones are what their windows say, whatever is lost, settled, trimmed and forgotten") {
  std::mt19937 random(5);
  const std::vector<std::string> zones = {"x.", "y.", "z."};
  VelocityLedger ledger;
  auto now = kStart;
  auto per = 100s;
  ledger.setServerWindow(per);
  for (int i = 0; i < 3000; ++i) {
    now += std::chrono::seconds(random() % 9);
    const Name zone = name(zones[random() % zones.size()]);
    const auto amount = [&] { return static_cast<std::int64_t>(random() % 11) - 5; };
    Losses losses;
    for (const char* label : {"a.", "b.", "c."})
      losses.byEndpoint.emplace(name(label + zone.text()),
                                EndpointLoss{{amount(), amount(), 0}, {amount(), amount(), 0}, amount()});
    const LossWindow trimmed = ledger.of(zone).since(now - 300s);
    LossStep step = trimmed.step(losses, now);
    CHECK(step.stands.total() == trimmed.step(losses, now).stands.total());
    ledger.put(zone, step);
    if (random() % 100 == 0) ledger.forget(name(zones[random() % zones.size()]));
    if (random() % 100 == 0) ledger.setServerWindow(per = std::chrono::seconds(50 + random() % 250));
    Loss all;
    for (const std::string& each : zones) all += ledger.of(name(each)).since(now - per).total();
    for (const std::string& each : zones) {
      const Loss here = ledger.of(name(each)).since(now - per).total();
      const VelocityLedger::Lately lately = ledger.lately(name(each), now);
      REQUIRE(lately.here == here);
      REQUIRE(lately.elsewhere == all - here);
    }
  }
}

TEST_CASE("a zone that is forgotten leaves nothing in the ledger") {
  VelocityLedger ledger;
  for (const char* zone : {"y.", "z."}) ledger.record(name(zone), losing("a.y.", {2, 2, 0}), kStart);
  ledger.forget(name("z."));
  CHECK(ledger.zones() == 1);
  CHECK(ledger.find(name("z.")) == nullptr);
  CHECK(ledger.lately(name("x."), kStart).elsewhere == Loss{2, 2, 0});
  CHECK(ledger.of(name("z.")).total() == Loss{});
  ledger.forget(name("never.was."));
  LossStep late = LossWindow().step(losing("a.q.", {1, 1, 0}), kStart);
  ledger.put(name("q."), late);
  CHECK(ledger.lately(name("x."), kStart).elsewhere == Loss{2, 2, 0});
}

TEST_CASE("a loss replayed with an earlier time than the last one counts as newer") {
  LossWindow window;
  window = window.step(losing("a.z.", {2, 0, 0}), kStart).stands;
  window = window.step(losing("a.z.", {1, 0, 0}), kStart - 100s).stands;
  CHECK(window.since(kStart - 1s).total() == Loss{3, 0, 0});
}

TEST_CASE("very many small losses of one endpoint are merged, and never forgotten too early") {
  LossWindow window;
  for (int i = 0; i < 1000; ++i)
    window = window.step(losing("a.z.", {1, 0, 0}), kStart + std::chrono::seconds(i)).stands;
  CHECK(window.size() <= 64);
  CHECK(window.total().targets == 1000);
  for (int i = 0; i < 1000; i += 37)
    CHECK(window.since(kStart + std::chrono::seconds(i)).total().targets >= 999 - i);
}

TEST_CASE("the window equals what an endpoint is below its most within it, whatever happens") {
  std::mt19937 random(7);
  const std::vector<std::string> names = {"a.z.", "b.a.z.", "a.b.z.", "z."};
  constexpr auto kWindow = 100s;
  struct Had {
    LossWindow::Time at;
    std::int64_t targets;
  };
  std::map<std::string, std::vector<Had>> history;
  for (const std::string& each : names) history[each] = {{LossWindow::Time{}, 50}};
  VelocityLedger ledger;
  auto now = kStart;
  for (int i = 0; i < 4000; ++i) {
    now += std::chrono::seconds(random() % 12);
    Losses losses;
    for (const std::string& each : names) {
      if (random() % 2 == 0) continue;
      std::vector<Had>& had = history[each];
      const std::int64_t next =
          std::max<std::int64_t>(0, had.back().targets + 5 - static_cast<int>(random() % 11));
      if (next == had.back().targets) continue;
      losses.byEndpoint.emplace(name(each), EndpointLoss{{had.back().targets - next, 0, 0}, {}, 0});
      had.push_back({now, next});
    }
    ledger.record(name("z."), losses, now);
    const LossWindow window = ledger.of(name("z.")).since(now - kWindow);
    std::int64_t sum = 0;
    for (const std::string& each : names) {
      const std::vector<Had>& had = history[each];
      std::int64_t most = had.back().targets;
      // What was had just before a change within the window was had within it.
      for (std::size_t k = had.size() - 1; k > 0 && had[k].at > now - kWindow; --k)
        most = std::max(most, had[k - 1].targets);
      REQUIRE(window.of(name(each)).a.targets == most - had.back().targets);
      sum += most - had.back().targets;
    }
    REQUIRE(window.total().targets == sum);
  }
}
