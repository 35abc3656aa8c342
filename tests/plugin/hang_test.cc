#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "fixture.h"

using namespace holdfast;
using namespace holdfast::test;
using namespace std::chrono_literals;
using Catch::Contains;

namespace {

constexpr auto kCall = 1000ms;
/// What nobody waits for takes no longer than this, on a busy machine too; a hang takes for ever.
constexpr auto kSoon = 15s;

EnactorLimits shortCalls() {
  EnactorLimits limits;
  limits.call = kCall;
  return limits;
}

/// A server with an Enactor that hangs where it is told, and another that does not.
struct Hanging : Server {
  const std::filesystem::path until = directory() / "until";
  const EnactorSpec other{"odd", "other", {}};
  Hanging() : Server(HOLDFAST_TEST_ENACTORS, shortCalls()) {}
  ~Hanging() { release(); }
  Hanging(const Hanging&) = delete;
  Hanging& operator=(const Hanging&) = delete;

  EnactorSpec hangsIn(const std::string& where) const { return {"hang", where, {{"until", until.string()}}}; }
  EnactorHealth hanging() { return host().health().at(0); }  // "hang:..." is before "odd:..."
  void release() const { writeFile(until, ""); }
  bool hasEnded() const {
    return eventually([&] { return std::filesystem::exists(until.string() + ".ended"); });
  }
  std::string lastWords() const {
    std::ifstream file(until.string() + ".ended");
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

template <class Work>
std::chrono::steady_clock::duration timeOf(Work work) {
  const auto begun = std::chrono::steady_clock::now();
  work();
  return std::chrono::steady_clock::now() - begun;
}

}  // namespace

TEST_CASE("an Enactor that hangs where it begins holds up nobody, and runs when it returns") {
  Hanging server;
  const std::string where = GENERATE("create", "start");
  CHECK(timeOf([&] {
          server.host().reconcile({{name("one.example."), {server.hangsIn(where), server.other}}});
        }) < kSoon);
  server.host().settle();
  CHECK(server.hanging().state == EnactorState::Hung);
  CHECK_FALSE(server.hanging().healthy);
  CHECK_THAT(server.hanging().detail, Contains("hangs in " + where));
  CHECK(server.logged("hangs in " + where + " for longer than limits.enactor-call, which is 1 s"));
  CHECK(server.host().health().at(1).state == EnactorState::Running);
  CHECK(server.submit(plan("one.example.", 1, 9)).kind == Outcome::Kind::Published);

  server.release();
  REQUIRE(eventually([&] { return server.hanging().state == EnactorState::Running; }));
  CHECK(server.logged("has returned from " + where));
  REQUIRE(eventually([&] { return server.hanging().healthy; }));
}

TEST_CASE(
    "an Enactor that hangs where it ends submits nothing more, and is followed only when it has ended") {
  Hanging server;
  const std::string where = GENERATE("stop", "run", "destroy");
  const EnactorSpec spec = server.hangsIn(where);
  REQUIRE(server.run({spec, server.other}).empty());
  REQUIRE(server.hanging().state == EnactorState::Running);

  // A reload without it, one with other options, and one with it again.
  EnactorSpec changed = spec;
  changed.options["x"] = "y";
  for (const EnactorSpec& wanted : {server.other, changed, spec}) {
    CHECK(timeOf([&] { server.host().reconcile({{name("one.example."), {wanted, server.other}}}); }) < kSoon);
    REQUIRE(eventually([&] { return server.hanging().state != EnactorState::Running; }));
  }
  REQUIRE(eventually([&] { return server.hanging().state == EnactorState::Hung; }));
  CHECK_THAT(server.hanging().detail, Contains("hangs in " + where));
  CHECK(server.host().health().size() == 2);
  CHECK(server.host().health().at(1).state == EnactorState::Running);
  CHECK(server.submit(plan("one.example.", 1, 9)).kind == Outcome::Kind::Published);

  server.release();
  REQUIRE(server.hasEnded());
  CHECK_THAT(server.lastWords(), Contains("3 0 ") && Contains("is being stopped"));
  CHECK(server.refusals().empty());
  REQUIRE(eventually([&] { return server.hanging().state == EnactorState::Running; }));
  REQUIRE(eventually([&] { return server.hanging().detail == "runs"; }));
  CHECK(server.host().health().size() == 2);
}

TEST_CASE("the end of the server waits a while for an Enactor that hangs, and then no more") {
  Hanging server;
  const std::string where = GENERATE("create", "stop", "run");
  server.run({server.hangsIn(where), server.other});
  std::size_t givenUp = 0;
  CHECK(timeOf([&] { givenUp = server.host().stop(); }) < kSoon);
  CHECK(givenUp == 1);
  CHECK(server.logged("is given up: hangs in " + where));
  CHECK(server.host().stop() == 0);

  // However late it wakes, it finds nothing there.
  server.release();
  REQUIRE(server.hasEnded());
  CHECK_THAT(server.lastWords(), Contains("3 0 "));
  CHECK_FALSE(server.logged("comes late"));
  CHECK(server.refusals().empty());
}

TEST_CASE("a submission under way is no hang") {
  Hanging server;
  server.slowDown(kCall + 200ms);
  CHECK(server.run({{"odd", plan("one.example.", 3, 9), {}}}).empty());
  CHECK(server.committed() == 3);
  CHECK_FALSE(server.logged("hangs in"));
}
