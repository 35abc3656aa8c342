// What makes plans of requests: rollback, limits, fairness between zones.
#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "tests/server_control/server_fixture.h"

namespace holdfast {

namespace {

constexpr const char* kJson = "Content-Type: application/json\r\n";

nlohmann::json rollback(const ServerFixture& server, const std::string& query, int status) {
  const HttpAnswer answer = server.request("POST", "/v1/zones/example.net/rollback?" + query);
  CAPTURE(answer.body);
  CHECK(answer.status == status);
  return nlohmann::json::parse(answer.body);
}

/// A plan that takes a while to read, for a zone of that name.
std::string slowPlan(const std::string& zone, unsigned records) {
  std::string text = "{\"plan\":1,\"zone\":\"" + zone + "\",\"generation\":5,\"records\":[\"@ 60 IN NS ns1\"";
  for (unsigned i = 0; i < records; ++i)
    text += ",\"n" + std::to_string(i) + " 60 IN TXT \\\"" + std::string(40, 'x') + "\\\"\"";
  return text + "]}";
}

}  // namespace

TEST_CASE("a rollback brings content back under a new generation (I9)") {
  ServerFixture server;
  server.request("PUT", "/v1/zones/example.net");
  server.submit("example.net", samplePlan(5, 4), 200);
  server.submit("example.net", samplePlan(6, 3), 200);
  CHECK(rollback(server, "to=5", 400)["error"].get<std::string>().find("reason") != std::string::npos);
  CHECK(rollback(server, "reason=x", 400)["error"].get<std::string>().find("name the generation") !=
        std::string::npos);
  CHECK(rollback(server, "reason=x&to=0", 400).contains("error"));
  CHECK(rollback(server, "reason=x&to=4", 404)["error"].get<std::string>().find('4') != std::string::npos);
  CHECK(rollback(server, "reason=x&to=5&allow=stale-generation", 400).contains("error"));

  const auto dry = rollback(server, "reason=x&to=5&dry-run=true&diff=10", 200);
  CHECK(dry["outcome"] == "accepted");
  CHECK(dry["restored"] == 5);
  CHECK(dry["diff"][0]["capacity"]["after"] == 40);
  CHECK(server.get("/v1/zones/example.net")["committed"] == 6);

  CHECK(rollback(server, "reason=x&to=5&base=5", 409)["reasons"][0]["rule"] == "base-mismatch");
  const auto done = rollback(server, "reason=bad+plan&to=5&base=6&remove=typo", 200);
  CHECK(done["outcome"] == "published");
  CHECK(done["generation"] == 7);
  CHECK(done["idle_removals"] == nlohmann::json::array({"typo"}));
  const auto entry = server.get("/v1/zones/example.net/plans?limit=1")["history"][0];
  CHECK(entry["reason"] == "bad plan");
  CHECK(server.get("/v1/zones/example.net/diff?from=5&to=7")["diff"].empty());
  CHECK_THAT(server.log(), Catch::Contains("\"rolled back\"") && Catch::Contains("\"restored\":5"));
}

TEST_CASE("what came since is kept unless it may go") {
  const ServerFixture server;
  server.request("PUT", "/v1/zones/example.net");
  server.submit("example.net", samplePlan(5, 4), 200);
  server.submit("example.net", R"({"plan":1,"kind":"delta","base":5,"records":["new 60 IN TXT x"]})", 200);
  const auto refused = rollback(server, "reason=x&to=5", 409);
  CHECK(refused["outcome"] == "refused");
  CHECK(refused["reasons"][0]["name"] == "new.example.net.");
  CHECK(rollback(server, "reason=x&to=5&remove-added=true", 200)["outcome"] == "published");
}

TEST_CASE("a plan over limits.plan-records is 413") {
  const ServerFixture server({64u << 20, "limits.plan-bytes", std::chrono::seconds(60)}, kSubmissionLimits,
                             {100, 10, 10});
  server.request("PUT", "/v1/zones/example.net");
  const auto answer = server.submit("example.net", slowPlan("example.net.", 101), 413);
  CHECK(answer["outcome"] == "refused");
  CHECK(answer["reasons"][0]["rule"] == "invalid");
}

TEST_CASE("removals that name nothing served are told") {
  const ServerFixture server;
  server.request("PUT", "/v1/zones/example.net");
  server.submit("example.net", samplePlan(5, 4), 200);
  const auto done =
      server.submit("example.net", samplePlan(6, 4), 200, "?remove=apii&remove=api/AAAA&remove=api/A");
  CHECK(done["idle_removals"] == nlohmann::json::array({"apii", "api/AAAA"}));
}

TEST_CASE("I10: one zone with many slow plans keeps no other zone's waiting") {
  const ServerFixture server({64u << 20, "limits.plan-bytes", std::chrono::seconds(60)}, {4, 2, 16, 256});
  server.request("PUT", "/v1/zones/slow.example");
  server.request("PUT", "/v1/zones/example.net");
  const std::string slow = slowPlan("slow.example.", 20'000);
  std::atomic<int> answered{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i)
    clients.emplace_back([&] {
      server.request("POST", "/v1/zones/slow.example/plans", kJson, slow);
      ++answered;
    });
  while (answered == 0) std::this_thread::yield();  // they are at it
  server.submit("example.net", samplePlan(5, 4), 200);
  CHECK(answered < 8);
  for (std::thread& client : clients) client.join();
}

TEST_CASE("freezing leaves a line in the history with who and why") {
  const ServerFixture server;
  server.request("PUT", "/v1/zones/example.net");
  server.request("POST", "/v1/zones/example.net/freeze?reason=an+incident");
  server.request("POST", "/v1/zones/example.net/thaw?reason=over");
  const auto history = server.get("/v1/zones/example.net/plans")["history"];
  REQUIRE(history.size() >= 2);
  CHECK(history[0]["outcome"] == "thawed");
  CHECK(history[0]["reason"] == "over");
  CHECK(history[1]["outcome"] == "frozen");
  CHECK(history[1]["reason"] == "an incident");
  CHECK_THAT(history[1]["who"].get<std::string>(), Catch::StartsWith("uid "));
}

TEST_CASE("connections over the limit are told so, and are given up when others close") {
  HttpSettings settings{64u << 20, "limits.plan-bytes", std::chrono::seconds(30)};
  settings.connections = 3;
  settings.connectionsKey = "limits.control-connections";
  const ServerFixture server(settings);
  std::vector<std::unique_ptr<RawConnection>> open;
  for (int i = 0; i < 3; ++i) {
    open.push_back(std::make_unique<RawConnection>(server.socket()));
    open.back()->send("GET /v1/st");
  }
  const HttpAnswer many = server.request("GET", "/v1/status");
  CHECK(many.status == 503);
  CHECK_THAT(many.body, Catch::Contains("limits.control-connections"));
  // One that says nothing is ended, long before its idle time is over.
  const auto begun = std::chrono::steady_clock::now();
  RawConnection silent(server.socket());
  CHECK(silent.readAll().empty());
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(10));
  open.clear();
  int status = 0;
  for (int i = 0; i < 100 && status != 200; ++i) {
    status = server.request("GET", "/v1/status").status;
    if (status != 200) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  CHECK(status == 200);
}

}  // namespace holdfast
