#include "plugin/host.h"

#include <catch2/catch.hpp>

#include "fixture.h"

using namespace holdfast;
using namespace holdfast::test;
using Catch::Contains;

namespace {

/// The one Error of running one Enactor of that kind.
std::string errorOf(Server& server, const std::string& kind, const std::string& argument = "x") {
  const std::vector<Error> errors = server.host().reconcile({{name("one.example."), {{kind, argument, {}}}}});
  return errors.size() == 1 ? errors[0].text() : std::to_string(errors.size()) + " errors";
}

}  // namespace

TEST_CASE("a plugin that cannot be used is refused by name and cause") {
  Server server(HOLDFAST_TEST_ENACTORS);
  CHECK_THAT(errorOf(server, "absent"), Contains("holdfast_enactor_absent.so") && Contains("is missing"));
  CHECK_THAT(errorOf(server, "wrong_abi"), Contains("speaks Enactor ABI 2, this server speaks 1"));
  CHECK_THAT(errorOf(server, "no_symbol"), Contains("is no Enactor plugin"));
  CHECK_THAT(errorOf(server, "../odd"), Contains("is no kind of Enactor"));
  CHECK_THAT(server.health().detail, Contains("is no kind of Enactor"));
  CHECK_FALSE(server.health().healthy);
}

TEST_CASE("a plugin that fails or throws takes nobody down") {
  Server server(HOLDFAST_TEST_ENACTORS);
  CHECK_THAT(errorOf(server, "odd", "throw in create"), Contains("threw in create: create is odd"));
  CHECK_THAT(errorOf(server, "odd", "throw in start"), Contains("threw in start: start is odd"));
  CHECK_THAT(errorOf(server, "odd", "fail in create"), Contains("odd:fail in create: the argument is odd"));
  CHECK_THAT(errorOf(server, "odd", "fail in start"), Contains("failed in start without saying why"));
  CHECK(server.host().reconcile({{name("one.example."), {{"odd", "throw in stop", {}}}}}).empty());
  CHECK(server.host().reconcile({}).empty());
  CHECK(server.logged("threw in stop: stop is odd"));
}

TEST_CASE("a plugin may submit from the server's own thread") {
  Server server(HOLDFAST_TEST_ENACTORS);
  const EnactorSpec spec{"odd", plan("one.example.", 3, 9), {}};
  CHECK(server.host().reconcile({{name("one.example."), {spec}}}).empty());
  CHECK(server.committed() == 3);
  CHECK(server.health().healthy);
  CHECK(server.health().published == 1);
}

TEST_CASE("reconciling keeps equal Enactors, ends those not wanted and runs the rest") {
  Server server(HOLDFAST_TEST_ENACTORS);
  const EnactorSpec first{"odd", "a", {}}, second{"odd", "b", {}}, broken{"absent", "c", {}};
  CHECK(server.host().reconcile({{name("one.example."), {first, first, broken, second}}}).size() == 1);
  CHECK(server.host().health().size() == 3);
  CHECK(
      server.host().reconcile({{name("one.example."), {second}}, {name("two.example."), {second}}}).empty());
  CHECK(server.host().health().size() == 2);
  CHECK(server.health().name == "odd:b");
}

TEST_CASE("options of the watch Enactor are checked when it is made") {
  Server server;
  const auto error = [&](const std::map<std::string, std::string>& options,
                         const std::string& path = "/tmp") {
    const std::vector<Error> errors =
        server.host().reconcile({{name("one.example."), {{"watch", path, options}}}});
    return errors.empty() ? "" : errors[0].text();
  };
  CHECK_THAT(error({{"pol", "1s"}}), Contains("unknown option \"pol\""));
  CHECK_THAT(error({{"poll", "soon"}}), Contains("poll: \"soon\" is no time"));
  CHECK_THAT(error({{"max-size", "0"}}), Contains("max-size: \"0\" is no size"));
  CHECK_THAT(error({}, ""), Contains("names no directory"));
  CHECK(error({{"poll", "250ms"}, {"max-size", "64M"}}, server.directory().string()).empty());
}
