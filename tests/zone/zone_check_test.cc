#include "zone/zone_check.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <set>
#include <sstream>

#include "tests/zone/fixtures.h"

using namespace holdfast;
using holdfast::test::name;
using Codes = std::set<std::string>;

namespace {

constexpr const char* kHead =
    "@ 3600 IN SOA ns1 hostmaster 7 14400 3600 1209600 300\n@ 3600 IN NS ns1\n@ 3600 IN NS ns2\n"
    "ns1 3600 IN A 192.0.2.1\nns2 3600 IN A 192.0.2.2\n";

std::string lineOf(const Finding& finding) {
  return std::string(factsOf(finding.check).code) + " " + finding.name.text();
}

/// "code name" of each finding about the plan that made an outcome; errors come as the reasons' codes.
Codes errorsOf(const Outcome& outcome) {
  Codes found;
  for (const Reason& reason : outcome.verdict.reasons)
    found.insert((reason.code.empty() ? std::string(toText(reason.rule)) : reason.code) + " " + reason.name);
  return found;
}
Codes warningsOf(const Outcome& outcome) {
  Codes found;
  for (const Finding& finding : outcome.verdict.warnings) found.insert(lineOf(finding));
  return found;
}

/// A server that serves a zone file and takes deltas to it.
struct Checked {
  test::TemporaryDirectory directory;
  test::Server server{directory.path()};
  Checked() { REQUIRE(server.publisher().addZone(name("example."))); }

  Outcome first(const std::string& lines) { return server.push("example.", kHead + lines); }
  Outcome delta(const std::string& members) {
    return server.push("example.", R"({"plan": 1, "kind": "delta", "base": )" +
                                       std::to_string(server.served("example.")) + ", " + members + "}");
  }
};

}  // namespace

TEST_CASE("the codes of the checks differ, and each is documented") {
  std::ifstream file(HOLDFAST_SOURCE_DIR "/docs/zone-checks.md");
  std::stringstream document;
  document << file.rdbuf();
  std::set<std::string_view> codes;
  for (std::size_t i = 0; i < kChecks; ++i) {
    const CheckFacts& facts = factsOf(static_cast<Check>(i));
    CHECK(codes.insert(facts.code).second);
    CHECK_FALSE(facts.rule.empty());
    CHECK_FALSE(facts.advice.empty());
    const std::string severity = facts.severity == Severity::Error ? "error" : "warning";
    INFO(facts.code);
    CHECK(document.str().find("| `" + std::string(facts.code) + "` | " + severity + " |") !=
          std::string::npos);
  }
}

TEST_CASE_METHOD(Checked, "an error refuses the plan and says where; a warning does not") {
  const Outcome bad = first("a 60 IN CNAME ns1\na 60 IN TXT x\n");
  REQUIRE(bad.kind == Outcome::Kind::Refused);
  REQUIRE(bad.verdict.reasons.size() == 1);
  const Reason& reason = bad.verdict.reasons[0];
  CHECK(reason.rule == Rule::Invalid);
  CHECK(reason.code == "cname-and-other-data");
  CHECK(reason.where == "line 6");
  CHECK(reason.observed == "CNAME and 1 other RRsets");
  CHECK(reason.limit.find("RFC 1034") != std::string::npos);

  const Outcome good = first("a 60 IN CNAME nothing\n");
  CHECK(good.kind == Outcome::Kind::Published);
  CHECK(warningsOf(good) == Codes{"dangling-alias a.example."});
  CHECK(good.verdict.warnings[0].where == "line 6");
  CHECK(server.publisher().status(name("example."))->warnings == 1);
}

TEST_CASE_METHOD(Checked, "a zone that is right has no finding") {
  const Outcome outcome = first(
      "www 60 IN CNAME lb\nlb 60 IN A 192.0.2.3\nsub 60 IN NS ns.sub\nns.sub 60 IN A 192.0.2.4\n"
      "@ 60 IN MX 10 ns1\n_a._tcp 60 IN SRV 1 1 1 lb\n*.w 60 IN A 192.0.2.5\nd 60 IN DNAME w\n"
      "@ 60 IN TXT \"v=spf1 -all\"\n@ 60 IN CAA 0 issue \"ca.example.org\"\n"
      "s 60 IN HTTPS 1 . mandatory=port port=8443\nother 60 IN NS ns.sub\n");
  CHECK(errorsOf(outcome) == Codes{});
  CHECK(warningsOf(outcome) == Codes{});
}

TEST_CASE_METHOD(Checked,
                 "a delta is checked where it changes, in what stands above and below, and at the apex") {
  REQUIRE(first("sub 60 IN NS ns.sub\nns.sub 60 IN A 192.0.2.4\nx.y 60 IN TXT x\nbad 60 IN CNAME nothing\n")
              .kind == Outcome::Kind::Published);
  const auto [body, errors, warnings] = GENERATE(table<std::string, Codes, Codes>({
      // What the change does not touch is not looked at.
      {R"("records": ["new 60 IN A 192.0.2.9"])", {}, {}},
      {R"("records": ["new 60 IN CNAME nothing"])", {}, {"dangling-alias new.example."}},
      // The glue of the cut above goes.
      {R"("remove": ["ns.sub"])", {}, {"lame-delegation sub.example.", "missing-glue sub.example."}},
      // The same, where the cut's own node stays as it is.
      {R"("remove": ["ns.sub/A"], "records": ["ns.sub 60 IN TXT x"])",
       {},
       {"lame-delegation sub.example.", "missing-glue sub.example.", "occluded ns.sub.example."}},
      // The apex's server loses its address, or becomes an alias.
      {R"("remove": ["ns2"])", {}, {"apex-ns-without-address example."}},
      {R"("remove": ["ns2/A"], "records": ["ns2 60 IN CNAME ns1"])", {"apex-ns-is-cname example."}, {}},
      // A new DNAME or zone cut above what exists, whose own records do not change.
      {R"("remove": ["x.y", "z"], "records": ["y 60 IN DNAME example.org.", "x.y 60 IN TXT x"])",
       {"below-dname x.y.example."},
       {}},
      {R"("remove": ["x.y"], "records": ["y 60 IN NS ns.example.org.", "x.y 60 IN TXT x"])",
       {},
       {"occluded x.y.example."}},
      {R"("records": ["new.sub 60 IN TXT x"])", {}, {"occluded new.sub.example."}},
  }));
  INFO(body);
  Document dryRun;
  dryRun.dryRun = true;
  const Outcome outcome = server.push("example.",
                                      R"({"plan": 1, "kind": "delta", "base": )" +
                                          std::to_string(server.served("example.")) + ", " + body + "}",
                                      dryRun);
  CHECK(errorsOf(outcome) == errors);
  CHECK(warningsOf(outcome) == warnings);
}

TEST_CASE_METHOD(Checked, "of a delta only what is new is told") {
  const Outcome outcome =
      server.push("example.", "@ 60 IN SOA ns. h. 1 7200 3600 1209600 300\n@ 60 IN NS ns.\n");
  REQUIRE(warningsOf(outcome) == Codes{"single-name-server example."});
  CHECK(warningsOf(delta(R"("records": ["a 60 IN A 192.0.2.1"])")) == Codes{});
  CHECK(warningsOf(delta(R"("records": ["@ 60 IN MX 10 b"])")) == Codes{"mx-without-address example."});
}

TEST_CASE("I6: what is served already does not refuse a newer plan") {
  // As an older version may have published it.
  const auto before = test::zoneOf("example.", std::string(kHead) + "a 60 IN CNAME b\na 60 IN TXT x\n");
  const std::string more = "c 60 IN CNAME ns1\nc 60 IN TXT x\n";
  const auto after = test::zoneOf("example.", std::string(kHead) + "a 60 IN CNAME b\na 60 IN TXT x\n" + more);
  const Result<Plan> plan = parseZoneFilePlan(std::string(kHead) + "a 60 IN CNAME b\na 60 IN TXT x\n" + more,
                                              name("example."), PlanLimits{});
  REQUIRE(plan);
  const Name c = name("c.example.");
  const std::vector<NameView> changed{c};
  const std::function<bool()> always = [] { return true; };
  const auto check = [&](const Zone* served) {
    return checkZone({served, *after, *plan, changed, WallTime{}, 10, 10, always});
  };
  const Findings findings = check(before.get());
  REQUIRE(findings.errors.size() == 1);
  CHECK(lineOf(findings.errors[0]) == "cname-and-other-data c.example.");
  REQUIRE(findings.warnings.size() == 2);
  CHECK(lineOf(findings.warnings[0]) == "cname-and-other-data a.example.");
  CHECK(lineOf(findings.warnings[1]) == "dangling-alias a.example.");
}

TEST_CASE_METHOD(Checked, "warnings beyond the limit are counted") {
  GuardPolicy policy;
  policy.maxWarnings = 3;
  server.publisher().setPolicy(name("example."), policy);
  std::string lines;
  for (int i = 0; i < 10; ++i) lines += "a" + std::to_string(i) + " 60 IN CNAME nothing\n";
  const Outcome outcome = first(lines);
  CHECK(outcome.kind == Outcome::Kind::Published);
  CHECK(outcome.verdict.warnings.size() == 3);
  CHECK(outcome.verdict.unlistedWarnings == 7);
  CHECK(server.publisher().status(name("example."))->warnings == 10);
}

TEST_CASE("what parsing loses is noted: TTLs that differ or are too large, records twice") {
  const Result<Plan> plan = parseJsonPlan(R"({"plan": 1, "generation": 1, "records": ["@ 60 IN NS ns.other.",
      "a 60 IN A 192.0.2.1", "b 60 IN A 192.0.2.1", "a 61 IN A 192.0.2.2", "a 62 IN A 192.0.2.3",
      "b 60 IN A 192.0.2.1", "c 4294967295 IN A 192.0.2.1"]})",
                                          name("example."), PlanLimits{});
  REQUIRE(plan);
  REQUIRE(plan->notes.size() == 3);
  CHECK(plan->notes[0].kind == PlanNote::Kind::TtlDiffers);
  CHECK(plan->notes[0].owner == name("a.example."));
  CHECK(plan->notes[0].where == "/records/3");
  CHECK(plan->notes[0].observed == "61 s after 60 s");
  CHECK(plan->notes[1].kind == PlanNote::Kind::TtlTooLarge);
  CHECK(plan->notes[1].owner == name("c.example."));
  CHECK(plan->notes[2].kind == PlanNote::Kind::Duplicate);
  CHECK(plan->notes[2].owner == name("b.example."));
  CHECK(plan->notes[2].observed == "2 records, of which 1 differ");
}

TEST_CASE_METHOD(Checked, "an NSEC3 chain that closes is well, and one that misses a link is not") {
  // Hashes need not be of names that exist: the order is what is checked here.
  const std::string low(32, '0'), middle = "g" + std::string(31, '0'), high(32, 'v');
  const auto nsec3 = [](const std::string& owner, const std::string& next) {
    return owner + " 60 IN NSEC3 1 0 0 - " + next + " A\n";
  };
  const std::string param = "@ 60 IN NSEC3PARAM 1 0 0 -\n";
  CHECK(warningsOf(first(param + nsec3(low, middle) + nsec3(middle, high) + nsec3(high, low))) == Codes{});
  CHECK(warningsOf(server.push("example.",
                               std::string(kHead) + "@ 60 IN NSEC3PARAM 1 0 0 -\n" + nsec3(low, high) +
                                   nsec3(middle, high) + nsec3(high, low),
                               [] {
                                 Document document;
                                 document.generation = 8;
                                 return document;
                               }())) == Codes{"nsec3-chain " + low + ".example."});
}

TEST_CASE("I10: all that walks a whole zone asks for time, and ends when there is none") {
  constexpr unsigned kNames = 300;
  std::string text = kHead;
  const auto ownerOf = [](unsigned i) { return "n" + std::to_string(1000 + i); };
  const auto hashOf = [](unsigned i) { return std::string(28, '0') + std::to_string(1000 + i); };
  text += "@ 60 IN NSEC3PARAM 1 0 0 -\n@ 60 IN NSEC n1000 NS\n";
  for (unsigned i = 0; i < kNames; ++i) {
    const unsigned next = (i + 1) % kNames;
    text += ownerOf(i) + " 60 IN NS ns." + ownerOf(i) + "\nns." + ownerOf(i) + " 60 IN A 192.0.2.1\n";
    text += ownerOf(i) + " 60 IN NSEC " + (next == 0 ? "@" : ownerOf(next)) + " NS\n";
    text += hashOf(i) + " 60 IN NSEC3 1 0 0 - " + hashOf(next) + " A\n";
  }
  const auto zone = test::zoneOf("example.", text);
  const std::size_t names = zone->names().size();
  REQUIRE(names > 3 * kNames);
  Plan plan;
  plan.zone = name("example.");
  plan.kind = PlanKind::Full;
  std::uint64_t asked = 0, most = ~std::uint64_t{0};
  const std::function<bool()> hasTime = [&] { return ++asked < most; };
  const auto check = [&] {
    asked = 0;
    return checkZone({nullptr, *zone, plan, {}, WallTime{}, 100, 100, hasTime});
  };
  check();
  const std::uint64_t whole = asked;
  // Glue, every name, the names of each chain; then each chain is sorted, in runs and merging them, and
  // walked.
  CHECK(whole >= 4 * names + 2 * kNames * 3);
  for (most = 1; most < whole; most += 37) {
    CAPTURE(most, whole);
    check();
    // Who ends for want of time need not know that others asked before.
    CHECK(asked <= most + 2);
  }
}

TEST_CASE_METHOD(Checked, "timeout: a check of a whole zone that runs out of time refuses as timeout") {
  GuardPolicy policy;
  policy.timeout = std::chrono::milliseconds(-1);
  server.publisher().setPolicy(name("example."), policy);
  std::string cuts;
  for (int i = 0; i < 200; ++i) cuts += "n" + std::to_string(i) + " 60 IN NS ns.elsewhere.\n";
  CHECK(errorsOf(first(cuts)) == Codes{"timeout example."});
}

TEST_CASE_METHOD(Checked, "response-too-large: an answer leaves room for every option beside it") {
  // 252 TXT records of 12 + 246 octets and one to fill up what is left beside header, question and OPT.
  const auto records = [](std::size_t octets) {
    std::string lines;
    const std::size_t room = octets - 252 * 258;
    for (int i = 0; i < 253; ++i) {
      const std::string mark = std::to_string(1000 + i);
      const std::size_t text = i == 252 ? room - 13 : 245;
      lines += "t 60 IN TXT \"" + mark + std::string(text - mark.size(), 'x') + "\"\n";
    }
    return lines;
  };
  constexpr std::size_t kRoom = 65535 - 12 - 255 - 4 - 177;
  CHECK(errorsOf(first(records(kRoom + 1))) == Codes{"response-too-large t.example."});
  CHECK(errorsOf(first(records(kRoom))) == Codes{});
}
