#include <catch2/catch.hpp>

#include "tests/zone/fixtures.h"
#include "zone/compile.h"
#include "zone/record_text.h"

using namespace holdfast;
using holdfast::test::name;

namespace {
const char* const kGood = R"({"plan": 1, "zone": "us-east-1.example.net.", "generation": 1043, "base": 1042,
  "kind": "full", "source": "planner-a", "made": "2026-11-21T05:00:00Z", "expires": "2026-11-21T05:10:00.5Z",
  "endpoints": {"dynamodb": {"ttl": 5, "answer": {"pick": 4}, "targets": [
     {"id": "lb-1", "address": "192.0.2.10", "weight": 100},
     {"id": "lb-2", "address": "2001:db8::10", "weight": 50}]}},
  "records": ["@ 3600 IN NS ns1.example.net.", "www 60 IN CNAME dynamodb"],
  "remove": ["retired-endpoint", "dynamodb/AAAA"]})";

/// Of 252 octets: one letter more fits before it, two do not.
std::string longName() {
  return std::string(63, 'a') + '.' + std::string(63, 'b') + '.' + std::string(63, 'c') + '.' +
         std::string(50, 'd') + ".example.";
}
}  // namespace

TEST_CASE("a JSON plan is read exactly as the design writes it") {
  const Result<Plan> plan = parseJsonPlan(kGood, name("us-east-1.example.net."), PlanLimits{});
  REQUIRE(plan);
  CHECK(plan->generation == 1043);
  CHECK(plan->base == 1042);
  CHECK(plan->kind == PlanKind::Full);
  CHECK(plan->source == "planner-a");
  CHECK(toText(*plan->made) == "2026-11-21T05:00:00Z");
  CHECK((*plan->expires - *plan->made) == std::chrono::milliseconds(600'500));
  CHECK(plan->sets->facts().endpoints == 1);
  const NodeView endpoint = plan->sets->find(name("dynamodb.us-east-1.example.net."));
  REQUIRE(endpoint);
  const RRset a = endpoint.find(RRType::A).toOwned(), aaaa = endpoint.find(RRType::AAAA).toOwned();
  CHECK(a.ttl == 5);
  CHECK(a.pick == 4);
  CHECK(a.targets[0] == Target{"lb-1", 100});
  CHECK(aaaa.rdata[0].size() == 16);
  CHECK(plan->sets->apexNode().has(RRType::NS));
  CHECK(plan->sets->find(name("www.us-east-1.example.net.")).has(RRType::CNAME));
  CHECK(plan->sets->names().size() == 3);
  REQUIRE(plan->removals.size() == 2);
  CHECK_FALSE(plan->removals[0].type);
  CHECK(plan->removals[1].type == RRType::AAAA);
}

TEST_CASE("a bad JSON plan is one error that points at the place and says the rule") {
  const auto [body, where, rule] = GENERATE(table<std::string, std::string, std::string>({
      {"", "", "empty"},
      {"garbage", "line 1, column 1", "not JSON"},
      {R"({"plan": 1, "endpoints": {)", "line 1, column 27", "unexpected end"},
      {"{\"plan\": 1,\n \"zone\" 5}", "line 2, column", "not JSON"},
      {"[]", "/", "must be an object, is an array"},
      {R"({"endpoints": {}})", "/plan", "is missing"},
      {R"({"plan": 2})", "/plan", "from 1 to 1"},
      {R"({"plan": 1, "generatoin": 3})", "/generatoin", "did you mean \"generation\"?"},
      {R"({"plan": 1, "generation": "3"})", "/generation", "is a string"},
      {R"({"plan": 1, "generation": -3})", "/generation", "is a number"},
      {R"({"plan": 1, "generation": 1.5})", "/generation", "must be an integer"},
      {R"({"plan": 1, "generation": 0})", "/generation", "from 1"},
      {R"({"plan": 1, "generation": 4611686018427387905})", "/generation", "4611686018427387904"},
      {R"({"plan": 1, "generation": 1, "generation": 2})", "/generation", "comes twice"},
      {R"({"plan": 1, "zone": "other.example."})", "/zone", "was sent to example."},
      {R"({"plan": 1, "kind": "partial"})", "/kind", "\"full\" or \"delta\""},
      {R"({"plan": 1, "expires": "tomorrow"})", "/expires", "UTC time"},
      {R"({"plan": 1, "endpoints": []})", "/endpoints", "must be an object"},
      {R"({"plan": 1, "endpoints": {"a/b": 5}})", "/endpoints/a~1b", "must be an object"},
      {R"({"plan": 1, "endpoints": {"a": {}}})", "/endpoints/a/targets", "is missing"},
      {R"({"plan": 1, "endpoints": {"a": {"targets": [], "ttl": 2147483648}}})", "/endpoints/a/ttl",
       "2147483647"},
      {R"({"plan": 1, "endpoints": {"a": {"targets": [{"weight": 1}]}}})", "/endpoints/a/targets/0/address",
       "is missing"},
      {R"({"plan": 1, "endpoints": {"a": {"targets": [{"address": "192.0.2.256"}]}}})",
       "/endpoints/a/targets/0/address", "not an IPv4 or IPv6 address"},
      {R"({"plan": 1, "endpoints": {"a": {"targets": [{"address": "192.0.2.1"}, {"address": "192.0.2.1"}]}}})",
       "/endpoints/a/targets", "same address twice"},
      {R"({"plan": 1, "endpoints": {"a": {"targets": [], "answer": {"pick": 0}}}})",
       "/endpoints/a/answer/pick", "from 1 to 64"},
      {R"({"plan": 1, "endpoints": {"a": {"targets": [], "answer": "some"}}})", "/endpoints/a/answer",
       "\"all\""},
      {R"({"plan": 1, "endpoints": {"a": {"targets": []}, "A": {"targets": []}}})", "/endpoints/A",
       "comes twice"},
      {R"({"plan": 1, "endpoints": {"a.example.org.": {"targets": []}}})", "/endpoints/a.example.org.",
       "outside the zone"},
      {R"({"plan": 1, "records": ["www 60 IN A"]})", "/records/0", "www 60 IN A"},
      {R"({"plan": 1, "records": [5]})", "/records/0", "must be a string"},
      {R"({"plan": 1, "records": ["www.example.org. 60 IN A 192.0.2.1"]})", "/records/0", "outside the zone"},
      {R"({"plan": 1, "records": [". 60 IN A 192.0.2.1"]})", "/records/0", "outside the zone"},
      {R"({"plan": 1, "endpoints": {".": {"targets": []}}})", "/endpoints/.", "outside the zone"},
      {R"({"plan": 1, "remove": ["."]})", "/remove/0", "outside the zone"},
      {R"({"plan": 1, "records": ["www 60 CH A 192.0.2.1"]})", "/records/0", "class"},
      {R"({"plan": 1, "records": ["www 60 IN SOA a b 1 2 3 4 5"]})", "/records/0", "not at the apex"},
      {R"({"plan": 1, "records": ["a 60 IN A 192.0.2.1"], "endpoints": {"a": {"targets": []}}})",
       "/records/0", "already an endpoint"},
      {R"({"plan": 1, "remove": ["a/NOSUCHTYPE"]})", "/remove/0", "not a known RR type"},
      {R"({"plan": 1, "remove": ["x.example.org."]})", "/remove/0", "outside the zone"},
  }));
  INFO(body);
  const Result<Plan> plan = parseJsonPlan(body, name("example."), PlanLimits{});
  REQUIRE_FALSE(plan);
  CHECK_THAT(plan.error().where, Catch::StartsWith(where));
  CHECK_THAT(plan.error().what, Catch::Contains(rule));
}

TEST_CASE("a JSON plan over a limit names the limit and its key") {
  PlanLimits limits;
  limits.records = 1;
  const Result<Plan> records = parseJsonPlan(R"({"plan": 1, "records": ["@ 60 IN NS a.", "@ 60 IN NS b."]})",
                                             name("example."), limits);
  REQUIRE_FALSE(records);
  CHECK_THAT(records.error().text(), Catch::Contains("limits.plan-records"));
  limits = {};
  limits.targets = 1;
  const Result<Plan> targets = parseJsonPlan(
      R"({"plan":1,"endpoints":{"a":{"targets":[{"address":"192.0.2.1"},{"address":"192.0.2.2"}]}}})",
      name("example."), limits);
  REQUIRE_FALSE(targets);
  CHECK_THAT(targets.error().text(), Catch::Contains("limits.targets-per-endpoint"));
}

TEST_CASE("a bad zone file is one error with its line") {
  const auto [body, where, rule] = GENERATE(table<std::string, std::string, std::string>({
      {"", "", "empty"},
      {"; only a comment\n", "", "no record"},
      {"@ 60 IN NS ns\nwww 60 IN A 192.0.2.999\n", "line 2", ""},
      {"@ 60 IN NS ns\n\n\nwww 60 IN NOSUCH x\n", "line 4", ""},
      {"@ 60 IN NS ns\nwww.example.org. 60 IN A 192.0.2.1\n", "line 2", "outside the zone"},
      {". 60 IN NS ns\n", "line 1", "outside the zone"},
      {"@ 60 IN NS ns\n. 60 IN NS ns\n", "line 2", "outside the zone"},
      {"$INCLUDE /etc/passwd\n", "line 1", "$INCLUDE is not allowed"},
      {"@ 60 CH TXT x\n", "line 1", "class"},
      {"c 60 IN CNAME \\# 0\n", "line 1", "lacks a field"},
      {"d 60 IN DNAME \\# 0\n", "line 1", "lacks a field"},
      {"@ 60 IN SOA \\# 0\n", "line 1", "lacks a field"},
      {"@ 60 IN SOA \\# 2 0000\n", "line 1", ""},
      {"m 60 IN MX \\# 2 0001\n", "line 1", ""},
      {"n 60 IN NS \\# 2 0161\n", "line 1", ""},
      {"@ 60 IN NS ns\nt 60 IN TXT \"cut o", "line 2", "quote is never closed"},
      {"@ 60 IN NS ns\nsub 60 IN NS \\064.sub\n", "line 2", "first label is"},
      {"@ 60 IN NS ns\na 60 IN A \\# 6 c00002010203\n", "line 2", "not RDATA of type A"},
      {"@ 60 IN NS ns\na 60 IN TYPE65537 \\# 1 00\n", "line 2", "TYPE65537"},
      {"@ 60 IN NS ns\na 60 IN MX 65537 ns\n", "line 2", "65537 is above 65535"},
      {"@ 60 IN SOA ns a 4294967296 1 2 3 4\n", "line 1", "is above 4294967295"},
      {"@ 60 IN SOA ns a 1 4294967297 2 3 4\n", "line 1", "4294967297"},
      {"@ 60 IN NS (\n\\@ )\n", "line 1", "first label is"},
      {"$ORIGIN " + longName() + "\nr 60 IN RP mail txt\n", "line 2", "over 255 octets"},
      {"$ORIGIN " + longName() + "\ns 60 IN AFSDB 1 host\n", "line 2", "over 255 octets"},
      {"@ 60 IN NS ns\nt 60 IN TXT (\n \"a\"\nwww 60 IN A 192.0.2.1\n", "line 2",
       "parenthesis is never closed"},
      {"@ 60 IN NS ns\nt 60 IN TXT ( a\nu TXT ( b )\n", "line 2", "parenthesis is never closed"},
      {"@ 60 IN NS ns\nt 60 IN TXT a )\nu TXT b\n", "line 2", "closed that is not open"},
      {"@ 60 IN NS ns\nt TXT a\rb TXT c\n", "line 2", "control character"},
      {"@ 60 IN NS ns\nt TXT a\\\nb TXT c\n", "line 2", "backslash at the end"},
      {"\n\nx 1x IN A 192.0.2.1\n", "line 3", "\"x 1x IN A 192.0.2.1\": the TTL \"1x\" is not"},
      {"x IN 4294967297 A 192.0.2.1\n", "line 1", "the TTL \"4294967297\" is over 4294967295 s"},
      {"x 1h IN 60 A 192.0.2.1\n", "line 1", "a second TTL \"60\""},
      {"@ 60 IN NS ns\n$TTL 1hour\n", "line 2", "the TTL \"1hour\" is not"},
      {"$TTL 60 60\n", "line 1", "takes one value"},
      {"$GENERATE 1-9 a$ A 192.0.2.$\n", "line 1", "$GENERATE is not supported"},
      {"x 60 IN\n", "line 1", "has no type"},
      {"x 60 IN CNMAE ns\n", "line 1", "unknown type \"CNMAE\" (did you mean \"CNAME\"?)"},
      {"x A 192.0.2.256 ; far\n", "line 1", "\"x A 192.0.2.256 \": the RDATA is not that of type A"},
      {"x SRV 1 2 ns\n", "line 1", "the RDATA of type SRV lacks a field: it has 3 of 4"},
      {"@ 60 IN NS ns\na NSEC ns SOA TYC\n", "line 2", "lacks a field or has one too many"},
      {"@ 60 IN NS ns\na NSEC \\# 5 00 0003 6100\n", "line 2", "lacks a field or has one too many"},
      {"@ 60 IN NS ns\na NSEC \\# 7 00 000140 000140\n", "line 2", "lacks a field or has one too many"},
      {"@ 60 IN NS ns\na NSEC3 1 0 0 ab 2tAAAAAA==\n", "line 2", ""},
      {"@ 60 IN NS ns\na NSEC3 \\# 8 01000000 01ab 0500\n", "line 2", "not that of type NSEC3"},
      {"@ 60 IN NS ns\n@a TXT x\n", "line 2", "begins with \"@\""},
      {"@ 60 IN NS ns\n\"a\" A 192.0.2.1\n", "line 2", "in quotes"},
      {"@ 60 IN NS ns\nc CNAME \"b\"\n", "line 2", "in quotes"},
      {"@ 60 IN NS ns\nm MX -1 b\n", "line 2", "\"-1\" is not a number"},
      {"@ 60 IN NS ns\ns SRV 1 -2 3 b\n", "line 2", "\"-2\" is not a number"},
      {"@ 60 IN NS ns\ns CAA -1 issue \"x\"\n", "line 2", "\"-1\" is not a number"},
      {"x..y A 192.0.2.1\n", "line 1", "\"x..y A 192.0.2.1\": name \"x..y\": has an empty label"},
  }));
  INFO(body);
  const Result<Plan> plan = parseZoneFilePlan(body, name("example."), PlanLimits{});
  REQUIRE_FALSE(plan);
  CHECK(plan.error().where == where);
  CHECK_THAT(plan.error().what, Catch::Contains(rule));
}

TEST_CASE("$ORIGIN, $TTL, parentheses, comments, empty owners and TTL 0 are read as RFC 1035 says") {
  const auto zone = test::zoneOf("example.", R"($TTL 300
@ IN SOA ns hostmaster ( 7 ; serial
   3600 600 86400 60 )
  IN NS ns
$ORIGIN sub.example.
www 0 IN A 192.0.2.1
    IN AAAA 2001:db8::1
x TXT "a b" c
)");
  const NodeView www = zone->find(name("www.sub.example."));
  REQUIRE(www);
  CHECK(www.find(RRType::A).ttl() == 0);
  CHECK(www.find(RRType::AAAA).ttl() == 300);
  CHECK(zone->apexNode().find(RRType::NS).ttl() == 300);
  CHECK(zone->find(name("x.sub.example.")).find(RRType::TXT).count() == 1);
}

TEST_CASE("TTL and class stand in any order, and what only looks like a TTL is none") {
  const auto zone = test::zoneOf("example.", R"($ttl 1h30m
1h A 192.0.2.1
2w IN 1D A 192.0.2.1
3 CLASS1 60 A 192.0.2.1
in 60 in A 192.0.2.1
txt 4294967295 TXT 1x 4294967297 \@ \064.
zero 0 A 192.0.2.1
$TTL 0
none TYPE16 \# 2 0161
)");
  const auto ttl = [&](const char* owner, RRType type) {
    return zone->find(name(std::string(owner) + ".example.")).find(type).ttl();
  };
  CHECK(ttl("1h", RRType::A) == 5400);
  CHECK(ttl("2w", RRType::A) == 86400);
  CHECK(ttl("3", RRType::A) == 60);
  CHECK(ttl("in", RRType::A) == 60);
  CHECK(ttl("zero", RRType::A) == 0);
  CHECK(ttl("none", RRType::TXT) == 0);
  CHECK_THAT(contentAsZoneFile(*zone),
             Catch::Contains("txt.example. 0 IN TXT \"1x\" \"4294967297\" \"@\" \"@.\"\n"));
}

TEST_CASE("record lines of a JSON plan are read as strictly as zone files") {
  const auto [line, rule] = GENERATE(table<std::string, std::string>({
      {"x 1x IN A 192.0.2.1", "the TTL \"1x\" is not"},
      {"x 9999999999 IN A 192.0.2.1", "is over 4294967295 s"},
      {"x CNMAE ns", "did you mean \"CNAME\"?"},
      {"x TXT ( a", "parenthesis is never closed"},
      {"x A 192.0.2.1\\ny A 192.0.2.2", "is more than one record"},
      {"; nothing", "is no record"},
      {"x NS \\\\@", "first label is"},
  }));
  INFO(line);
  const auto plan = parseJsonPlan(R"({"plan": 1, "records": [")" + line + "\"]}", name("example."), {});
  REQUIRE_FALSE(plan);
  CHECK(plan.error().where == "/records/0");
  CHECK_THAT(plan.error().what, Catch::Contains(rule));
}

TEST_CASE("content survives JSON and zone-file text and back, octet for octet") {
  const Name apex = name("example.");
  const Result<Plan> plan = parseJsonPlan(
      R"({"plan":1,"generation":9,"endpoints":{"lb":{"ttl":5,"answer":{"pick":1},"targets":[
          {"id":"x/\"1\"","address":"192.0.2.1","weight":7},{"address":"2001:db8::1","weight":0}]}},
          "records":["@ 60 IN NS ns","a\\.b 60 IN TXT \"semi;colon\" \"quo\\\"te\"","t 60 IN TYPE65280 \\# 3 abcdef",
          "s 60 IN SVCB 1 . alpn=h2", "m 60 IN MX 10 Mail.Example.ORG.", "d 60 IN DNSKEY 256 3 8 AwEAAQ=="]})",
      apex, PlanLimits{});
  REQUIRE(plan);
  const auto zone = compilePlan(Zone(apex), *plan, 9, 9, WallTime{});
  const Result<Plan> again = parseJsonPlan(contentAsJson(*zone, "test"), apex, PlanLimits{});
  REQUIRE(again);
  CHECK(diffZones(*zone, *compilePlan(Zone(apex), *again, 9, 9, WallTime{}), 10).changes.empty());
  // A zone file carries no weights, so its own text is what must survive.
  const Result<Plan> file = parseZoneFilePlan(contentAsZoneFile(*zone), apex, PlanLimits{});
  REQUIRE(file);
  const auto plain = compilePlan(Zone(apex), *file, 9, 9, WallTime{});
  const Result<Plan> fileAgain = parseZoneFilePlan(contentAsZoneFile(*plain), apex, PlanLimits{});
  REQUIRE(fileAgain);
  CHECK(diffZones(*plain, *compilePlan(Zone(apex), *fileAgain, 9, 9, WallTime{}), 10).changes.empty());
  CHECK(plain->names().size() == zone->names().size());
}

TEST_CASE("a full plan that changes one endpoint shares the rest with the zone before") {
  std::string text = "@ 60 IN NS ns\n";
  for (int i = 0; i < 2000; ++i) text += "n" + std::to_string(i) + " 60 IN A 192.0.2.1\n";
  const auto before = test::zoneOf("example.", text);
  const Result<Plan> plan =
      parseZoneFilePlan(text + "n5 60 IN A 192.0.2.2\n", name("example."), PlanLimits{});
  REQUIRE(plan);
  const auto after = compilePlan(*before, *plan, 2, 2, WallTime{});
  int moved = 0;
  before->names().forEach([&](NodeView node) {
    if (after->find(node.name()).bytes().data() != node.bytes().data()) ++moved;
    return true;
  });
  CHECK(moved < 80);
}

TEST_CASE("RDATA that ldns would not read back as it prints it is written in RFC 3597 form") {
  const auto zone =
      test::zoneOf("example", "@ 60 IN SOA ns a 1 2 3 4 5\n@ 60 IN NS a\\034b\nx 60 IN NS ns\n");
  const std::string text = contentAsZoneFile(*zone);
  CHECK_THAT(text, Catch::Contains("example. 60 IN NS \\# 13 0361226207"));
  CHECK_THAT(text, Catch::Contains("x.example. 60 IN NS ns.example.\n"));
  const auto again = parseZoneFilePlan(text, name("example"), PlanLimits{});
  REQUIRE(again);
  CHECK(contentAsZoneFile(*test::zoneOf("example", text)).substr(40) == text.substr(40));
}

TEST_CASE("an entry that begins with a parenthesis has an owner") {
  for (const char* text : {"( txt txt x )\n", "(txt\n TXT x)\n", "(\n  txt TXT x\n)\n"}) {
    CAPTURE(text);
    const auto plan =
        parseZoneFilePlan("a 60 IN A 192.0.2.1\n" + std::string(text), name("example"), PlanLimits{});
    REQUIRE(plan);
    CHECK(plan->sets->find(name("txt.example.")).has(RRType::TXT));
    CHECK_FALSE(plan->sets->find(name("a.example.")).has(RRType::TXT));
  }
}

TEST_CASE("an origin ends where its line or a comment does") {
  for (const char* origin : {"$ORIGIN sub.example.", "$ORIGIN sub.example. ",
                             "$ORIGIN sub.example.\t; a comment", "$ORIGIN  sub.example. ; a comment"}) {
    CAPTURE(origin);
    const auto plan =
        parseZoneFilePlan(std::string(origin) + "\nx 60 IN A 192.0.2.1\n", name("example"), PlanLimits{});
    REQUIRE(plan);
    CHECK(plan->sets->find(name("x.sub.example.")).rrsetCount() == 1);
  }
  CHECK_FALSE(parseZoneFilePlan("$ORIGIN a b\nx 60 IN A 192.0.2.1\n", name("example"), PlanLimits{}));
}

TEST_CASE("the served serial follows the generation and always grows") {
  const Zone empty(name("example."));
  CHECK(serialFor(1043, nullptr) == 1043);
  CHECK(serialFor(std::uint64_t{1} << 32, nullptr) == 1);
  const auto at = [&](std::uint32_t serial) { return ZoneEdit(empty).finish(1, serial, WallTime{}); };
  CHECK(serialFor(1044, at(1043).get()) == 1044);
  CHECK(serialFor(0x1'0000'0005, at(0xfffffff0).get()) == 5);
  // A leap of more than 2^31 would read as going backwards.
  CHECK(serialFor(0xf0000000, at(10).get()) == 11);
  CHECK(serialFor(0x2'0000'0000, at(0xffffffff).get()) == 1);
}

TEST_CASE("a plan's texts are what they look like, and short") {
  const auto problemOf = [](const std::string& body) {
    const Result<Plan> plan = parseJsonPlan(body, name("z."), PlanLimits{});
    return plan ? std::string() : plan.error().text();
  };
  const auto targetAt = [](const std::string& address) {
    return R"({"plan": 1, "generation": 1, "endpoints": {"a": {"targets": [{"address": ")" + address +
           R"("}]}}})";
  };
  CHECK(problemOf(targetAt("192.0.2.9")).empty());
  CHECK_THAT(problemOf(targetAt("192.0.2.9\\u0000 garbage")),
             Catch::Contains("is not an IPv4 or IPv6 address"));
  const auto from = [](std::size_t octets) {
    return R"({"plan": 1, "generation": 1, "source": ")" + std::string(octets, 's') + R"(", "records": []})";
  };
  CHECK(problemOf(from(1000)).empty());
  CHECK_THAT(problemOf(from(1001)), Catch::Contains("/source") && Catch::Contains("over 1000 octets"));
}
