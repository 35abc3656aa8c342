#include <catch2/catch.hpp>
#include <thread>

#include "fixture.h"
#include "plugin/watch/plan_order.h"
#include "plugin/watch/watcher.h"

using namespace holdfast;
using namespace holdfast::test;
using namespace std::chrono_literals;
using Catch::Contains;
using Found = holdfast::watch::FoundPlan;

namespace {

constexpr const char* kZone = "one.example.";

Found full(Generation generation) {
  return {"full " + std::to_string(generation), watch::FileFormat::Json, {}, true, generation, 0};
}
Found change(Generation base, Generation generation) {
  return {"change " + std::to_string(base), watch::FileFormat::Json, {}, true, generation, base};
}

/// The order in which all are submitted where everything is published that fits.
std::vector<Generation> order(std::vector<Found> candidates, Generation committed) {
  std::vector<Generation> published;
  while (const auto next = nextToSubmit(candidates, committed)) {
    const Generation target = candidates[*next].target();
    candidates.erase(candidates.begin() + static_cast<std::ptrdiff_t>(*next));
    if (target <= committed) continue;
    published.push_back(committed = target);
  }
  return published;
}

struct Watched : Server {
  std::filesystem::path plans = directory() / "plans";
  Watched() { std::filesystem::create_directory(plans); }
  void begin() { REQUIRE(watch(plans, "20ms").empty()); }
};

}  // namespace

TEST_CASE("what leads to the newest generation goes first, each on its base") {
  using Generations = std::vector<Generation>;
  CHECK(order({full(3), full(7), full(5)}, 0) == Generations{7});
  CHECK(order({change(10, 11), full(10)}, 5) == Generations{10, 11});
  CHECK(order({change(7, 8), change(5, 6), change(6, 7)}, 5) == Generations{6, 7, 8});
  CHECK(order({change(5, 6), full(10), change(10, 0)}, 5) == Generations{10, 11});
  CHECK(order({full(10), change(5, 12)}, 5) == Generations{12});
  CHECK(order({full(8), change(5, 6), change(6, 8)}, 5) == Generations{8});  // the shorter way
  CHECK(order({change(6, 7)}, 5).empty());
  Found noPlan;
  CHECK(nextToSubmit(std::vector{full(3), noPlan}, 0) == std::size_t{1});
  CHECK_FALSE(watch::nextToSubmit({}, 0));
}

TEST_CASE(
    "deltas that arrive with their full plan and with each other are applied in the order of their bases") {
  Watched server;
  writeFile(server.plans / "a.json", delta(kZone, 11, 0, 12));  // no generation: 12
  writeFile(server.plans / "b.json", delta(kZone, 10, 11, 11));
  writeFile(server.plans / "c.json", plan(kZone, 10, 10));
  writeFile(server.plans / "d.json", plan(kZone, 9, 9));
  server.begin();
  REQUIRE(eventually([&] { return server.committed() == 12; }));
  CHECK(server.served() == 12);
  CHECK(server.refusals().empty());
  CHECK(eventually([&] { return server.logged("d.json: generation 9 is superseded by 1"); }));
  CHECK(eventually([&] { return server.health().published == 3; }));
}

TEST_CASE("deltas that arrive one by one before their bases are applied in order, and no refusal is told") {
  Watched server;
  server.begin();
  moveIn(server.plans / "c.json", delta(kZone, 2, 3, 30));
  moveIn(server.plans / "b.json", delta(kZone, 1, 0, 20));
  moveIn(server.plans / "a.json", plan(kZone, 1, 10));
  REQUIRE(eventually([&] { return server.committed() == 3; }));
  CHECK(server.served() == 30);
  CHECK(server.refusals().empty());
}

TEST_CASE("a delta whose base does not come is refused once, and applied when somebody else brings it") {
  Watched server;
  server.begin();
  moveIn(server.plans / "b.json", delta(kZone, 1, 2, 20));
  REQUIRE(eventually([&] { return server.refusals().size() == 1; }));
  CHECK(server.refusals()[0].reasons.at(0).rule == Rule::BaseMismatch);
  std::this_thread::sleep_for(300ms);  // many polls
  CHECK(server.refusals().size() == 1);
  REQUIRE(server.submit(plan(kZone, 1, 10)).kind == Outcome::Kind::Published);
  REQUIRE(eventually([&] { return server.committed() == 2; }));
  CHECK(server.served() == 20);
  CHECK(server.refusals().size() == 1);
}

TEST_CASE("a delta whose base is passed over is done with") {
  Watched server;
  server.begin();
  moveIn(server.plans / "b.json", delta(kZone, 1, 2, 20));
  REQUIRE(eventually([&] { return server.refusals().size() == 1; }));
  REQUIRE(server.submit(plan(kZone, 5, 50)).kind == Outcome::Kind::Published);
  REQUIRE(eventually([&] { return server.logged("b.json: its base 1 is superseded by 5"); }));
  moveIn(server.plans / "c.json", delta(kZone, 4, 9, 90));  // arrives late, on what is past
  REQUIRE(eventually([&] { return server.refusals().size() == 2; }));
  std::this_thread::sleep_for(200ms);
  CHECK(server.refusals().size() == 2);
  CHECK(server.linesWith("b.json: its base") == 1);
  CHECK(server.served() == 50);
}

TEST_CASE("what a directory holds from before a restart is no news, deltas without a generation too") {
  Watched server;
  REQUIRE(server.submit(plan(kZone, 3, 30)).kind == Outcome::Kind::Published);
  writeFile(server.plans / "a.json", delta(kZone, 2, 0, 20));
  server.begin();
  REQUIRE(
      eventually([&] { return server.logged("a.json: generation 3 is not newer than the committed 3"); }));
  CHECK(server.refusals().empty());
}

namespace {

/// Stands in for a server that supersedes whatever is submitted.
struct Superseding {
  holdfast_host host{};
  std::mutex mutex;
  std::vector<std::string> said;
  std::atomic<int> submitted{0};

  Superseding() {
    host.size = sizeof host;
    host.context = this;
    host.submit = [](const holdfast_host* self, const holdfast_document*, holdfast_outcome* outcome) {
      ++of(self).submitted;
      outcome->kind = HOLDFAST_SUPERSEDED;
      outcome->committed = 99;
    };
    host.facts_of = [](const holdfast_host*, std::uint32_t, const char*, std::size_t,
                       holdfast_plan_facts* facts, char*, std::size_t) {
      facts->generation = 7;
      return 0;
    };
    host.committed = [](const holdfast_host*) -> std::uint64_t { return 0; };
    host.log = [](const holdfast_host* self, std::uint32_t, const char* text) { of(self).say(text); };
    host.health = [](const holdfast_host* self, int, const char* text) { of(self).say(text); };
  }
  static Superseding& of(const holdfast_host* self) { return *static_cast<Superseding*>(self->context); }
  void say(const std::string& text) {
    const std::lock_guard lock(mutex);
    said.push_back(text);
  }
  bool hasSaid(const std::string& text) {
    const std::lock_guard lock(mutex);
    return std::find(said.begin(), said.end(), text) != said.end();
  }
};

}  // namespace

TEST_CASE("a superseded plan is logged and not tried again") {
  const TemporaryDirectory directory;
  writeFile(directory.path() / "a.json", "{}\n");
  Superseding server;
  watch::WatchOptions options;
  options.directory = directory.path().string();
  options.poll = 10ms;
  watch::Watcher watcher(server.host, options);
  std::thread thread([&] { watcher.run(); });
  CHECK(eventually([&] { return server.hasSaid("a.json: generation 7 is superseded by 99"); }));
  CHECK(eventually([&] { return server.hasSaid("a.json: superseded by 99"); }));
  std::this_thread::sleep_for(100ms);
  watcher.stop();
  thread.join();
  CHECK(server.submitted == 1);
}
