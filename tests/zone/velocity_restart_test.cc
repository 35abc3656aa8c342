// The window of losses over a restart: made again from the history.
#include <catch2/catch.hpp>

#include "tests/zone/fixtures.h"

using namespace holdfast;
using holdfast::test::name;
using holdfast::test::rulesOf;
using Rules = std::vector<std::string>;

namespace {

struct Fixture {
  test::TemporaryDirectory directory;
  test::Server server{directory.path()};
  Fixture() {
    for (const char* zone : {"example.", "pools."}) REQUIRE(server.publisher().addZone(name(zone)));
  }

  void pass(std::chrono::seconds time) { server.now += std::chrono::microseconds(time).count(); }
  /// A full plan of endpoints with so many targets, and records.
  Outcome push(const std::string& zone, Generation generation,
               const std::vector<std::pair<std::string, int>>& endpoints, const std::string& record = "",
               const std::string& remove = "") {
    std::string list;
    for (const auto& [owner, targets] : endpoints) {
      list += (list.empty() ? "\"" : ", \"") + owner + R"(": {"targets": [)";
      for (int i = 1; i <= targets; ++i)
        list += (i > 1 ? ", " : "") + ("{\"address\": \"192.0.2." + std::to_string(i)) + "\"}";
      list += "]}";
    }
    pass(std::chrono::seconds(1));
    return server.push(zone, R"({"plan": 1, "generation": )" + std::to_string(generation) +
                                 R"(, "endpoints": {)" + list + R"(}, "records": ["@ 60 IN NS ns.")" +
                                 (record.empty() ? "" : ", \"" + record + "\"") + R"(], "remove": [)" +
                                 (remove.empty() ? "" : "\"" + remove + "\"") + "]}");
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "velocity: a restart forgets nothing of a window as long as a window may be") {
  REQUIRE(push("example.", 1, {{"lb", 3}}).kind == Outcome::Kind::Published);
  REQUIRE(push("example.", 2, {{"lb", 2}}).kind == Outcome::Kind::Published);
  pass(std::chrono::hours(7 * 24) - std::chrono::seconds(10));
  server.restart();
  GuardPolicy policy;
  policy.velocity.per = std::chrono::hours(7 * 24);
  server.publisher().setPolicy(name("example."), policy);
  CHECK(rulesOf(push("example.", 3, {{"lb", 1}})) == Rules{"velocity lb.example./A"});
}

TEST_CASE_METHOD(Fixture, "velocity: a restart does not forget what aliases led to, in whatever zone") {
  REQUIRE(push("pools.", 1, {{"a", 4}, {"b", 1}, {"c", 1}}).kind == Outcome::Kind::Published);
  REQUIRE(push("example.", 1, {}, "www 60 IN CNAME a.pools.").kind == Outcome::Kind::Published);
  REQUIRE(push("pools.", 2, {{"a", 4}, {"b", 2}, {"c", 1}}).kind == Outcome::Kind::Published);
  REQUIRE(push("example.", 2, {}, "www 60 IN CNAME b.pools.").kind == Outcome::Kind::Published);
  // What it led to is no more, and what it leads to has become more, when it is asked for.
  REQUIRE(push("pools.", 3, {{"b", 9}, {"c", 1}}, "", "a").kind == Outcome::Kind::Published);
  REQUIRE(push("pools.", 4, {{"b", 2}, {"c", 1}}, "", "b").is(Rule::Floor));
  server.restart();
  const Outcome refused = push("example.", 3, {}, "www 60 IN CNAME c.pools.");
  REQUIRE(rulesOf(refused) == Rules{"velocity www.example./A"});
  CHECK(refused.verdict.reasons[0].observed == "10 of 11 targets removed, 8 of them by this plan");
  pass(std::chrono::minutes(10));
  server.restart();
  const Outcome later = push("example.", 3, {}, "www 60 IN CNAME c.pools.");
  REQUIRE(rulesOf(later) == Rules{"velocity www.example./A"});
  CHECK(later.verdict.reasons[0].observed == "8 of 9 targets removed, 8 of them by this plan");
}

TEST_CASE_METHOD(Fixture, "velocity: a restart does not forget what DNAMEs made") {
  const std::vector<std::pair<std::string, int>> pools = {{"x.large", 4}, {"x.small", 2}, {"x.tiny", 1}};
  REQUIRE(push("pools.", 1, pools).kind == Outcome::Kind::Published);
  REQUIRE(push("example.", 1, {}, "old 60 IN DNAME large.pools.").kind == Outcome::Kind::Published);
  REQUIRE(push("example.", 2, {}, "old 60 IN DNAME small.pools.").kind == Outcome::Kind::Published);
  server.restart();
  const Outcome refused = push("example.", 3, {}, "old 60 IN DNAME tiny.pools.");
  REQUIRE(rulesOf(refused) == Rules{"velocity x.old.example./A"});
  CHECK(refused.verdict.reasons[0].observed == "3 of 4 targets removed, 1 of them by this plan");
}
