// A plan that is cut and read piece by piece must be read as it is when it is parsed whole.
#include "zone/json_cutter.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <vector>

#include "tests/zone/fixtures.h"
#include "zone/json_plan_stream.h"

using namespace holdfast;
using holdfast::test::name;

namespace {

struct Cut {
  std::string skeleton;
  std::vector<std::string> members;
};

/// Fed so many octets at once.
std::optional<Cut> cutJson(std::string_view body, const std::string& key, std::size_t octets,
                           std::size_t step) {
  Cut cut;
  JsonCutter cutter(key, octets, [&](std::string& members) {
    cut.members.push_back(std::exchange(members, "what is left here is of no account"));
  });
  for (std::size_t at = 0; at < body.size(); at += step) cutter.feed(body.substr(at, step));
  auto skeleton = cutter.finish();
  if (!skeleton) return std::nullopt;
  cut.skeleton = *std::move(skeleton);
  return cut;
}

/// The document once more, of what it was cut into.
std::string joined(const Cut& cut) {
  std::string members;
  for (const std::string& piece : cut.members) members += (members.empty() ? "" : ",") + piece;
  nlohmann::json document = nlohmann::json::parse(cut.skeleton);
  document["endpoints"] = nlohmann::json::parse("{" + members + "}");
  return document.dump();
}

std::string manyEndpoints(int count) {
  std::string body = R"({"plan": 1, "endpoints": {)";
  for (int i = 0; i < count; ++i)
    body += (i > 0 ? ",\n" : "") + ("\"e" + std::to_string(i)) +
            R"(": {"ttl": 5, "targets": [{"id": "a\"}],{", "address": "10.0.)" + std::to_string(i / 250) +
            "." + std::to_string(i % 250 + 1) + "\"}]}";
  return body + R"(}, "generation": 7, "records": ["@ 60 IN NS ns", "t 60 IN TXT \"{\""]})";
}

}  // namespace

TEST_CASE("a document is cut between members, wherever braces and quotes stand in strings") {
  const std::size_t step = GENERATE(1, 2, 7, 100'000);
  for (const std::size_t octets : {1, 40, 100'000}) {
    for (const std::string body :
         {R"({"endpoints": {}})", R"({ "a" : [1,{"endpoints":{"x":1}}] , "endpoints" : { "x" : { } } })",
          R"({"endpoints":{"a\"}":{"t":["]}",{"\\":"\\\""}]},"b":{"t":[]} ,"c":3},"endpoint":{"d":4}})"}) {
      CAPTURE(body, octets);
      const auto cut = cutJson(body, "endpoints", octets, step);
      REQUIRE(cut);
      CHECK(nlohmann::json::parse(joined(*cut)) == nlohmann::json::parse(body));
      CHECK((octets > 1 || cut->members.size() == nlohmann::json::parse(body)["endpoints"].size()));
    }
  }
}

TEST_CASE("many octets at once are cut as one octet after the other is") {
  // What blocks of 64 octets are told apart by, and what is often in a document, at any place of a block.
  const std::vector<std::string> parts{"\"",
                                       "\\",
                                       "\\\"",
                                       "{",
                                       "}",
                                       "[",
                                       "]",
                                       ",",
                                       ":",
                                       " ",
                                       "a long word of text",
                                       R"("name": {"targets": [{"address": "192.0.2.1"}]},)",
                                       "\x80{"};
  std::mt19937 random(3);
  std::size_t cuts = 0, lost = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string body = R"({"plan": 1, "endpoints": {)";
    for (std::size_t left = random() % 60; left > 0; --left)
      body += parts[random() % 4 == 0 ? random() % parts.size() : 11];
    body += R"("last": 1}})";
    const std::size_t octets = random() % 300;
    const auto slowly = cutJson(body, "endpoints", octets, 1);
    for (const std::size_t step : {std::size_t{64}, std::size_t{100} + random() % 300, body.size()}) {
      CAPTURE(body, octets, step);
      const auto fast = cutJson(body, "endpoints", octets, step);
      REQUIRE(fast.has_value() == slowly.has_value());
      if (!fast) continue;
      REQUIRE(fast->skeleton == slowly->skeleton);
      REQUIRE(fast->members == slowly->members);
    }
    cuts += slowly ? slowly->members.size() : 0;
    lost += slowly ? 0 : 1;
  }
  CHECK(cuts > 1000);
  CHECK(lost > 100);
}

TEST_CASE("what cannot be cut is left whole") {
  for (const std::size_t step : {1, 3, 1000}) {
    for (const char* body :
         {"", "[]", R"({"plan": 1})", R"({"endpoints": 5})", R"({"endpoints": {"a": 1)",
          R"({"endpoints": {"a": "1)", R"({"endpoints": {"a": 1], "b": 2})", R"({"endpoints": {"a": 1},})",
          R"({"endpoints": {"a": 1},  "endpoints": {"b": 1}})", R"({"endpoints": {,"a": 1}})",
          R"({"endpoints": {"a": 1, }})", R"({"endpoints": { , }})", R"({"endpoints": {}}})",
          R"("endpoints": {"a": 1}})"}) {
      CAPTURE(body, step);
      const auto cut = cutJson(body, "endpoints", 1, step);
      bool isJson = cut && nlohmann::json::accept(cut->skeleton);
      if (cut)
        for (const std::string& piece : cut->members)
          isJson = isJson && nlohmann::json::accept("{" + piece + "}");
      CHECK_FALSE(isJson);
    }
  }
}

TEST_CASE("mutated documents are JSON, or not, as they are in one piece") {
  std::mt19937 random(11);
  const std::string body =
      R"({"plan":1,"endpoints":{"a":{"t":["x\"y",1]},"b\\":{},"c":{"d":{"e":"}"}}},"records":["{"]})";
  const std::string octets = "{}[]\",:\\a1 ";
  int whole = 0;
  for (int round = 0; round < 200'000; ++round) {
    std::string text = body;
    for (std::size_t i = random() % 3 + 1; i > 0; --i) {
      const std::size_t at = random() % text.size();
      if (random() % 2 == 0)
        text[at] = octets[random() % octets.size()];
      else if (random() % 2 == 0)
        text.erase(at, 1);
      else
        text.insert(at, 1, octets[random() % octets.size()]);
    }
    const auto cut = cutJson(text, "endpoints", random() % 30, random() % 20 + 1);
    if (!cut) continue;
    bool isJson = nlohmann::json::accept(cut->skeleton);
    for (const std::string& piece : cut->members)
      isJson = isJson && nlohmann::json::accept("{" + piece + "}");
    CAPTURE(text, cut->skeleton);
    REQUIRE(isJson == nlohmann::json::accept(text));
    whole += isJson ? 1 : 0;
  }
  CHECK(whole > 1000);
}

TEST_CASE("a plan of many pieces is read whole, and its first problem is told") {
  const PlanLimits limits;
  const std::string good = manyEndpoints(9000);  // over half a megabyte
  const Result<Plan> plan = parseJsonPlan(good, name("z."), limits);
  REQUIRE(plan);
  CHECK(plan->generation == 7);
  CHECK(plan->sets->facts().endpoints == 9000);
  CHECK(plan->sets->facts().targets == 9000);
  CHECK((*plan->sets->find(name("e8999.z.")).begin()).toOwned().targets.front().id == "a\"}],{");

  const auto with = [&](std::string_view text, std::string_view instead) {
    std::string body = good;
    body.replace(body.find(text), text.size(), instead);
    return parseJsonPlan(body, name("z."), limits);
  };
  const auto broken = with("\"10.0.32.1\"", "\"10.0.32\"");
  REQUIRE_FALSE(broken);
  CHECK(broken.error().where == "/endpoints/e8000/targets/0/address");
  std::string two = good;
  two.replace(two.find("\"10.0.32.1\""), 11, "\"10.0.32\"");
  two.replace(two.find("\"10.0.8.1\""), 10, "\"10.0.8\"");
  CHECK(parseJsonPlan(two, name("z."), limits).error().where == "/endpoints/e2000/targets/0/address");
  const auto twice = with("\"e8000\"", "\"e1\"");
  REQUIRE_FALSE(twice);
  CHECK(twice.error().text().find("/endpoints/e1") != std::string::npos);
  CHECK(twice.error().what == "comes twice");
  const auto upper = with("\"e8000\"", "\"E1\"");
  REQUIRE_FALSE(upper);
  CHECK(upper.error().what == "comes twice");
  const auto cutOff = with("}, \"generation\"", ", \"generation\"");
  REQUIRE_FALSE(cutOff);
  CHECK(cutOff.error().what.find("not JSON") != std::string::npos);
  const auto syntax = with("\"10.0.32.1\"}", "\"10.0.32.1\"");
  REQUIRE_FALSE(syntax);
  CHECK(syntax.error().where.find("line 8001") != std::string::npos);
  PlanLimits few;
  few.records = 8999;
  CHECK(parseJsonPlan(good, name("z."), few).error().kind == ErrorKind::TooLarge);
  few.records = 9001;  // nine thousand targets, two records
  CHECK(parseJsonPlan(good, name("z."), few).error().kind == ErrorKind::TooLarge);
  few.records = 9002;
  CHECK(parseJsonPlan(good, name("z."), few));
}

TEST_CASE("a plan that comes in pieces is the one that it is as a whole") {
  const PlanLimits limits;
  const Name zone = name("z.");
  const std::string body = manyEndpoints(9000);
  const Result<Plan> whole = parseJsonPlanWhole(body, zone, limits);
  REQUIRE(whole);
  for (const std::size_t step : {1, 1000, 70'000}) {
    JsonPlanStream stream(zone, limits);
    for (std::size_t at = 0; at < body.size(); at += step)
      stream.feed(std::string_view(body).substr(at, step));
    const std::optional<Result<Plan>> plan = stream.finish();
    REQUIRE(plan);
    REQUIRE(*plan);
    CHECK((*plan)->generation == 7);
    CHECK((*plan)->sets->facts().endpoints == 9000);
    CHECK((*plan)->notes.size() == whole->notes.size());
    NameTable::differences(whole->sets->names(), (*plan)->sets->names(), [](NodeView, NodeView) {
      FAIL("it holds something else");
      return true;
    });
  }
  // One that goes away unfinished leaves nothing behind.
  JsonPlanStream forgotten(zone, limits);
  forgotten.feed(std::string_view(body).substr(0, body.size() / 2));
}

TEST_CASE("endpoints and records of one owner are told where they stand") {
  const auto read = [](const std::string& inside) {
    return parseJsonPlan(R"({"plan": 1, "generation": 1, )" + inside + "}", name("z."), PlanLimits{});
  };
  const std::string targets = R"({"targets": [{"address": "192.0.2.1"}]})";
  const auto overlap =
      read(R"("records": ["x 60 IN TXT a", "b 60 IN AAAA ::1"], "endpoints": {"b": )" + targets + "}");
  REQUIRE_FALSE(overlap);
  CHECK(overlap.error().where == "/records/1");
  CHECK(overlap.error().what == "b.z. AAAA is already an endpoint of this plan");
  const auto emptied = read(R"("records": ["b 60 IN A 192.0.2.1"], "endpoints": {"b": {"targets": []}})");
  REQUIRE_FALSE(emptied);
  CHECK(emptied.error().where == "/records/0");
  CHECK(read(R"("endpoints": {"b": {"targets": []}, "B": {"targets": []}})").error().what == "comes twice");
  CHECK(read(R"("endpoints": {"b": {"targets": []}, "B": )" + targets + "}").error().what == "comes twice");
  const auto both = read(R"("records": ["b 60 IN TXT a"], "endpoints": {"b": )" + targets + "}");
  REQUIRE(both);
  CHECK(both->sets->find(name("b.z.")).rrsetCount() == 2);
  // An endpoint is found under the key it was written with.
  const auto plan = read(R"("endpoints": {"C.Z.": )" + targets + R"(, "d": )" + targets + "}");
  REQUIRE(plan);
  CHECK(plan->places.endpoint(name("c.z."), name("z.")) == "/endpoints/C.Z.");
  CHECK(plan->places.endpoint(name("d.z."), name("z.")) == "/endpoints/d");
}

TEST_CASE("records of one owner that do not follow each other are one RRset, and what differs is noted") {
  const auto plan = parseZoneFilePlan(
      "a 60 IN A 192.0.2.2\nb 60 IN A 192.0.2.1\na 30 IN A 192.0.2.1\nb 60 IN A 192.0.2.1\na 60 IN TXT x\n",
      name("z."), PlanLimits{});
  REQUIRE(plan);
  const RRset a = plan->sets->find(name("a.z.")).find(RRType::A).toOwned();
  CHECK(a.ttl == 30);
  CHECK(a.rdata == std::vector<std::string>{{'\xc0', 0, 2, 1}, {'\xc0', 0, 2, 2}});
  CHECK(plan->sets->find(name("b.z.")).find(RRType::A).count() == 1);
  REQUIRE(plan->notes.size() == 2);
  const bool isFirst = plan->notes[0].kind == PlanNote::Kind::TtlDiffers;
  const PlanNote& ttl = plan->notes[isFirst ? 0 : 1];
  const PlanNote& duplicate = plan->notes[isFirst ? 1 : 0];
  CHECK(ttl.owner == name("a.z."));
  CHECK(ttl.observed == "30 s after 60 s");
  CHECK(duplicate.kind == PlanNote::Kind::Duplicate);
  CHECK(duplicate.owner == name("b.z."));
  CHECK(duplicate.observed == "2 records, of which 1 differ");
  CHECK(duplicate.where == "line 2");
}
