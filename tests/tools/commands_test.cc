#include "tools/zonectl/commands.h"

#include <catch2/catch.hpp>

#include "fake_server.h"

using namespace holdfast;
using namespace holdfast::zonectl;
using namespace holdfast::test;
using Catch::Contains;

namespace {

Arguments ofZone(Command command, const FakeServer& server, const std::string& zone = "x.example.") {
  Arguments arguments;
  arguments.command = command;
  arguments.control = server.path();
  arguments.zone = zone;
  return arguments;
}

}  // namespace

TEST_CASE("where no server answers the status is 4") {
  Arguments arguments;
  arguments.control = "/nonexistent/control.sock";
  MemoryScreen memory;
  CHECK(run(arguments, memory.screen()) == Exit::Unreachable);
  CHECK_THAT(memory.err.str(), Contains("no server answers at /nonexistent/control.sock"));
  CHECK(memory.out.str().empty());
}

TEST_CASE("a server that hangs up is as good as none") {
  FakeServer server({});
  Arguments arguments = ofZone(Command::Status, server);
  static_cast<void>(server.requests());  // it has gone
  MemoryScreen memory;
  CHECK(run(arguments, memory.screen()) == Exit::Unreachable);
}

TEST_CASE("the root zone reaches the server") {
  FakeServer server({{200, "{}"}});
  MemoryScreen memory;
  CHECK(run(ofZone(Command::ZoneAdd, server, "."), memory.screen()) == Exit::Done);
  CHECK(server.requests().at(0).line == "PUT /v1/zones/%2E HTTP/1.1");
}

TEST_CASE("requests of the small commands") {
  FakeServer server({{200, "{}"}, {200, "{}"}, {200, "{}"}, {200, "{}"}});
  MemoryScreen memory;
  Arguments arguments = ofZone(Command::ZoneRemove, server);
  arguments.reason = "gone now";
  arguments.forget = true;
  CHECK(run(arguments, memory.screen()) == Exit::Done);
  arguments.command = Command::Freeze;
  CHECK(run(arguments, memory.screen()) == Exit::Done);
  arguments.command = Command::Thaw;
  arguments.reason.clear();
  CHECK(run(arguments, memory.screen()) == Exit::Done);
  CHECK(run(ofZone(Command::History, server), memory.screen()) == Exit::Done);
  const auto& requests = server.requests();
  CHECK(requests.at(0).line == "DELETE /v1/zones/x.example.?reason=gone%20now&forget=true HTTP/1.1");
  CHECK(requests.at(1).line == "POST /v1/zones/x.example./freeze?reason=gone%20now HTTP/1.1");
  CHECK(requests.at(2).line == "POST /v1/zones/x.example./thaw HTTP/1.1");
  CHECK(requests.at(3).line == "GET /v1/zones/x.example./plans?limit=20 HTTP/1.1");
}

TEST_CASE("show asks for what is committed") {
  FakeServer server({{200, R"({"committed": 12})"}, {200, "@ 60 IN NS x.\n"}});
  MemoryScreen memory;
  CHECK(run(ofZone(Command::Show, server), memory.screen()) == Exit::Done);
  CHECK(memory.out.str() == "@ 60 IN NS x.\n");
  CHECK(server.requests().at(1).has("GET /v1/zones/x.example./plans/12 "));
}

TEST_CASE("problems are told, and json is passed on as it came") {
  FakeServer server(
      {{404, R"({"error": "the zone is not held"})"}, {404, R"({"error": "the zone is not held"})"}});
  MemoryScreen people, programs;
  Arguments arguments = ofZone(Command::History, server);
  CHECK(run(arguments, people.screen()) == Exit::Other);
  CHECK(people.err.str() == "zonectl: the zone is not held\n");
  arguments.json = true;
  CHECK(run(arguments, programs.screen()) == Exit::Other);
  CHECK(programs.out.str() == R"({"error": "the zone is not held"})");
}
