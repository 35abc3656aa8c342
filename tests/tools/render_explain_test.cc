#include <catch2/catch.hpp>
#include <sstream>

#include "tools/zonectl/render.h"

using namespace holdfast::zonectl;
using Catch::Contains;

namespace {

const char* const kExplained = R"json({"zone": "us-east-1.example.net.", "name": "www.us-east-1.example.net.",
  "in_zone": true, "answers": [{"type": "A", "result": "positive", "steps": [
    {"name": "www.us-east-1.example.net.", "zone": "us-east-1.example.net.", "generation": 42, "age_seconds": 61,
     "found": "cname", "wildcard": true, "owner": "*.us-east-1.example.net.",
     "target": "dynamodb.us-east-1.example.net.", "type": "CNAME", "ttl": 60,
     "records": ["dynamodb.us-east-1.example.net."], "last_change": null},
    {"name": "dynamodb.us-east-1.example.net.", "zone": "us-east-1.example.net.", "generation": 42,
     "age_seconds": 61, "found": "data", "wildcard": false, "owner": "dynamodb.us-east-1.example.net.",
     "type": "A", "ttl": 5, "capacity": 150, "pick": 1,
     "targets": [{"id": "lb-1", "address": "192.0.2.10", "weight": 100, "share": 0.6667},
                 {"id": "lb-2", "address": "192.0.2.11", "weight": 50, "share": 0.3333},
                 {"id": "spare", "address": "192.0.2.12", "weight": 0, "share": 0.0}],
     "last_change": {"id": 7, "generation": 41, "at": "2026-11-21T05:00:00Z", "who": "uid 1000 pid 4711",
                     "source": "planner-a", "reason": "a new load balancer"}}]}],
  "removal": {"removes": "*.us-east-1.example.net.", "outcome": "refused", "unlisted": 0, "reasons": [
    {"rule": "empty-answer", "name": "www.shop.us-east-1.example.net.", "type": "A", "observed": "NXDOMAIN",
     "limit": "a positive answer", "detail": "clients that get an answer now would get none: keep it"}]}})json";

std::size_t widest(const std::string& text) {
  std::istringstream lines(text);
  std::size_t most = 0;
  for (std::string line; std::getline(lines, line);) most = std::max(most, columnsOf(line));
  return most;
}

}  // namespace

TEST_CASE("an explanation shows the steps, the shares, who changed it and what the guard says") {
  const std::string text = renderExplained(Json::parse(kExplained), Palette(false));
  CHECK_THAT(text, Contains("www.us-east-1.example.net. A: answered with data\n"));
  CHECK_THAT(text, Contains("    by the wildcard *.us-east-1.example.net.\n"
                            "    alias (CNAME, TTL 60 s) for dynamodb.us-east-1.example.net.\n"));
  CHECK_THAT(text, Contains("    A, TTL 5 s, 1 of 3 targets in each answer, capacity 150\n"));
  CHECK_THAT(
      text, Contains("    last changed by generation 41 at 2026-11-21T05:00:00Z by uid 1000 pid 4711, source "
                     "planner-a: a new load balancer\n"));
  CHECK_THAT(text, Contains("    TARGET      WEIGHT  IN ANSWERS  ID\n"
                            "    192.0.2.10     100        67 %  lb-1\n"));
  CHECK_THAT(text, Contains("    192.0.2.12       0         0 %  spare\n"));
  CHECK_THAT(text, Contains("Removing *.us-east-1.example.net. by name: the guard would refuse it.\n"));
  CHECK_THAT(text, Contains("empty-answer  www.shop.us-east-1.example.net."));
}

TEST_CASE("every result has words") {
  for (const char* result : {"positive", "leaves", "referral", "nodata", "nxdomain", "unserved", "servfail",
                             "failed", "refused"}) {
    const Json explained{{"name", "a.x."}, {"answers", {{{"type", "A"}, {"result", result}}}}};
    CHECK_THAT(renderExplained(explained, Palette(false)), !Contains(std::string("A: ") + result + "\n"));
  }
}

TEST_CASE("tables fit a terminal of 80 columns") {
  const Palette narrow(false, 80);
  CHECK(widest(renderExplained(Json::parse(kExplained), narrow)) <= 80);
  CHECK(widest(renderReasonTable(Json::parse(kExplained)["removal"], "reasons", narrow)) <= 80);
  const Json diff = Json::parse(
      R"json({"zone": "us-east-1.example.net.", "from": 1, "to": 2, "targets": {"before": 13, "after": 10},
      "capacity": {"before": 502, "after": 337}, "changes": {"added": 0, "removed": 0, "changed": 1}, "diff": [
      {"name": "a-long-endpoint-name.us-east-1.example.net.", "rrsets": [{"type": "AAAA",
      "records": {"before": 16, "after": 14}, "capacity": {"before": 1625, "after": 1410},
      "ttl": {"before": 60, "after": 30}, "added": ["192.0.2.11 (weight 50)"], "removed": []}]}]})json");
  const std::string text = renderComparison(diff, narrow);
  CAPTURE(text);
  CHECK(widest(text) <= 80);
  CHECK_THAT(text, Contains("a-long-endpoint-name.us-east-1.example.net.\n"));
  const Json history = Json::parse(
      R"json({"history": [{"id": 3, "outcome": "refused", "generation": 1234567, "kind": "delta",
      "at": "2026-11-21T05:00:00Z", "who": "enactor watch:/etc/holdfast/plans/us-east-1.example.net",
      "source": "planner-a", "reason": "", "reasons": [{"rule": "floor", "type": "A",
      "name": "dynamodb.us-east-1.example.net.", "detail": "the plan leaves too little of what it had"}]}]})json");
  CHECK(widest(renderHistory(history, narrow)) <= 80);
  const Json status = Json::parse(
      R"json({"version": "0.1.0", "uptime_seconds": 93784.5, "pid": 71234, "listen": ["127.0.0.1:5300"], "zones": [
      {"zone": "us-east-1.example.net.", "planned": 10420, "committed": 10420, "served": 10420,
      "serial": 10420, "age_seconds": 4000, "names": 100000, "records": 400000, "endpoints": 100000,
      "frozen": {"reason": "we look into it"}, "last_refusal": null}]})json");
  const std::string shown = renderStatus(status, narrow);
  CAPTURE(shown);
  CHECK(widest(shown) <= 80);
}

TEST_CASE("history tells of plans and of people") {
  const Json history = Json::parse(R"json({"history": [
    {"id": 4, "outcome": "frozen", "generation": 8, "at": "T4", "who": "uid 0 pid 1", "reason": "an incident"},
    {"id": 3, "outcome": "superseded", "generation": 7, "kind": "full", "at": "T3", "who": "uid 1", "source": "p"},
    {"id": 2, "outcome": "published", "generation": 8, "kind": "full", "at": "T2", "who": "uid 0", "reason": "undo",
     "restored": 5, "changes": {"added": 1, "removed": 0, "changed": 3}, "quarantined": [
     {"rule": "floor", "name": "a.x.", "type": "A", "detail": "too few"}]}]})json");
  CHECK(renderHistory(history, Palette(false)) ==
        "LINE  AT  GENERATION  OUTCOME     KIND  NAMES\n"
        "   4  T4           8  frozen\n"
        "    by uid 0 pid 1: an incident\n"
        "   3  T3           7  superseded  full\n"
        "    by uid 1, source p\n"
        "   2  T2           8  published   full  +1 -0 ~3\n"
        "    by uid 0, content of 5: undo\n"
        "    kept as it was: floor a.x./A: too few\n");
}

TEST_CASE("a broken history is told loudly") {
  const std::string broken = renderSeal(
      Json{{"zone", "x."}, {"whole", false}, {"broken", 7}, {"entries", 12}, {"problem", "the seal differs"}},
      Palette(false));
  CHECK_THAT(broken, Contains("BROKEN") && Contains("from line 7 on") && Contains("the seal differs"));
  CHECK_THAT(
      renderSeal(Json{{"zone", "x."}, {"whole", true}, {"entries", 1}, {"seal", "ab"}}, Palette(false)),
      Contains("(1 line)") && Contains("ab"));
}

TEST_CASE("what was not published is told") {
  const std::string superseded = renderOutcome(
      Json{{"outcome", "superseded"}, {"zone", "x."}, {"generation", 4}, {"committed", 5}}, Palette(false));
  CHECK_THAT(superseded, Contains("Superseded: generation 4 of x. was not needed any more, as generation 5"));
  const std::string kept = renderOutcome(
      Json{{"outcome", "published"},
           {"zone", "x."},
           {"generation", 4},
           {"idle_removals", {"typo"}},
           {"kept", {"a.x."}},
           {"quarantined",
            {{{"rule", "floor"}, {"name", "a.x."}, {"type", "A"}, {"detail", "too few"}},
             {{"rule", "floor"}, {"name", "a.x."}, {"type", "AAAA"}, {"detail", "too few"}},
             {{"rule", "empty-answer"}, {"name", "www.x."}, {"type", "A"}, {"detail", "an alias for it"}}}}},
      Palette(false));
  CHECK_THAT(kept, Contains("NOT ALL OF IT: 1 endpoint stayed as before") && Contains("floor         a.x."));
  CHECK_THAT(kept, Contains("Warning: --remove typo names nothing that is served\n"));
}
