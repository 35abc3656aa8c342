#include <atomic>
#include <catch2/catch.hpp>
#include <new>
#include <thread>

#include "tests/server_control/server_fixture.h"

namespace holdfast {

namespace {
constexpr const char* kPut = "Content-Length: 0\r\n";
constexpr const char* kJson = "Content-Type: application/json\r\n";
}  // namespace

TEST_CASE("a plan is published and stands in status and history") {
  const ServerFixture server;
  CHECK(server.request("PUT", "/v1/zones/example.net").status == 200);
  CHECK(server.request("PUT", "/v1/zones/example.net.").status == 200);

  const auto dry = server.submit("example.net", samplePlan(5, 4), 200, "?dry-run=true&diff=10");
  CHECK(dry["outcome"] == "accepted");
  const auto done = server.submit("example.net", samplePlan(5, 4), 200, "?diff=10");
  CHECK(done["outcome"] == "published");
  CHECK(done["zone"] == "example.net.");
  CHECK(done["generation"] == 5);
  CHECK(done["changes"]["added"] == 3);
  CHECK(done["diff"].size() == 3);
  CHECK(done["timings_us"].contains("durable"));
  CHECK_FALSE(server.submit("example.net", samplePlan(6, 4), 200).contains("diff"));

  const auto status = server.get("/v1/status");
  CHECK(status["listen"][0] == "127.0.0.1:5300");
  CHECK(status["enactors"][0]["name"] == "watch:/x");
  CHECK(status["enactors"][0]["state"] == "starting");
  CHECK(status["enactors"][0]["last_outcome"].is_null());
  CHECK(status["enactors"][0]["throttled"] == 0);
  REQUIRE(status["zones"].size() == 1);
  const auto zone = status["zones"][0];
  CHECK(zone["served"] == 6);
  CHECK(zone["committed"] == 6);
  CHECK(zone["endpoints"] == 1);
  CHECK(zone["frozen"].is_null());
  CHECK(zone["age_seconds"].is_number());
  CHECK(server.get("/v1/zones/EXAMPLE.net").at("served") == 6);

  const auto history = server.get("/v1/zones/example.net/plans?limit=1");
  REQUIRE(history["history"].size() == 1);
  CHECK(history["history"][0]["generation"] == 6);
  CHECK(history["history"][0]["source"] == "test");
  const auto older = server.get("/v1/zones/example.net/plans?before=" + history["next_before"].dump());
  REQUIRE(older["history"].size() == 2);
  CHECK(older["history"][0]["generation"] == 5);
  CHECK(older["history"][1]["outcome"] == "zone-added");
  CHECK(older["next_before"].is_null());
}

TEST_CASE("a plan is shown as JSON or as a zone file") {
  const ServerFixture server;
  server.request("PUT", "/v1/zones/example.net");
  server.submit("example.net", samplePlan(5, 1), 200);
  const std::string target = "/v1/zones/example.net/plans/5";
  CHECK(server.get(target)["generation"] == 5);
  const HttpAnswer zone = server.request("GET", target, "Accept: text/dns\r\n");
  CHECK(zone.status == 200);
  CHECK_THAT(zone.head, Catch::Contains("Content-Type: text/dns\r\n"));
  CHECK_THAT(zone.body, Catch::Contains("api.example.net. 5 IN A 192.0.2.1"));
  CHECK(server.request("GET", target, "Accept: */*\r\n").head.find("application/json") != std::string::npos);
  CHECK(server.request("GET", target, "Accept: image/png\r\n").status == 406);
  CHECK(server.get("/v1/zones/example.net/plans/4", 404).contains("error"));
  CHECK(server.get("/v1/zones/other.net/plans/4", 404).contains("error"));
}

TEST_CASE("a zone file is a plan too") {
  const ServerFixture server;
  server.request("PUT", "/v1/zones/example.org");
  const HttpAnswer answer =
      server.request("POST", "/v1/zones/example.org/plans", "Content-Type: text/dns\r\n",
                     "$TTL 60\n@ IN SOA ns1 h 2026112101 1 1 1 1\n@ IN NS ns1\nns1 IN A 192.0.2.1\n");
  CHECK(answer.status == 200);
  CHECK(nlohmann::json::parse(answer.body)["serial"] == 2026112101);
}

TEST_CASE("a refusal is exact, for the caller and in the log (I12)") {
  ServerFixture server;
  server.request("PUT", "/v1/zones/example.net");
  server.submit("example.net", samplePlan(5, 4), 200);

  const auto stale = server.submit("example.net", samplePlan(5, 4), 409);
  CHECK(stale["outcome"] == "refused");
  CHECK(stale["committed"] == 5);
  CHECK(stale["reasons"][0]["rule"] == "stale-generation");

  const auto floor = server.submit("example.net", samplePlan(6, 1), 409);
  CHECK(floor["reasons"][0]["rule"] == "floor");
  CHECK(floor["reasons"][0]["name"] == "api.example.net.");
  CHECK(floor["reasons"][0]["type"].is_string());
  CHECK_FALSE(floor["reasons"][0]["observed"].get<std::string>().empty());
  CHECK_FALSE(floor["reasons"][0]["limit"].get<std::string>().empty());
  const auto status = server.get("/v1/zones/example.net");
  CHECK(status["served"] == 5);
  CHECK(status["last_refusal"]["reasons"][0]["rule"] == "floor");

  const auto allowed =
      server.submit("example.net", samplePlan(6, 1), 200, "?allow=floor:api&reason=decommissioning");
  CHECK(allowed["overridden"][0]["rule"] == "floor");

  const auto broken = server.submit("example.net", "{", 400);
  CHECK(broken["outcome"] == "refused");
  CHECK(broken["reasons"][0]["rule"] == "invalid");
  CHECK(server.submit("other.net", samplePlan(7, 1), 404).contains("error"));
  CHECK(server.submit("example.net", samplePlan(7, 1), 400, "?allow=nonsense&reason=x").contains("error"));

  bool told = false;
  std::istringstream lines(server.log());
  for (std::string line; std::getline(lines, line);) {
    const auto entry = nlohmann::json::parse(line);
    if (entry.value("rule", "") != "floor") continue;
    told = true;
    CHECK(entry["zone"] == "example.net.");
    CHECK(entry["name"] == "api.example.net.");
    CHECK(entry.contains("type"));
    CHECK(entry.contains("observed"));
    CHECK(entry.contains("limit"));
    CHECK_THAT(entry["caller"].get<std::string>(), Catch::StartsWith("uid "));
  }
  CHECK(told);
}

TEST_CASE("a freeze stops automation and lets people with a reason through") {
  const ServerFixture server;
  server.request("PUT", "/v1/zones/example.net");
  server.submit("example.net", samplePlan(5, 4), 200);
  CHECK(server.request("POST", "/v1/zones/example.net/freeze").status == 400);
  CHECK(server.request("POST", "/v1/zones/example.net/freeze?reason=big%20day").status == 200);
  CHECK(server.get("/v1/zones/example.net")["frozen"]["reason"] == "big day");
  const auto frozen = server.submit("example.net", samplePlan(6, 4), 423);
  CHECK(frozen["reasons"][0]["rule"] == "frozen");
  server.submit("example.net", samplePlan(5, 4), 409);  // frozen is not the only reason
  server.submit("example.net", samplePlan(6, 4), 200, "?reason=by+hand");
  CHECK(server.request("POST", "/v1/zones/example.net/thaw").status == 200);
  server.submit("example.net", samplePlan(7, 4), 200);
}

TEST_CASE("a removed zone keeps its fence until it is forgotten") {
  const ServerFixture server;
  server.request("PUT", "/v1/zones/example.net");
  server.submit("example.net", samplePlan(5, 4), 200);
  CHECK(server.request("DELETE", "/v1/zones/example.net").status == 400);
  CHECK(server.request("DELETE", "/v1/zones/example.net?reason=old").status == 200);
  CHECK(server.request("GET", "/v1/zones/example.net").status == 404);
  server.submit("example.net", samplePlan(6, 4), 404);
  server.request("PUT", "/v1/zones/example.net", kPut);
  server.submit("example.net", samplePlan(5, 4), 409);
  server.submit("example.net", samplePlan(6, 4), 200);
  CHECK(server.request("DELETE", "/v1/zones/example.net?reason=old&forget=maybe").status == 400);
  CHECK(server.request("DELETE", "/v1/zones/example.net?reason=old&forget=true").status == 200);
  server.request("PUT", "/v1/zones/example.net");
  server.submit("example.net", samplePlan(1, 4), 200);
}

TEST_CASE("what is not a plan by its type is turned away") {
  const ServerFixture server;
  server.request("PUT", "/v1/zones/example.net");
  for (const char* type : {"", "Content-Type: text/html\r\n", "Content-Type: application/jsonx\r\n"})
    CHECK(server.request("POST", "/v1/zones/example.net/plans", type, samplePlan(5, 1)).status == 415);
  CHECK(server.get("/v1/zones/example.net")["refused"] == 0);
  CHECK(server.request("POST", "/v1/zones/example.net/plans?base=x", kJson, samplePlan(5, 1)).status == 400);
}

TEST_CASE("status answers while submissions wait, and too many of them are told so") {
  const ServerFixture server({64u << 20, "limits.plan-bytes", std::chrono::seconds(60)}, {2, 2, 1, 256});
  server.request("PUT", "/v1/zones/example.net");
  // Big enough that two of them keep both threads busy while the others arrive.
  std::string records =
      "{\"plan\":1,\"zone\":\"example.net.\",\"generation\":5,\"records\":[\"@ 60 IN NS ns1\"";
  for (int i = 0; i < 30'000; ++i)
    records += ",\"n" + std::to_string(i) + " 60 IN TXT \\\"" + std::string(40, 'x') + "\\\"\"";
  records += "]}";
  std::atomic<int> busy{0}, answered{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i)
    clients.emplace_back([&] {
      const HttpAnswer answer = server.request("POST", "/v1/zones/example.net/plans", kJson, records);
      if (answer.status == 503 && answer.head.find("Retry-After: ") != std::string::npos) ++busy;
      if (answer.status != 0) ++answered;
    });
  CHECK(server.request("GET", "/v1/status").status == 200);
  for (std::thread& client : clients) client.join();
  CHECK(answered == 8);
  CHECK(busy >= 1);
  CHECK(server.get("/v1/status")["zones"][0]["zone"] == "example.net.");
}

TEST_CASE("a request that memory does not suffice for is told to come again") {
  std::atomic<bool> isShort = true;
  ServerFixture server({64u << 20, "limits.plan-bytes", std::chrono::seconds(5)}, kSubmissionLimits, {}, [&] {
    if (isShort) throw std::bad_alloc();
    return ServerCounts{};
  });
  const HttpAnswer answer = server.request("GET", "/v1/status");
  CHECK(answer.status == 503);
  CHECK_THAT(answer.body, Catch::Contains("not enough memory"));
  CHECK_THAT(answer.head, Catch::Contains("Retry-After: "));
  isShort = false;
  CHECK(server.request("GET", "/v1/status").status == 200);
  CHECK_THAT(server.log(), Catch::Contains("not enough memory"));
}

}  // namespace holdfast
