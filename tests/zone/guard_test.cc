#include <catch2/catch.hpp>

#include "tests/zone/fixtures.h"

using namespace holdfast;
using holdfast::test::name;
using holdfast::test::rulesOf;
using Rules = std::vector<std::string>;

namespace {

constexpr const char* kBase = R"({"plan": 1, "generation": 10, "endpoints": {
  "lb": {"ttl": 5, "targets": [{"id": "1", "address": "192.0.2.1", "weight": 50},
    {"id": "2", "address": "192.0.2.2", "weight": 50}, {"id": "3", "address": "2001:db8::1", "weight": 100}]},
  "deep.under": {"targets": [{"address": "192.0.2.9"}]},
  "web.new": {"targets": [{"address": "192.0.2.7"}]}},
  "records": ["@ 60 IN NS ns.other.", "www 60 IN CNAME lb", "*.wild 60 IN A 192.0.2.4", "viawild 60 IN CNAME x.y.wild",
    "old 60 IN DNAME new", "ext 60 IN CNAME www.other.", "txt 60 IN TXT \"x\""]})";

/// A server that serves kBase.
struct Served {
  test::TemporaryDirectory directory;
  test::Server server{directory.path()};
  Served() {
    REQUIRE(server.publisher().addZone(name("example.")));
    const Outcome first = server.push("example.", kBase);
    INFO(rulesOf(first).size());
    REQUIRE(first.kind == Outcome::Kind::Published);
  }
  Rules delta(const std::string& body, const Document& with = {}) {
    const Outcome outcome =
        server.push("example.", R"({"plan": 1, "kind": "delta", "base": 10, )" + body + "}", with);
    if (outcome.kind == Outcome::Kind::Refused) {
      CHECK(server.served("example.") == 10);
      for (const Reason& reason : outcome.verdict.reasons) {
        CHECK_FALSE(reason.observed.empty());
        CHECK_FALSE(reason.limit.empty());
        CHECK_FALSE(reason.detail.empty());
      }
    }
    return rulesOf(outcome);
  }
};

}  // namespace

TEST_CASE_METHOD(Served, "I2: an answer emptied by any route is refused, and the old answer goes on") {
  const auto [body, expected] = GENERATE(table<std::string, Rules>({
      {R"("endpoints": {"lb": {"targets": []}})",
       {"empty-answer lb.example.", "empty-answer www.example./A", "empty-answer www.example./AAAA"}},
      {R"("endpoints": {"lb": {"targets": [{"address": "192.0.2.1"}, {"address": "192.0.2.2"}]}})",
       {"empty-answer lb.example./AAAA", "empty-answer www.example./AAAA"}},
      // A CNAME to nothing, where the target's own removal is named.
      {R"("remove": ["lb"])", {"empty-answer www.example./A", "empty-answer www.example./AAAA"}},
      {R"("records": ["www 60 IN CNAME nothing"])",
       {"empty-answer www.example./A", "empty-answer www.example./AAAA"}},
      {R"("records": ["www 60 IN CNAME www"])",
       {"empty-answer www.example./A", "empty-answer www.example./AAAA"}},
      // Occluded by a new zone cut.
      {R"("records": ["under 60 IN NS ns.elsewhere."])", {"empty-answer deep.under.example./A"}},
      // Occluded by a new DNAME.
      {R"("records": ["under 60 IN DNAME nothing"])",
       {"empty-answer deep.under.example./A", "invalid deep.under.example."}},
      // The wildcard that another name's chain ends in; the wildcard's own removal is named.
      {R"("remove": ["*.wild"])", {"empty-answer viawild.example./A"}},
      // A new name takes itself and what is below it out of the wildcard.
      {R"("records": ["a.wild 60 IN TXT \"x\""])",
       {"empty-answer *.a.wild.example./A", "empty-answer a.wild.example./A"}},
      // An empty non-terminal does so too, for the chain through the wildcard as well.
      {R"("records": ["z.y.wild 60 IN A 192.0.2.1"])",
       {"empty-answer *.y.wild.example./A", "empty-answer *.z.y.wild.example./A",
        "empty-answer viawild.example./A", "empty-answer y.wild.example./A"}},
      // The DNAME goes, the names below it with it.
      {R"("remove": ["old"])", {"empty-answer web.old.example./A"}},
      {R"("records": ["old 60 IN DNAME nothing"])", {"empty-answer web.old.example./A"}},
      // What the DNAME leads to goes.
      {R"("remove": ["web.new"])", {"empty-answer web.old.example./A"}},
  }));
  INFO(body);
  Rules found = delta(body);
  Rules wanted = expected;
  std::sort(found.begin(), found.end());
  std::sort(wanted.begin(), wanted.end());
  CHECK(found == wanted);
  CHECK(server.effect("www.example.", RRType::A) == Effect::Positive);
  CHECK(server.effect("any.wild.example.", RRType::A) == Effect::Positive);
}

TEST_CASE_METHOD(Served, "I2: absence from a full plan is not a removal") {
  const Outcome outcome = server.push("example.", R"({"plan": 1, "generation": 11, "endpoints": {},
      "records": ["@ 60 IN NS ns.other."]})");
  CHECK(outcome.kind == Outcome::Kind::Refused);
  CHECK(outcome.is(Rule::Vanished));
  CHECK(server.served("example.") == 10);
}

TEST_CASE_METHOD(Served, "a removal that the plan names is done") {
  CHECK(delta(R"("remove": ["lb", "www", "*.wild", "viawild", "old", "web.new", "web.old"])") == Rules{});
  CHECK(server.served("example.") == 11);
  CHECK(server.effect("lb.example.", RRType::A) == Effect::NxDomain);
}

TEST_CASE_METHOD(Served,
                 "an endpoint that becomes an alias out of the zones held must name what it gives up") {
  CHECK(delta(R"("remove": ["lb/A", "lb/AAAA"], "records": ["lb 60 IN CNAME elsewhere.other."])") ==
        Rules{"empty-answer www.example./A", "empty-answer www.example./AAAA"});
  CHECK(delta(R"("remove": ["lb/A", "lb/AAAA", "www/A", "www/AAAA"],
                 "records": ["lb 60 IN CNAME elsewhere.other."])") == Rules{});
}

TEST_CASE_METHOD(
    Served,
    "zones whose aliases lead into each other may come in any order, also to names that are not there") {
  REQUIRE(server.publisher().addZone(name("one.")));
  REQUIRE(server.publisher().addZone(name("two.")));
  server.now += 1;
  const std::string apex = "@ 60 IN NS www\nwww 60 IN A 192.0.2.8\n";
  CHECK(rulesOf(server.push("one.", apex + "a 60 IN CNAME www.two.\nb 60 IN CNAME no.two.\n")).empty());
  CHECK(rulesOf(server.push("two.", apex + "a 60 IN CNAME no.one.\n")).empty());
  // From now on there is something to lose.
  CHECK(rulesOf(server.push("two.", R"({"plan": 1, "kind": "delta", "base": 1, "remove": ["www/A"]})")) !=
        Rules{});
}

TEST_CASE_METHOD(Served, "I2 holds across zones: an alias in one zone guards its target in another") {
  REQUIRE(server.publisher().addZone(name("other.")));
  const Outcome made =
      server.push("other.", "@ 60 IN NS www\nx 60 IN CNAME lb.example.\nwww 60 IN A 192.0.2.8\n");
  REQUIRE(made.kind == Outcome::Kind::Published);
  CHECK(delta(R"("remove": ["lb", "www"])") ==
        Rules{"empty-answer x.other./A", "empty-answer x.other./AAAA"});
}

TEST_CASE_METHOD(Served,
                 "I2 holds for a zone put under another: its first plan must answer what the parent did") {
  REQUIRE(server.publisher().addZone(name("under.example.")));
  CHECK(server.effect("deep.under.example.", RRType::A) == Effect::Positive);
  const Outcome empty =
      server.push("under.example.", R"({"plan":1,"generation":1,"records":["@ 60 IN NS ns."]})");
  CHECK(rulesOf(empty) == Rules{"empty-answer deep.under.example./A"});
  const Outcome full = server.push("under.example.", R"({"plan":1,"generation":1,"records":["@ 60 IN NS ns.",
      "deep 60 IN A 192.0.2.99"]})");
  CHECK(full.kind == Outcome::Kind::Published);
}

TEST_CASE_METHOD(Served,
                 "I2: a delegation and its glue do not disappear unnamed, whatever else stays there") {
  CHECK(
      delta(
          R"("records": ["e 60 IN NS ns.e", "e 60 IN DS 1 8 2 0000000000000000000000000000000000000000000000000000000000000000",
      "ns.e 60 IN A 192.0.2.33", "ns.e 60 IN AAAA 2001:db8::33"])") == Rules{});
  const auto next = [&](const std::string& body, Generation base) {
    return rulesOf(server.push(
        "example.", R"({"plan": 1, "kind": "delta", "base": )" + std::to_string(base) + ", " + body + "}"));
  };
  const std::string content = contentAsJson(**server.publisher().content(name("example."), 11), "test");
  const auto without = [&](std::string text, const std::string& line) {
    const std::size_t at = text.find(line);
    REQUIRE(at != std::string::npos);
    const std::size_t begin = text.rfind('\n', at);
    text.erase(begin, text.find('\n', at) - begin);
    const std::size_t generation = text.find("\"generation\": 11");
    return text.replace(generation, 16, "\"generation\": 12");
  };
  CHECK(rulesOf(server.push("example.", without(content, "e 60 IN NS"))) ==
        Rules{"empty-answer e.example./NS"});
  CHECK(rulesOf(server.push("example.", without(content, "ns.e 60 IN AAAA"))) ==
        Rules{"vanished ns.e.example./AAAA"});
  CHECK(next(R"("remove": ["ns.e/AAAA"])", 11) == Rules{});
}

TEST_CASE_METHOD(Served,
                 "I2: names seen through a chain of DNAMEs, or through one onto a wildcard, are guarded") {
  CHECK(
      delta(
          R"("records": ["x.t 60 IN A 192.0.2.1", "d2 60 IN DNAME t", "d1 60 IN DNAME d2", "dw 60 IN DNAME wild"])") ==
      Rules{});
  const auto next = [&](const std::string& body) {
    return rulesOf(server.push("example.", R"({"plan": 1, "kind": "delta", "base": 11, )" + body + "}"));
  };
  CHECK(next(R"("remove": ["x.t", "x.d2"])") == Rules{"empty-answer x.d1.example./A"});
  CHECK(next(R"("records": ["zz.wild 60 IN TXT \"x\""], "remove": ["zz.wild", "*.zz.wild"])") ==
        Rules{"empty-answer zz.dw.example./A", "empty-answer *.zz.dw.example./A"});
}

TEST_CASE_METHOD(
    Served, "I2: a zone that is added empties no alias into it, and its first plan must keep what it had") {
  CHECK(server.effect("ext.example.", RRType::A) == Effect::Leaves);
  REQUIRE(server.publisher().addZone(name("other.")));
  CHECK(server.effect("ext.example.", RRType::A) == Effect::Leaves);
  const std::string withoutIt = R"({"plan":1,"generation":1,"records":["@ 60 IN NS ns."]})";
  CHECK(rulesOf(server.push("other.", withoutIt)) == Rules{"empty-answer ext.example./A"});
  // Nor after the alias's zone has changed somewhere else.
  server.now += 1;
  REQUIRE(delta(R"("records": ["unrelated 60 IN TXT x"])").empty());
  CHECK(rulesOf(server.push("other.", withoutIt)) == Rules{"empty-answer ext.example./A"});
}

TEST_CASE_METHOD(Served, "I10: many DNAMEs to above themselves cost a small change no time") {
  REQUIRE(server.publisher().addZone(name("many.")));
  std::string text = "@ 60 IN NS ns\nns 60 IN A 192.0.2.8\nlb 60 IN CNAME ns\n";
  for (int i = 0; i < 12; ++i) text += "old" + std::to_string(i) + " 60 IN DNAME many.\n";
  REQUIRE(rulesOf(server.push("many.", text)).empty());
  const auto change = [&](const std::string& body) {
    return rulesOf(server.push("many.", R"({"plan": 1, "kind": "delta", "base": 1, )" + body + "}"));
  };
  // What they make of a name that goes is still found.
  const Rules lost = change(R"("remove": ["ns"])");
  CHECK(std::count(lost.begin(), lost.end(), "empty-answer lb.old7.many./A") == 1);
  CHECK(std::count(lost.begin(), lost.end(), "timeout many.") == 0);
  CHECK(change(R"("records": ["new 60 IN A 192.0.2.9"])").empty());
}

TEST_CASE_METHOD(Served, "I2: the DS of a zone held too does not disappear from its parent") {
  const std::string ds =
      R"("k 60 IN DS 1 8 2 0000000000000000000000000000000000000000000000000000000000000000")";
  CHECK(delta(R"("records": ["k 60 IN NS ns.k", "ns.k 60 IN A 192.0.2.5", )" + ds + "]") == Rules{});
  REQUIRE(server.publisher().addZone(name("k.example.")));
  REQUIRE(server.push("k.example.", "@ 60 IN NS ns\nns 60 IN A 192.0.2.5\n").kind ==
          Outcome::Kind::Published);
  std::string content = contentAsJson(**server.publisher().content(name("example."), 11), "test");
  const std::size_t at = content.rfind('\n', content.find("k 60 IN DS"));
  content.erase(at, content.find('\n', at + 1) - at);
  content.replace(content.find("\"generation\": 11"), 16, "\"generation\": 12");
  CHECK(rulesOf(server.push("example.", content)) == Rules{"empty-answer k.example./DS"});
}

TEST_CASE_METHOD(Served, "structure: what no zone may hold is invalid, and nothing overrides it") {
  const auto [body, expected] = GENERATE(table<std::string, Rules>({
      {R"("records": ["txt 60 IN CNAME lb"])", {"invalid txt.example./CNAME"}},
      {R"("records": ["two 60 IN CNAME lb", "two 60 IN CNAME www"])", {"invalid two.example./CNAME"}},
      {R"("remove": ["@/NS"])", {"invalid example./NS"}},
  }));
  INFO(body);
  CHECK(delta(body) == expected);
}

TEST_CASE_METHOD(Served,
                 "structure: a response over 64 KiB is refused when it is planned, not when it is asked") {
  std::string records;
  for (int i = 0; i < 300; ++i)
    records += (i == 0 ? "\"" : ",\"") + ("big 60 IN TXT " + std::to_string(i) + std::string(250, 'x')) + '"';
  CHECK(delta("\"records\": [" + records + "]") == Rules{"invalid big.example./TXT"});
}

TEST_CASE_METHOD(
    Served, "floor: half of the capacity by weight may go, more may not, and an override is for one name") {
  CHECK(delta(R"("endpoints": {"lb": {"targets": [{"address": "192.0.2.1", "weight": 49},
      {"address": "2001:db8::1", "weight": 100}]}})") == Rules{"floor lb.example./A"});
  Document other;
  other.overrides = {"floor:www"};
  other.reason = "drill";
  CHECK(delta(R"("endpoints": {"lb": {"targets": [{"address": "192.0.2.1", "weight": 49},
      {"address": "2001:db8::1", "weight": 100}]}})",
              other) == Rules{"floor lb.example./A"});
  CHECK(delta(R"("endpoints": {"lb": {"targets": [{"address": "192.0.2.1", "weight": 50},
      {"address": "2001:db8::1", "weight": 100}]}})") == Rules{});
}

TEST_CASE_METHOD(Served, "floor: an override with a reason lets the plan through and stands in the history") {
  Document with;
  with.overrides = {"floor:lb"};
  with.reason = "half the fleet is being replaced";
  CHECK(delta(R"("endpoints": {"lb": {"targets": [{"address": "192.0.2.1", "weight": 1},
      {"address": "2001:db8::1", "weight": 100}]}})",
              with) == Rules{});
  const auto history = server.publisher().history(name("example."), 1, 0);
  REQUIRE(history);
  REQUIRE(history->front().overridden.size() == 1);
  CHECK(history->front().overridden[0].rule == Rule::Floor);
  CHECK(history->front().reason == "half the fleet is being replaced");
}

TEST_CASE_METHOD(Served, "floor: capacity counts too where an endpoint becomes plain records or an alias") {
  CHECK(delta(R"("endpoints": {"big": {"targets": [{"address": "192.0.2.1", "weight": 1000},
      {"address": "192.0.2.2", "weight": 1}]}, "small": {"targets": [{"address": "192.0.2.3", "weight": 1}]}})") ==
        Rules{});
  const auto next = [&](const std::string& body) {
    return rulesOf(server.push("example.", R"({"plan": 1, "kind": "delta", "base": 11, )" + body + "}"));
  };
  CHECK(next(R"("records": ["big 60 IN A 192.0.2.2"])") == Rules{"floor big.example./A"});
  CHECK(next(R"("remove": ["big/A"], "records": ["big 60 IN CNAME small"])") ==
        Rules{"floor big.example./A"});
  CHECK(next(R"("records": ["big 60 IN A 192.0.2.2", "big 60 IN A 192.0.2.1"])") == Rules{});
}

TEST_CASE_METHOD(Served, "floor: an endpoint below its minimum of targets is refused") {
  GuardPolicy policy;
  policy.minTargets = 3;
  policy.minCapacityPercent = 0;
  server.publisher().setPolicy(name("example."), policy);
  CHECK(
      delta(R"("endpoints": {"lb": {"targets": [{"address": "192.0.2.1"}, {"address": "2001:db8::1"}]}})") ==
      Rules{"floor lb.example."});
  CHECK(delta(R"("endpoints": {"fresh": {"targets": [{"address": "192.0.2.1"}]}})") ==
        Rules{"floor fresh.example."});
  // Plain records are no endpoints: one name server is enough.
  CHECK(delta(R"("records": ["ns9 60 IN A 192.0.2.53"])") == Rules{});
}

TEST_CASE_METHOD(Served, "invalid: a zone grows no further than its limit, however many plans it takes") {
  GuardPolicy policy;
  policy.maxNames = server.publisher().committed(name("example."))->names().size();
  server.publisher().setPolicy(name("example."), policy);
  CHECK(delta(R"("records": ["more 60 IN A 192.0.2.2"])") == Rules{"invalid example."});
  CHECK(delta(R"("records": ["more 60 IN A 192.0.2.2"], "remove": ["txt"])") == Rules{});
  policy.maxNames = 3;  // what is over it already may stay
  server.publisher().setPolicy(name("example."), policy);
  const std::string plan = R"({"plan": 1, "kind": "delta", "base": 11, "records": ["t 60 IN TXT x"])";
  CHECK(rulesOf(server.push("example.", plan + "}")) == Rules{"invalid example."});
  CHECK(rulesOf(server.push("example.", plan + R"(, "remove": ["more"]})")) == Rules{});
}

TEST_CASE_METHOD(Served, "ttl: outside the allowed range is refused") {
  CHECK(delta(R"("endpoints": {"lb2": {"ttl": 604801, "targets": [{"address": "192.0.2.1"}]}})") ==
        Rules{"ttl lb2.example./A"});
  GuardPolicy policy;
  policy.ttlMin = 1;
  server.publisher().setPolicy(name("example."), policy);
  CHECK(delta(R"("endpoints": {"lb2": {"ttl": 0, "targets": [{"address": "192.0.2.1"}]}})") ==
        Rules{"ttl lb2.example./A"});
}

TEST_CASE_METHOD(Served, "bogus-target: addresses no client can reach are refused as new targets") {
  const std::string address = GENERATE("0.0.0.0", "127.0.0.1", "169.254.1.1", "224.0.0.1", "255.255.255.255",
                                       "::", "::1", "fe80::1", "ff02::1", "::ffff:192.0.2.1");
  const Rules found = delta(R"("endpoints": {"bad": {"targets": [{"address": ")" + address + R"("}]}})");
  REQUIRE(found.size() == 1);
  CHECK_THAT(found[0], Catch::StartsWith("bogus-target bad.example./"));
}

TEST_CASE_METHOD(Served, "apex-changed: a change of the apex NS set needs a reason") {
  CHECK(delta(R"("records": ["@ 60 IN NS ns.evil."])") == Rules{"apex-changed example./NS"});
  Document with;
  with.overrides = {"apex-changed"};
  with.reason = "new provider";
  CHECK(delta(R"("records": ["@ 60 IN NS ns.new."])", with) == Rules{});
}

TEST_CASE_METHOD(Served, "timeout: a guard that runs out of time refuses") {
  GuardPolicy policy;
  policy.timeout = std::chrono::milliseconds(-1);
  server.publisher().setPolicy(name("example."), policy);
  std::string records;
  for (int i = 0; i < 200; ++i)
    records += (i == 0 ? "\"n" : ",\"n") + std::to_string(i) + " 60 IN A 192.0.2.1\"";
  const Rules found = delta("\"records\": [" + records + "]");
  REQUIRE(found.size() == 1);
  CHECK(found[0] == "timeout example.");
}

TEST_CASE_METHOD(Served, "a dry run gives every reason, of the fence and the guard, and changes nothing") {
  Document with;
  with.dryRun = true;
  const Outcome outcome = server.push("example.", R"({"plan": 1, "kind": "delta", "generation": 5, "base": 4,
      "expires": "2020-01-01T00:00:00Z", "endpoints": {"lb": {"ttl": 700000, "targets": [{"address": "127.0.0.1"}]}},
      "records": ["@ 60 IN NS ns.evil."]})",
                                      with);
  CHECK(outcome.kind == Outcome::Kind::Refused);
  for (const Rule rule : {Rule::StaleGeneration, Rule::BaseMismatch, Rule::Expired, Rule::Ttl,
                          Rule::BogusTarget, Rule::ApexChanged, Rule::EmptyAnswer})
    CHECK(outcome.is(rule));
  const auto history = server.publisher().history(name("example."), 10, 0);
  REQUIRE(history);
  CHECK(history->size() == 2);  // of adding the zone, too
}

TEST_CASE_METHOD(Served, "frozen: automation is stopped, a person with a reason gets through") {
  REQUIRE(server.publisher().setFrozen(name("example."), "incident 7"));
  Document automation;
  automation.caller.automation = true;
  CHECK(delta(R"("records": ["a 60 IN A 192.0.2.1"])", automation) == Rules{"frozen example."});
  Document person;
  person.reason = "fixing incident 7";
  CHECK(delta(R"("records": ["a 60 IN A 192.0.2.1"])", person) == Rules{});
  REQUIRE(server.publisher().setFrozen(name("example."), std::nullopt));
}

TEST_CASE(
    "I2: a name that was hidden, and answered by a wildcard, does not take its answer away by existing") {
  const test::TemporaryDirectory directory;
  test::Server server(directory.path());
  REQUIRE(server.publisher().addZone(name("z.")));
  const std::string hidden = "h 60 IN NSEC3 1 0 0 - 00000000000000000000000000000000 A";
  REQUIRE(server
              .push("z.", R"({"plan": 1, "generation": 1, "records": ["@ 60 IN NS ns.elsewhere.",
      "* 60 IN A 192.0.2.1", ")" +
                              hidden + "\"]}")
              .kind == Outcome::Kind::Published);
  REQUIRE(server.effect("h.z.", RRType::A) == Effect::Positive);
  for (const char* added : {"h 60 IN TXT x", "x.h 60 IN TXT x"}) {
    CAPTURE(added);
    const Outcome outcome = server.push(
        "z.", std::string(R"({"plan": 1, "kind": "delta", "base": 1, "records": [")") + added + "\"]}");
    CHECK(outcome.kind == Outcome::Kind::Refused);
    CHECK(server.effect("h.z.", RRType::A) == Effect::Positive);
  }
}
