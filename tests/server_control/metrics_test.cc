#include "server/metrics.h"

#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <sstream>
#include <vector>

#include "tests/server_control/server_fixture.h"

namespace holdfast {

namespace {

/// The name in front of a sample, once the line is seen to be NAME{KEY="VALUE",...} NUMBER.
std::string familyOf(const std::string& line) {
  std::size_t at = line.find_first_not_of("abcdefghijklmnopqrstuvwxyz_");
  REQUIRE(at != std::string::npos);
  const std::string name = line.substr(0, at);
  if (line[at] == '{') {
    do {
      const std::size_t equals = line.find_first_not_of("abcdefghijklmnopqrstuvwxyz_", at + 1);
      REQUIRE(line.substr(equals, 2) == "=\"");
      for (at = equals + 2; at < line.size() && line[at] != '"'; ++at)
        if (line[at] == '\\') ++at;
      ++at;
    } while (at < line.size() && line[at] == ',');
    REQUIRE(line.substr(at, 2) == "} ");
    ++at;
  }
  REQUIRE(line[at] == ' ');
  std::size_t used = 0;
  static_cast<void>(std::stod(line.substr(at + 1), &used));
  CHECK(used == line.size() - at - 1);
  return name;
}

}  // namespace

TEST_CASE("metrics are well-formed: one HELP and TYPE before each family's samples") {
  ServerFixture server;
  server.request("PUT", "/v1/zones/example.net");
  server.request("PUT", "/v1/zones/x%5C034y%5C%5C");
  server.submit("example.net", samplePlan(5, 4), 200);
  server.submit("example.net", samplePlan(5, 4), 409);
  std::vector<WorkerCounters> workers(2);
  workers[0].of(Transport::Udp).queries.add(3);
  workers[1].of(Transport::Udp).queries.add(4);
  workers[1].of(Transport::Tcp).responses[3].add(2);
  workers[0].count(Transport::Udp, 40, {Rcode::BadVers, false, CookieState::Absent, ExtendedError::None});
  workers[1].count(Transport::Udp, 40, {Rcode::BadCookie, false, CookieState::Invalid, ExtendedError::None});
  workers[1].count(Transport::Tcp, 40,
                   {Rcode::Refused, false, CookieState::Valid, ExtendedError::NotAuthoritative});
  workers[0].tcpClientRefused.add(1);
  workers[1].tcpClientRefused.add(2);
  workers[1].tcpSlowMessage.add(4);
  workers[1].tcpSlowResponse.add(5);
  workers[1].tcpExpired.add(6);
  workers[1].tcpEvicted.add(8);
  workers[0].tcpHeldBack.add(9);
  EnactorHealth enactor{Name(), "watch:/x", true, "", 3, 2, 1, 8, 9, EnactorState::Running, 10, 11, 12};
  enactor.lastAt = WallTime(std::chrono::seconds(1'000));
  const MetricsSources sources{
      server.publisher(),    workers, {enactor}, {{1, 2, 3}, {}}, {4, 5, 6}, {7, 8, 0}, {},
      {{"limits.pick", 64}}, {13, 14}};
  const std::string text = metricsText(sources, WallTime(std::chrono::hours(500'000)));

  std::map<std::string, std::string> typeOf;
  std::set<std::string> helped, seen;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    std::istringstream words(line);
    std::string hash, kind, name, rest;
    if (line[0] == '#') {
      words >> hash >> kind >> name >> rest;
      if (kind == "HELP") CHECK(helped.insert(name).second);
      if (kind == "TYPE") CHECK(typeOf.emplace(name, rest).second);
      continue;
    }
    const std::string family = familyOf(line);
    CHECK(helped.contains(family));
    CHECK(typeOf.contains(family));
    CHECK(seen.insert(line.substr(0, line.rfind(' '))).second);
    if (typeOf[family] == "counter") CHECK_THAT(family, Catch::EndsWith("_total"));
  }
  for (const char* expected :
       {"holdfast_queries_total{transport=\"udp\"} 9\n",
        "holdfast_responses_total{transport=\"tcp\",rcode=\"NXDOMAIN\"} 2\n",
        "holdfast_responses_total{transport=\"udp\",rcode=\"BADVERS\"} 1\n",
        "holdfast_responses_total{transport=\"udp\",rcode=\"BADCOOKIE\"} 1\n",
        "holdfast_cookies_total{transport=\"udp\",cookie=\"invalid\"} 1\n",
        "holdfast_cookies_total{transport=\"tcp\",cookie=\"valid\"} 1\n",
        "holdfast_extended_errors_total{transport=\"tcp\",code=\"20\",reason=\"no zone of this name is held "
        "here\"} 1\n",
        "holdfast_tcp_connections_total{event=\"client-refused\"} 3\n",
        "holdfast_tcp_connections_total{event=\"slow-message\"} 4\n",
        "holdfast_tcp_connections_total{event=\"slow-response\"} 5\n",
        "holdfast_tcp_connections_total{event=\"expired\"} 6\n",
        "holdfast_tcp_connections_total{event=\"evicted\"} 8\n",
        "holdfast_zone_generation{zone=\"example.net.\",stage=\"served\"} 5\n",
        "holdfast_plans_published_total{zone=\"example.net.\"} 1\n",
        "holdfast_plans_refused_total{zone=\"example.net.\",rule=\"stale-generation\"} 1\n",
        "holdfast_limit{key=\"limits.pick\"} 64\n",
        "holdfast_zone_limit{zone=\"example.net.\",key=\"guard.max-names\"} 20000000\n",
        "holdfast_tcp_held_back_total 9\n",
        "holdfast_control_connections 4\n",
        "holdfast_control_connections_turned_away_total 5\n",
        "holdfast_control_bodies_too_large_total 6\n",
        "holdfast_metrics_connections 7\n",
        "holdfast_metrics_connections_turned_away_total 8\n",
        "holdfast_reloads_total{result=\"applied\"} 13\n",
        "holdfast_reloads_total{result=\"refused\"} 14\n",
        "holdfast_enactor_healthy{zone=\".\",enactor=\"watch:/x\"} 1\n",
        "holdfast_enactor_plans_total{zone=\".\",enactor=\"watch:/x\",outcome=\"superseded\"} 8\n",
        "holdfast_enactor_plans_total{zone=\".\",enactor=\"watch:/x\",outcome=\"failed\"} 9\n",
        "holdfast_enactor_state{zone=\".\",enactor=\"watch:/x\",state=\"running\"} 1\n",
        "holdfast_enactor_state{zone=\".\",enactor=\"watch:/x\",state=\"hung\"} 0\n",
        "holdfast_enactor_throttled_total{zone=\".\",enactor=\"watch:/x\",what=\"submission\"} 10\n",
        "holdfast_enactor_throttled_total{zone=\".\",enactor=\"watch:/x\",what=\"log-line\"} 11\n",
        "holdfast_enactor_crashes_total{zone=\".\",enactor=\"watch:/x\"} 12\n",
        "holdfast_enactor_last_outcome_timestamp_seconds{zone=\".\",enactor=\"watch:/x\"} 1000\n"})
    CHECK_THAT(text, Catch::Contains(expected));
}

}  // namespace holdfast
