#include "tools/zonectl/plan_source.h"

#include <catch2/catch.hpp>
#include <sstream>

using namespace holdfast;
using namespace holdfast::zonectl;
using Catch::Contains;

TEST_CASE("the format of a document") {
  CHECK(formatOf("a.json", "@ IN NS x.") == DocumentFormat::Json);
  CHECK(formatOf("a.zone", "{}") == DocumentFormat::ZoneFile);
  CHECK(formatOf("-", " \n{\"plan\": 1}") == DocumentFormat::Json);
  CHECK(formatOf("db.example", "$ORIGIN example.\n") == DocumentFormat::ZoneFile);
}

TEST_CASE("what a document says of itself") {
  const auto facts = [](const std::string& body) { return factsOf({"-", formatOf("-", body), body}); };
  const PlanFacts full = facts(R"({"plan": 1, "endpoints": {"generation": {"base": 3, "zone": "no."}},
                                   "zone": "x.", "generation": 18, "base": 17, "records": ["zone"]})");
  CHECK(full.zone == "x.");
  CHECK(full.generation == 18u);
  CHECK(full.base == 17u);
  CHECK(facts(R"({"zone": "x.")").zone == "x.");
  CHECK_FALSE(facts(R"({"plan": 1})").generation);
  CHECK(facts("; a comment\n$TTL 60\n$ORIGIN x.example. ; here\n").zone == "x.example.");
  CHECK_FALSE(facts("@ 60 IN SOA a. b. 1 2 3 4 5\n$ORIGIN x.\n").zone);
  CHECK_FALSE(facts("$ORIGIN relative\n").zone);
}

TEST_CASE("a zone file's SOA names its zone") {
  const auto zone = [](const std::string& body) {
    return factsOf({"-", DocumentFormat::ZoneFile, body}).zone.value_or("none");
  };
  const std::string soa = " 60 IN SOA a. b. (\n1 2 3 4 5 )\n";
  CHECK(zone("X.example." + soa) == "x.example.");
  CHECK(zone("$TTL 1h\n; of x\nx.example. soa a. b. 1 2 3 4 5\n") == "x.example.");
  CHECK(zone("x.example. NS a.\n" + soa) == "x.example.");
  CHECK(zone("$ORIGIN example.\nx" + soa) == "x.example.");
  CHECK(zone("$ORIGIN example.\n$ORIGIN x\n@" + soa) == "x.example.");
  CHECK(zone("$ORIGIN example.\nx.test." + soa) == "x.test.");
  CHECK(zone("." + soa) == ".");
  CHECK(zone("$ORIGIN x.\na TXT \"b. SOA c\"\n$ORIGIN y.\n") == "x.");
  CHECK(zone("x" + soa) == "none");
  CHECK(zone("x\\." + soa) == "none");
  CHECK(zone("x. A 192.0.2.1\n") == "none");
  CHECK(zone("x. 1x NS a.\nx." + soa) == "none");
}

TEST_CASE("I4 what cannot be read is told by name and cause") {
  std::istringstream input;
  CHECK_THAT(readPlanSource("/nonexistent/plan.json", input).error().text(),
             Contains("/nonexistent/plan.json") && Contains("No such file or directory"));
  CHECK_THAT(readPlanSource("/tmp", input).error().text(), Contains("Is a directory"));
  CHECK_THAT(readPlanSource("/dev/null", input).error().text(), Contains("is empty"));
  CHECK_THAT(readPlanSource("-", input).error().text(), Contains("standard input: is empty"));
  std::istringstream plan("{}");
  CHECK(readPlanSource("-", plan)->body == "{}");
}
