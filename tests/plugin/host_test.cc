#include "plugin/host.h"

#include <catch2/catch.hpp>

#include "fixture.h"

using namespace holdfast;
using namespace holdfast::test;
using namespace std::chrono_literals;
using Catch::Contains;

namespace {

/// What is wrong with the one Enactor of that kind.
std::string errorOf(Server& server, const std::string& kind, const std::string& argument = "x") {
  const std::vector<std::string> errors = server.run({{kind, argument, {}}});
  return errors.size() == 1 ? errors[0] : std::to_string(errors.size()) + " errors";
}

}  // namespace

TEST_CASE("a plugin that cannot be used is refused by name and cause") {
  Server server(HOLDFAST_TEST_ENACTORS);
  CHECK_THAT(errorOf(server, "absent"), Contains("holdfast_enactor_absent.so") && Contains("is missing"));
  CHECK_THAT(errorOf(server, "wrong_abi"), Contains("holdfast_enactor_wrong_abi.so") &&
                                               Contains("speaks Enactor ABI 2, this server speaks 1"));
  CHECK_THAT(errorOf(server, "short_table"),
             Contains("holdfast_enactor_short_table.so") && Contains("has a plugin table of 24 octets"));
  CHECK_THAT(errorOf(server, "no_symbol"), Contains("is no Enactor plugin"));
  CHECK_THAT(errorOf(server, "../odd"), Contains("is no kind of Enactor"));
  CHECK_THAT(server.health().detail, Contains("is no kind of Enactor"));
  CHECK(server.health().state == EnactorState::Failed);
  CHECK_FALSE(server.health().healthy);
  CHECK(server.logged("../odd:x: not started: ../odd: is no kind of Enactor"));
}

TEST_CASE("a plugin that fails or throws takes nobody down") {
  Server server(HOLDFAST_TEST_ENACTORS);
  CHECK_THAT(errorOf(server, "odd", "throw in create"), Contains("threw in create: create is odd"));
  CHECK_THAT(errorOf(server, "odd", "throw in start"), Contains("threw in start: start is odd"));
  CHECK_THAT(errorOf(server, "odd", "fail in create"), Contains("the argument is odd"));
  CHECK_THAT(errorOf(server, "odd", "fail in start"), Contains("failed in start without saying why"));
  CHECK(server.run({{"odd", "throw in stop", {}}}).empty());
  CHECK(server.run({{"odd", "throw in destroy", {}}}).empty());
  CHECK(server.runAll({}).empty());
  CHECK(server.logged("threw in stop: stop is odd"));
  CHECK(server.logged("threw in destroy: destroy is odd"));
}

TEST_CASE("a plugin that throws where it works has failed, and is tried again by a reload") {
  Server server(HOLDFAST_TEST_ENACTORS);
  const EnactorSpec thrower{"odd", "throw in run", {}}, other{"odd", "other", {}};
  server.run({other, thrower});
  REQUIRE(eventually([&] { return server.logged("odd:throw in run: failed: threw in run: run is odd"); }));
  const auto state = [&](std::size_t i) { return server.host().health().at(i).state; };
  REQUIRE(eventually([&] { return state(1) == EnactorState::Failed; }));
  CHECK(state(0) == EnactorState::Running);
  CHECK_THAT(server.host().health().at(1).detail, Contains("threw in run: run is odd"));
  server.run({other, thrower});
  CHECK(eventually([&] { return server.linesWith("threw in run") == 2; }));
  CHECK(server.submit(plan("one.example.", 1, 9)).kind == Outcome::Kind::Published);
}

TEST_CASE(
    "a plugin that ends the server's thread has failed, and its end is waited for no longer than a hang") {
  EnactorLimits limits;
  limits.call = 100ms;
  Server server(HOLDFAST_TEST_ENACTORS, limits);
  server.run({{"odd", "exit in run", {}}});
  REQUIRE(eventually([&] { return server.health().state == EnactorState::Failed; }));
  CHECK(server.logged("failed: ended the server's thread in run, which stands still instead"));
  CHECK(server.host().stop() == 1);
}

TEST_CASE("an Enactor that ends by itself is stopped, and told of") {
  Server server(HOLDFAST_TEST_ENACTORS);
  server.run({{"odd", "return from run", {}}});
  REQUIRE(eventually([&] { return server.health().state == EnactorState::Stopped; }));
  CHECK(server.logged("has ended by itself"));
  CHECK_FALSE(server.health().healthy);
}

TEST_CASE("an exception that ends a thread of the plugin's own does not end the server") {
  Server server(HOLDFAST_TEST_ENACTORS);
  const std::string what = GENERATE("throw on a thread", "terminate on a thread");
  const std::uint64_t before = [&] {
    CHECK(server.run({{"odd", "other", {}}}).empty());
    return server.health().crashes;
  }();
  CHECK(server.run({{"odd", "other", {}}, {"odd", what, {}}}).empty());
  const auto health = [&] { return server.host().health().at(1); };
  REQUIRE(eventually([&] { return health().crashes > before; }));
  CHECK_FALSE(health().healthy);
  CHECK_THAT(health().detail, Contains("an exception ended a thread of this kind of Enactor"));
  CHECK(server.linesWith("an exception ended a thread of an Enactor of kind odd, which stands still") == 1);
  // The thread stands still; all others, and this plugin's instances, go on.
  CHECK(server.submit(plan("one.example.", 1, 9)).kind == Outcome::Kind::Published);
  CHECK(server.runAll({}).empty());
  CHECK(server.host().health().empty());
}

TEST_CASE("a plugin may submit from the server's own thread") {
  Server server(HOLDFAST_TEST_ENACTORS);
  CHECK(server.run({{"odd", plan("one.example.", 3, 9), {}}}).empty());
  CHECK(server.committed() == 3);
  CHECK(server.health().healthy);
  CHECK(server.health().published == 1);
  CHECK(server.health().lastOutcome == "published 3");
  CHECK(server.health().lastAt);
}

TEST_CASE("reconciling keeps equal Enactors, ends those not wanted and runs the rest") {
  Server server(HOLDFAST_TEST_ENACTORS);
  const EnactorSpec first{"odd", "a", {}}, second{"odd", "b", {}}, broken{"absent", "c", {}};
  EnactorSpec elsewhere = second;
  elsewhere.where = "f.yaml:9:9";  // the same Enactor, on another line of the file
  CHECK(server.run({first, first, broken, second}).size() == 1);
  CHECK(server.host().health().size() == 3);
  const auto begun = server.linesWith("odd:b: begins");
  CHECK(server.runAll({{name("one.example."), {elsewhere}}, {name("two.example."), {second}}}).empty());
  CHECK(server.host().health().size() == 2);
  CHECK(server.health().name == "odd:b");
  CHECK(server.linesWith("odd:b: begins") == begun + 1);
}

TEST_CASE("settled is only what has gone where it had to") {
  Server server(HOLDFAST_TEST_ENACTORS);
  const EnactorSpec first{"odd", "a", {}}, second{"odd", "b", {}};
  for (int round = 0; round < 100; ++round) {
    CHECK(server.run({first, second}).empty());
    REQUIRE(server.host().health().size() == 2);
    CHECK(server.run({second}).empty());
    REQUIRE(server.host().health().size() == 1);
  }
}

TEST_CASE("options of the watch Enactor are checked when it is made, and by --check without making it") {
  Server server;
  const auto error = [&](const std::map<std::string, std::string>& options,
                         const std::string& path = "/tmp") -> std::string {
    const EnactorSpec spec{"watch", path, options};
    const std::vector<std::string> errors = server.run({spec});
    const Status checked = EnactorHost::check(HOLDFAST_ENACTORS, name("one.example."), spec, {});
    CHECK((errors.empty() ? "" : spec.kind + ":" + spec.argument + ": " + errors[0]) ==
          (checked ? "" : checked.error().text()));
    return errors.empty() ? "" : errors[0];
  };
  CHECK_THAT(error({{"pol", "1s"}}), Contains("unknown option \"pol\""));
  CHECK_THAT(error({{"poll", "soon"}}), Contains("poll: \"soon\" is no time"));
  CHECK_THAT(error({{"max-size", "0"}}), Contains("max-size: \"0\" is no size"));
  CHECK_THAT(error({}, ""), Contains("names no directory"));
  CHECK(error({{"poll", "250ms"}, {"max-size", "64M"}}, server.directory().string()).empty());
}

TEST_CASE("a check that hangs ends, and what is checked reaches no server") {
  EnactorLimits limits;
  limits.call = 100ms;
  const TemporaryDirectory directory;
  const std::string until = (directory.path() / "until").string();
  const auto check = [&](const EnactorSpec& spec) {
    const Status checked = EnactorHost::check(HOLDFAST_TEST_ENACTORS, name("one.example."), spec, limits);
    return checked ? "" : checked.error().text();
  };
  CHECK_THAT(check({"hang", "create", {{"until", until}}}), Contains("hangs in create"));
  writeFile(until, "");
  CHECK(eventually([&] { return std::filesystem::exists(until + ".ended"); }));
  CHECK(check({"odd", plan("one.example.", 3, 9), {}}).empty());
  CHECK_THAT(check({"absent", "x", {}}), Contains("holdfast_enactor_absent.so: is missing"));
}
