// What looks into the server: diff, explain, history with a filter, status.
#include <catch2/catch.hpp>
#include <thread>

#include "server/explain.h"
#include "tests/server_control/server_fixture.h"

namespace holdfast {

namespace {

constexpr const char* kJson = "Content-Type: application/json\r\n";

std::unique_ptr<ServerFixture> withPlans() {
  auto server = std::make_unique<ServerFixture>();
  server->request("PUT", "/v1/zones/example.net");
  server->submit("example.net", samplePlan(5, 4), 200);
  server->submit("example.net", samplePlan(7, 3), 200, "?reason=one+less");
  return server;
}

std::string delta(unsigned base, const std::string& members) {
  return "{\"plan\":1,\"kind\":\"delta\",\"base\":" + std::to_string(base) + "," + members + "}";
}

}  // namespace

TEST_CASE("diff tells what changed, by endpoint with the effect on capacity") {
  const auto server = withPlans();
  const auto diff = server->get("/v1/zones/example.net/diff");
  CHECK(diff["zone"] == "example.net.");
  CHECK(diff["from"] == 5);
  CHECK(diff["to"] == 7);
  CHECK(diff["changes"]["changed"] == 1);
  CHECK(diff["targets"]["before"] == 4);
  CHECK(diff["targets"]["after"] == 3);
  CHECK(diff["capacity"]["before"] == 40);
  CHECK(diff["capacity"]["after"] == 30);
  REQUIRE(diff["diff"].size() == 1);
  const auto name = diff["diff"][0];
  CHECK(name["name"] == "api.example.net.");
  CHECK(name["endpoint"] == true);
  CHECK(name["targets"]["after"] == 3);
  CHECK(name["capacity"]["before"] == 40);
  CHECK(name["rrsets"][0]["capacity"]["after"] == 30);
  CHECK(name["rrsets"][0]["removed"].size() == 1);

  const auto back = server->get("/v1/zones/example.net/diff?from=7&to=5");
  CHECK(back["capacity"]["after"] == 40);
  const auto all = server->get("/v1/zones/example.net/diff?from=0&to=5&limit=1");
  CHECK(all["changes"]["added"] == 3);
  CHECK(all["diff"].size() == 1);
  CHECK(all["diff_truncated"] == true);
  CHECK(all["targets"]["before"] == 0);
  CHECK(server->get("/v1/zones/example.net/diff?from=5&to=5")["diff"].empty());
  // The one before 5 is nothing.
  CHECK(server->get("/v1/zones/example.net/diff?to=5")["from"] == 0);
  const auto missing = server->get("/v1/zones/example.net/diff?from=6", 404);
  CHECK_THAT(missing["error"].get<std::string>(), Catch::Contains("6"));
  CHECK(server->get("/v1/zones/other.net/diff", 404).contains("error"));
  CHECK(server->get("/v1/zones/example.net/diff?from=x", 400).contains("error"));
}

TEST_CASE("a plan can be compared without being judged or recorded") {
  const auto server = withPlans();
  const std::string target = "/v1/zones/example.net/diff";
  // An old generation and too few targets: the guard would refuse both.
  const HttpAnswer old = server->request("POST", target, kJson, samplePlan(2, 1));
  REQUIRE(old.status == 200);
  const auto diff = nlohmann::json::parse(old.body);
  CHECK(diff["from"] == 7);
  CHECK(diff["to"] == 2);
  CHECK(diff["targets"]["after"] == 1);
  const HttpAnswer change = server->request("POST", target + "?remove=ns1", kJson,
                                            delta(3, "\"records\":[\"www 60 IN CNAME api\"]"));
  REQUIRE(change.status == 200);
  const auto changed = nlohmann::json::parse(change.body);
  CHECK(changed["to"].is_null());
  CHECK(changed["changes"]["added"] == 1);
  CHECK(changed["changes"]["removed"] == 1);
  const HttpAnswer zone = server->request("POST", target, "Content-Type: text/dns\r\n", "@ 60 IN NS ns1\n");
  CHECK(zone.status == 200);
  CHECK(server->request("POST", target, kJson, "{").status == 400);
  CHECK(server->request("POST", target, "Content-Type: text/html\r\n", "{}").status == 415);
  CHECK(server->request("POST", "/v1/zones/other.net/diff", kJson, samplePlan(2, 1)).status == 404);
  const auto status = server->get("/v1/zones/example.net");
  CHECK(status["committed"] == 7);
  CHECK(status["last_refusal"].is_null());
}

TEST_CASE("explain follows the aliases, and tells shares and the guard's word") {
  const auto server = withPlans();
  server->submit(
      "example.net",
      delta(7, "\"records\":[\"www 60 IN CNAME api\",\"*.wild 30 IN TXT x\",\"old 5 IN DNAME wild\"]"), 200);
  const auto www = server->get("/v1/zones/example.net/explain?name=www&type=A");
  CHECK(www["name"] == "www.example.net.");
  CHECK(www["in_zone"] == true);
  REQUIRE(www["answers"].size() == 1);
  CHECK(www["answers"][0]["result"] == "positive");
  const auto steps = www["answers"][0]["steps"];
  REQUIRE(steps.size() == 2);
  CHECK(steps[0]["found"] == "cname");
  CHECK(steps[0]["target"] == "api.example.net.");
  CHECK(steps[0]["generation"] == 8);
  CHECK(steps[1]["found"] == "data");
  CHECK(steps[1]["capacity"] == 30);
  CHECK(steps[1]["targets"].size() == 3);
  CHECK(steps[1]["targets"][0]["share"] == 1.0);
  CHECK(www["removal"]["removes"] == "www.example.net.");
  CHECK(www["removal"]["outcome"] == "accepted");

  const auto api = server->get("/v1/zones/example.net/explain?name=api");
  CHECK(api["answers"][0]["type"] == "A");
  CHECK(api["removal"]["outcome"] == "refused");
  CHECK(api["removal"]["reasons"][0]["rule"] == "empty-answer");
  CHECK(api["removal"]["reasons"][0]["name"] == "www.example.net.");

  const auto wild =
      server->get("/v1/zones/example.net/explain?name=a.b.wild&type=TXT")["answers"][0]["steps"][0];
  CHECK(wild["wildcard"] == true);
  CHECK(wild["owner"] == "*.wild.example.net.");
  const auto through = server->get("/v1/zones/example.net/explain?name=q.old&type=TXT")["answers"][0];
  CHECK(through["result"] == "positive");
  CHECK(through["steps"][0]["found"] == "dname");
  CHECK(through["steps"][1]["name"] == "q.wild.example.net.");

  const auto absent = server->get("/v1/zones/example.net/explain?name=nowhere");
  CHECK(absent["answers"][0]["result"] == "nxdomain");
  CHECK(absent["removal"].is_null());
  CHECK(server->get("/v1/zones/example.net/explain?name=api&type=MX")["answers"][0]["result"] == "nodata");
  const auto outside = server->get("/v1/zones/example.net/explain?name=www.example.org.");
  CHECK(outside["in_zone"] == false);
  CHECK(outside["answers"][0]["result"] == "refused");
  CHECK(outside["removal"].is_null());
  CHECK(server->get("/v1/zones/example.net/explain", 400).contains("error"));
  CHECK(server->get("/v1/zones/example.net/explain?name=a..b", 400).contains("error"));
  CHECK(server->get("/v1/zones/example.net/explain?name=a&type=ODD", 400).contains("error"));
  CHECK(server->get("/v1/zones/other.net/explain?name=a", 404).contains("error"));
  // Nothing of this was a plan.
  CHECK(server->get("/v1/zones/example.net")["committed"] == 8);
  CHECK(server->get("/v1/zones/example.net")["last_refusal"].is_null());
}

TEST_CASE("explain tells which plan made an answer") {
  const auto server = withPlans();
  server->submit("example.net", delta(7, "\"records\":[\"www 60 IN CNAME api\"]"), 200);
  const auto api = server->get("/v1/zones/example.net/explain?name=api&type=A")["answers"][0]["steps"][0];
  CHECK(api["last_change"]["generation"] == 7);
  CHECK(api["last_change"]["reason"] == "one less");
  CHECK(api["last_change"]["source"] == "test");
  CHECK_THAT(api["last_change"]["who"].get<std::string>(), Catch::StartsWith("uid "));
}

TEST_CASE("explain of a zone without content says so") {
  const ServerFixture server;
  server.request("PUT", "/v1/zones/example.net");
  const auto answer = server.get("/v1/zones/example.net/explain?name=www&type=A");
  CHECK(answer["answers"][0]["result"] == "servfail");
  CHECK(answer["removal"].is_null());
}

TEST_CASE("shares are what the picker gives") {
  RRset endpoint{RRType::A, 5, 0, {}, {}};
  for (unsigned i = 0; i < 4; ++i) {
    endpoint.rdata.push_back(std::string("\xC0\x00\x02", 3) + static_cast<char>(i));
    endpoint.targets.push_back({"", i == 3 ? 0 : 100 * (i + 1)});  // 100, 200, 300 and a last resort
  }
  CHECK(sharesOf(endpoint) == std::vector<double>(4, 1.0));
  endpoint.pick = 1;
  const auto one = sharesOf(endpoint);
  CHECK(one[0] == Approx(1.0 / 6));
  CHECK(one[2] == Approx(0.5));
  CHECK(one[3] == 0.0);
  endpoint.pick = 2;
  const auto two = sharesOf(endpoint);
  // Without the last resort: 1 - the chance to be the one that is left over, exactly 7/12 for the heaviest's.
  CHECK(two[0] + two[1] + two[2] + two[3] == Approx(2.0));
  CHECK(two[0] == Approx(1.0 / 6 + 2.0 / 6 * 1 / 4 + 3.0 / 6 * 1 / 3).margin(0.02));
  CHECK(two[3] == 0.0);
}

TEST_CASE("the history can be filtered, and pages go on") {
  const auto server = withPlans();
  for (int i = 0; i < 3; ++i) server->submit("example.net", samplePlan(6, 3), 409);
  server->submit("example.net", samplePlan(8, 3), 200);
  const auto refused = server->get("/v1/zones/example.net/plans?outcome=refused&limit=2");
  REQUIRE(refused["history"].size() == 2);
  CHECK(refused["history"][0]["outcome"] == "refused");
  const auto more =
      server->get("/v1/zones/example.net/plans?outcome=refused&before=" + refused["next_before"].dump());
  CHECK(more["history"].size() == 1);
  CHECK(more["next_before"].is_null());
  const auto published = server->get("/v1/zones/example.net/plans?outcome=published&limit=3");
  CHECK(published["history"].size() == 3);
  CHECK(server->get("/v1/zones/example.net/plans?outcome=superseded")["history"].empty());
  const auto odd = server->get("/v1/zones/example.net/plans?outcome=odd", 400);
  CHECK_THAT(odd["error"].get<std::string>(), Catch::Contains("published") && Catch::Contains("superseded"));
}

TEST_CASE("status tells queries and swaps") {
  const ServerFixture server;
  const auto status = server.get("/v1/status");
  CHECK(status["queries"]["answered"] == 0);
  CHECK(status["swaps"]["count"].is_number());
  CHECK(status["swaps"]["longest_us"].is_number());
  CHECK(status["swaps"]["reclaims_pending"].is_number());
}

TEST_CASE("the history is sealed, and verify says whether it is whole") {
  const auto server = withPlans();
  const auto report = server->get("/v1/zones/example.net/verify");
  CHECK(report["whole"] == true);
  CHECK(report["entries"].get<int>() >= 2);
  CHECK(report["seal"].get<std::string>().size() == 64);
  CHECK(report["seal"] == server->get("/v1/zones/example.net")["seal"]);
  CHECK(server->get("/v1/zones/example.net/plans")["history"][0]["seal"].get<std::string>().size() == 64);
  CHECK(server->get("/v1/zones/other.net/verify", 404).contains("error"));
}

}  // namespace holdfast
