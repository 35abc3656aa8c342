#include <catch2/catch.hpp>

#include "fixture.h"

using namespace holdfast;
using namespace holdfast::test;
using Catch::Contains;

namespace {

/// What the plugin tells after the call that its argument names; it and all others still work.
std::string answerTo(Server& server, const std::string& what) {
  INFO(what);
  CHECK(server.run({{"garbage", what, {}}}).empty());
  const std::string said = server.health().detail;
  CHECK(server.health().state == EnactorState::Running);
  return said;
}

}  // namespace

TEST_CASE("garbage in a submission is refused and recorded, or fails with a text") {
  EnactorLimits limits;
  limits.planBytes = 1000;
  Server server(HOLDFAST_TEST_ENACTORS, limits);
  const auto [what, answer] = GENERATE(table<std::string, std::string>({
      {"nothing", "2 invalid"},
      {"no body", "2 invalid the Enactor's document: has no body, but 10 octets of it"},
      {"huge body",
       "2 invalid the Enactor's document: is of 18446744073709551615 octets, over limits.plan-bytes"},
      {"size 0", "3  the Enactor's document: says it is of size 0"},
      {"size within source", "2 invalid"},
      {"size huge", "3  the Enactor's document: says it is of size 18446744073709551615"},
      {"document NULL", "3 the Enactor's document: is NULL"},
      {"format 0", "2 invalid the Enactor's document: is in format 0: known are"},
      {"format 9", "2 invalid the Enactor's document: is in format 9: known are"},
      {"given 4", "2 invalid the Enactor's document: gives what this server does not know"},
      {"generation 0", "2 invalid the Enactor's document: gives generation 0, not from 1 to"},
      {"generation huge", "2 invalid the Enactor's document: gives generation 18446744073709551615"},
      {"base huge", "2 invalid the Enactor's document: gives base 18446744073709551615, above"},
      {"base beyond", "2 invalid the Enactor's document: gives a base beyond its own size"},
      {"outcome huge", "3 "},
      {"outcome 0", "77 "},
      {"outcome kind only", "2 "},
      {"outcome without text", "2 invalid "},
      {"text NULL", "2 invalid "},
      {"text of 4", "2 invalid "},
      {"host NULL", "3"},
  }));
  const std::string said = answerTo(server, what);
  INFO(said);
  CHECK(said.starts_with(answer));
  const bool isRefused = answer.starts_with("2");
  CHECK(server.refusals().size() == (isRefused ? 1 : 0));
  CHECK(server.health().refused == (isRefused ? 1 : 0));
  CHECK(server.submit(plan("one.example.", 1, 9)).kind == Outcome::Kind::Published);
}

TEST_CASE("texts that are not there or do not end are bounded") {
  Server server(HOLDFAST_TEST_ENACTORS);
  answerTo(server, "texts NULL");
  CHECK(server.refusals().size() == 1);
  answerTo(server, "outcome NULL");
  CHECK(server.logged("submit was called without a holdfast_outcome"));
  const std::string said = answerTo(server, "texts endless");
  CHECK(said == std::string(EnactorLimits().textOctets, 'e') + "...");
  REQUIRE(server.refusals().size() == 2);
  CHECK(server.refusals()[0].reasons.at(0).detail.size() < 3 * EnactorLimits().textOctets);
  CHECK_THAT(answerTo(server, "facts"), Contains("-1-1 the Enactor's document: is in format 7"));
  const std::vector<std::string> errors = server.run({{"garbage", "error endless", {}}});
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].size() <= 1024);
}

TEST_CASE("texts with line breaks and control characters are told as one line") {
  Server server(HOLDFAST_TEST_ENACTORS);
  CHECK(answerTo(server, "texts of many lines") == "well\\nzone forged.example. served\\x1b[31m \xc3\xa9");
  CHECK(server.logged("one\\ntwo\\r\\x1b[2J\\x7f\\x9b\\tend"));
  REQUIRE(server.refusals().size() == 1);
  const Reason reason = server.refusals()[0].reasons.at(0);
  CHECK((reason.name + reason.observed + reason.detail).find('\n') == std::string::npos);
  CHECK_THAT(reason.detail, Contains("wh\\nat"));
  // The name is made of the configuration, where a text may have more than one line too.
  CHECK(server.run({{"odd", "a\nb\x1b", {}}}).empty());
  CHECK(server.health().name == "odd:a\\nb\\x1b");
}

TEST_CASE("plugins that were built with an older and with a newer header of this ABI work") {
  Server server(HOLDFAST_TEST_ENACTORS);
  CHECK(server.run({{"older", plan("one.example.", 3, 9), {}}}).empty());
  REQUIRE(eventually([&] { return server.committed() == 3; }));
  REQUIRE(eventually([&] { return server.health().detail == "1 3 #"; }));

  CHECK(server.run({{"newer", plan("one.example.", 4, 9), {}}}).empty());
  REQUIRE(eventually([&] { return server.committed() == 4; }));
  CHECK(eventually([&] { return server.logged("has ended by itself"); }));
  CHECK(server.health().published == 1);
}
