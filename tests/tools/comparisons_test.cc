#include <catch2/catch.hpp>
#include <fstream>

#include "fake_server.h"

using namespace holdfast;
using namespace holdfast::zonectl;
using namespace holdfast::test;
using Catch::Contains;

namespace {

const char* const kAccepted =
    R"({"outcome": "accepted", "zone": "x.", "generation": 42, "committed": 41, "restored": 39, "serial": 42})";
const char* const kPublished =
    R"({"outcome": "published", "zone": "x.", "generation": 42, "committed": 42, "restored": 39, "serial": 42})";
const char* const kRefused =
    R"({"outcome": "refused", "zone": "x.", "committed": 41, "reasons": [{"rule": "vanished", "name": "new.x."}]})";

Arguments of(Command command, const FakeServer& server) {
  Arguments arguments;
  arguments.command = command;
  arguments.control = server.path();
  arguments.zone = "x.";
  arguments.reason = "undo it";
  return arguments;
}

}  // namespace

TEST_CASE("diff asks for two generations, or compares a file") {
  FakeServer server({{200, "{}"}, {200, "{}"}, {200, "{}"}, {404, R"({"error": "no generation 3"})"}});
  Arguments arguments = of(Command::Diff, server);
  MemoryScreen memory;
  CHECK(run(arguments, memory.screen()) == Exit::Done);
  arguments.from = 3;
  arguments.to = 5;
  arguments.limit = 7;
  CHECK(run(arguments, memory.screen()) == Exit::Done);
  Arguments ofFile = of(Command::Diff, server);
  ofFile.file = (server.directory() / "p.zone").string();
  std::ofstream(ofFile.file) << "@ 60 IN NS a.\n";
  CHECK(run(ofFile, memory.screen()) == Exit::Done);
  CHECK(run(arguments, memory.screen()) == Exit::Other);
  CHECK_THAT(memory.err.str(), Contains("no generation 3"));
  const auto& requests = server.requests();
  CHECK(requests.at(0).line == "GET /v1/zones/x./diff?limit=100 HTTP/1.1");
  CHECK(requests.at(1).line == "GET /v1/zones/x./diff?limit=7&from=3&to=5 HTTP/1.1");
  CHECK(requests.at(2).line == "POST /v1/zones/x./diff?limit=100 HTTP/1.1");
  CHECK(requests.at(2).body == "@ 60 IN NS a.\n");
}

TEST_CASE("a rollback is seen first and then is exactly what was seen") {
  FakeServer server({{200, kAccepted}, {200, kPublished}});
  Arguments arguments = of(Command::Rollback, server);
  arguments.removesAdded = true;
  MemoryScreen memory("y\n");
  CHECK(run(arguments, memory.screen(true)) == Exit::Done);
  CHECK_THAT(memory.out.str(), Contains("with the content of 39"));
  const auto& requests = server.requests();
  CHECK(requests.at(0).line ==
        "POST /v1/zones/x./rollback?reason=undo%20it&remove-added=true&dry-run=true&diff=50 HTTP/1.1");
  CHECK(requests.at(1).line ==
        "POST /v1/zones/x./rollback?to=39&base=41&reason=undo%20it&remove-added=true&diff=50 HTTP/1.1");
}

TEST_CASE("a rollback that is declined or refused changes nothing") {
  FakeServer server({{200, kAccepted}, {409, kRefused}});
  const Arguments arguments = of(Command::Rollback, server);
  MemoryScreen declined("n\n"), refused("y\n");
  CHECK(run(arguments, declined.screen(true)) == Exit::Other);
  CHECK(run(arguments, refused.screen(true)) == Exit::Refused);
  CHECK(server.requests().size() == 2);
}

TEST_CASE("without a person, or told so, a rollback does not ask") {
  FakeServer server({{200, kPublished}, {200, kPublished}, {200, kAccepted}});
  Arguments arguments = of(Command::Rollback, server);
  MemoryScreen memory;
  CHECK(run(arguments, memory.screen()) == Exit::Done);
  arguments.yes = true;
  CHECK(run(arguments, memory.screen(true)) == Exit::Done);
  arguments.dryRun = true;
  CHECK(run(arguments, memory.screen(true)) == Exit::Done);
  CHECK_FALSE(server.requests().at(1).has("dry-run"));
  CHECK(server.requests().at(2).has("dry-run=true"));
}

TEST_CASE("explain finds the closest zone above the name") {
  const char* const status =
      R"({"zones": [{"zone": "net."}, {"zone": "example.net."}, {"zone": "ample.net."}]})";
  FakeServer server({{200, status}, {200, "{}"}, {200, "{}"}, {200, status}});
  Arguments arguments = of(Command::Explain, server);
  arguments.zone.clear();
  arguments.name = "WWW.example.net";
  arguments.type = "AAAA";
  MemoryScreen memory;
  CHECK(run(arguments, memory.screen()) == Exit::Done);
  arguments.zone = "x.";
  CHECK(run(arguments, memory.screen()) == Exit::Done);
  arguments.zone.clear();
  arguments.name = "www.example.org";
  CHECK(run(arguments, memory.screen()) == Exit::Other);
  CHECK_THAT(memory.err.str(), Contains("no zone held contains www.example.org."));
  CHECK(server.requests().at(1).line ==
        "GET /v1/zones/example.net./explain?name=www.example.net.&type=AAAA HTTP/1.1");
  CHECK(server.requests().at(2).line == "GET /v1/zones/x./explain?name=WWW.example.net&type=AAAA HTTP/1.1");
}

TEST_CASE("a history that was changed is told by the exit status") {
  FakeServer server({{200, R"({"zone": "x.", "whole": true, "entries": 2})"},
                     {200, R"({"zone": "x.", "whole": false, "broken": 2, "problem": "differs"})"}});
  Arguments arguments = of(Command::History, server);
  arguments.verify = true;
  MemoryScreen memory;
  CHECK(run(arguments, memory.screen()) == Exit::Done);
  CHECK(run(arguments, memory.screen()) == Exit::Other);
  CHECK_THAT(memory.out.str(), Contains("Whole") && Contains("BROKEN"));
}
