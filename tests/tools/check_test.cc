#include <catch2/catch.hpp>

#include "fake_server.h"

using namespace holdfast::zonectl;
using namespace holdfast::test;
using Catch::Contains;

namespace {

struct Checked {
  Exit status;
  std::string out, err;
};

Checked checkText(const std::string& text, const std::string& zone = "", bool json = false) {
  Arguments arguments;
  arguments.command = Command::Check;
  arguments.file = "-";
  arguments.zone = zone;
  arguments.json = json;
  MemoryScreen memory(text);
  const Exit status = run(arguments, memory.screen());
  return {status, memory.out.str(), memory.err.str()};
}

std::string planWith(const std::string& members) {
  return R"({"plan": 1, "zone": "x.example.", "kind": "full", "records": ["@ 60 IN NS ns.example.", "@ 60 IN NS ns2.example."])" +
         members + "}";
}

}  // namespace

TEST_CASE("a plan that is well") {
  const Checked checked = checkText(planWith(
      R"(, "generation": 5, "endpoints": {"api": {"ttl": 5, "targets": [{"id": "a", "address": "192.0.2.1", "weight": 1}]}})"));
  CHECK(checked.status == Exit::Done);
  CHECK(checked.out == "standard input: well: a full plan for x.example., generation 5, 2 names\n");
  CHECK(checkText(planWith(R"(, "base": 41)")).status == Exit::Done);
  CHECK(checkText(planWith("")).status == Exit::Done);
}

TEST_CASE("a plan with findings has status 3") {
  const Checked bogus = checkText(planWith(
      R"(, "endpoints": {"api": {"ttl": 5, "targets": [{"id": "a", "address": "127.0.0.1", "weight": 1}]}})"));
  CHECK(bogus.status == Exit::Refused);
  CHECK_THAT(bogus.out, Contains("standard input: 1 error as the first plan of x.example."));
  CHECK_THAT(bogus.out, Contains("bogus-target") && Contains("api.x.example."));
  CHECK(checkText(planWith(R"(, "generation": "five")")).status == Exit::Refused);
  const Checked json = checkText("{\"plan\": 1,", "x.example.", true);
  CHECK(json.status == Exit::Refused);
  CHECK(Json::parse(json.out)["reasons"][0]["rule"] == "invalid");
}

TEST_CASE("zone files are checked too") {
  const std::string zone =
      "$ORIGIN x.example.\n@ 60 IN SOA ns.example. h.example. 7 1 1 1 1\n@ 60 IN NS ns.example.\n";
  CHECK(checkText(zone).status == Exit::Done);
  CHECK(checkText(zone + "www 60 IN A 192.0.2.300\n").status == Exit::Refused);
  CHECK_THAT(checkText(zone + "www 60 IN A 192.0.2.300\n").out, Contains("line 4"));
  const Checked nameless = checkText("@ 60 IN NS ns.example.\n");
  CHECK(nameless.status == Exit::Usage);
  CHECK_THAT(nameless.err, Contains("--zone"));
}

TEST_CASE("of a delta only the form is checked") {
  const Checked delta =
      checkText(R"({"plan": 1, "zone": "x.example.", "kind": "delta", "base": 3, "remove": ["a"]})");
  CHECK(delta.status == Exit::Done);
  CHECK_THAT(delta.out, Contains("a delta plan") && Contains("--dry-run"));
}

TEST_CASE("warnings alone are well, but not under --strict") {
  const std::string plan =
      R"({"plan": 1, "zone": "x.example.", "kind": "full", "records": ["@ 60 IN NS ns.example."]})";
  const Checked checked = checkText(plan);
  CHECK(checked.status == Exit::Done);
  CHECK_THAT(checked.out,
             Contains("single-name-server") && Contains("standard input: 1 warning: a full plan"));
  Arguments arguments;
  arguments.command = Command::Check;
  arguments.file = "-";
  arguments.strict = true;
  MemoryScreen memory(plan);
  CHECK(run(arguments, memory.screen()) == Exit::Refused);
}
