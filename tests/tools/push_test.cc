#include <catch2/catch.hpp>
#include <fstream>

#include "fake_server.h"

using namespace holdfast;
using namespace holdfast::zonectl;
using namespace holdfast::test;
using Catch::Contains;

namespace {

const char* const kCommitted = R"({"zone": "x.", "committed": 41})";
const char* const kAccepted = R"({"outcome": "accepted", "zone": "x.", "generation": 42, "serial": 42})";
const char* const kPublished = R"({"outcome": "published", "zone": "x.", "generation": 42, "serial": 42})";
const char* const kRefused = R"({"outcome": "refused", "zone": "x.", "committed": 42,
                                 "reasons": [{"rule": "base-mismatch", "name": "x.", "detail": "too late"}]})";

Arguments pushOf(const FakeServer& server, const std::string& document) {
  Arguments arguments;
  arguments.command = Command::Push;
  arguments.control = server.path();
  arguments.zone = "x.";
  arguments.file = (server.directory() / "plan").string();
  std::ofstream(arguments.file) << document;
  return arguments;
}

}  // namespace

TEST_CASE("without a terminal the plan is submitted on what is committed") {
  FakeServer server({{200, kCommitted}, {200, kPublished}});
  MemoryScreen memory;
  CHECK(run(pushOf(server, "{}"), memory.screen()) == Exit::Done);
  CHECK_THAT(memory.out.str(), Contains("Published generation 42 of x."));
  const auto& requests = server.requests();
  REQUIRE(requests.size() == 2);
  CHECK(requests[0].has("GET /v1/zones/x. "));
  CHECK(requests[1].has("POST /v1/zones/x./plans?base=41&"));
  CHECK(requests[1].body == "{}");
}

TEST_CASE("on a terminal a person sees the change and says yes") {
  FakeServer server({{200, kCommitted}, {200, kAccepted}, {200, kPublished}});
  MemoryScreen memory("y\n");
  CHECK(run(pushOf(server, "{}"), memory.screen(true)) == Exit::Done);
  const auto& requests = server.requests();
  REQUIRE(requests.size() == 3);
  CHECK(requests[1].has("base=41&dry-run=true&diff="));
  CHECK(requests[2].has("?base=41 "));
}

TEST_CASE("on a terminal anything but yes submits nothing") {
  FakeServer server({{200, kCommitted}, {200, kAccepted}, {200, kPublished}});
  MemoryScreen memory("\n");
  CHECK(run(pushOf(server, "{}"), memory.screen(true)) == Exit::Other);
  CHECK(server.requests().size() == 2);
}

TEST_CASE("on a terminal what would be refused is not asked about") {
  FakeServer server({{200, kCommitted}, {409, kRefused}});
  MemoryScreen memory("y\n");
  CHECK(run(pushOf(server, "{}"), memory.screen(true)) == Exit::Refused);
  CHECK_THAT(memory.out.str(), Contains("too late") && Contains("not committed, or not any more"));
  CHECK(server.requests().size() == 2);
}

TEST_CASE("a plan that names its generation is submitted as it is") {
  FakeServer server({{200, kPublished}});
  MemoryScreen memory;
  CHECK(run(pushOf(server, R"({"generation": 42})"), memory.screen(true)) == Exit::Done);
  CHECK_FALSE(server.requests().at(0).has("base="));
}

TEST_CASE("a plan that names its base keeps it") {
  FakeServer server({{200, kPublished}});
  MemoryScreen memory;
  CHECK(run(pushOf(server, R"({"base": 41})"), memory.screen()) == Exit::Done);
  CHECK_FALSE(server.requests().at(0).has("base="));
}

TEST_CASE("what the command line says goes along") {
  FakeServer server({{200, kAccepted}});
  Arguments arguments = pushOf(server, "@ 60 IN NS ns.\n");
  arguments.generation = 50;
  arguments.source = "me";
  arguments.removals = {"a", "b/A"};
  arguments.overrides = {"floor:c"};
  arguments.reason = "so it is";
  arguments.dryRun = true;
  MemoryScreen memory;
  CHECK(run(arguments, memory.screen(true)) == Exit::Done);
  CHECK(
      server.requests().at(0).has("?generation=50&source=me&reason=so%20it%20is&remove=a&remove=b%2FA&"
                                  "allow=floor%3Ac&dry-run=true&diff="));
}

TEST_CASE("a refusal has status 3 under every status code, and as json") {
  FakeServer server({{409, kRefused}, {400, kRefused}, {423, kRefused}, {413, R"({"error": "too large"})"}});
  Arguments arguments = pushOf(server, R"({"generation": 42})");
  MemoryScreen memory;
  CHECK(run(arguments, memory.screen()) == Exit::Refused);
  CHECK(run(arguments, memory.screen()) == Exit::Refused);
  arguments.json = true;
  MemoryScreen programs;
  CHECK(run(arguments, programs.screen()) == Exit::Refused);
  CHECK(programs.out.str() == kRefused);
  CHECK(run(arguments, programs.screen()) == Exit::Other);
}

TEST_CASE("a file that cannot be read is status 1, and nothing is asked of the server") {
  FakeServer server({});
  Arguments arguments = pushOf(server, "");
  MemoryScreen memory;
  CHECK(run(arguments, memory.screen()) == Exit::Other);
  CHECK_THAT(memory.err.str(), Contains("is empty"));
  arguments.file = "/nonexistent";
  CHECK(run(arguments, memory.screen()) == Exit::Other);
  CHECK_THAT(memory.err.str(), Contains("/nonexistent: cannot be read: No such file or directory"));
  CHECK(server.requests().empty());
}

TEST_CASE("progress") {
  CHECK(progressText(0, 200, 0) == "uploading [------------------------]   0 %");
  CHECK(progressText(100, 200, 0) == "uploading [############------------]  50 %");
  CHECK(progressText(200, 200, 1) == "judging… /");
}
