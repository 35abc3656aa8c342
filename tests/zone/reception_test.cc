// A large plan that is kept and read as it comes must be what it is when it is read at once.
#include "zone/reception.h"

#include <sys/resource.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>

#include "tests/zone/fixtures.h"

using namespace holdfast;
using holdfast::test::name;
using holdfast::test::TemporaryDirectory;

namespace {

std::string largePlan(int endpoints) {
  std::string body = R"({"plan": 1, "generation": 3, "endpoints": {)";
  for (int i = 0; i < endpoints; ++i)
    body += (i > 0 ? ",\n\"e" : "\"e") + std::to_string(i) + R"(": {"targets": [{"address": "192.0.2.)" +
            std::to_string(i % 250) + "\"}]}";
  body += R"(, "none": {"targets": []}}, "records": ["t 60 IN A 192.0.2.1", "t 30 IN A 192.0.2.1"], )";
  return body + R"("remove": ["gone", "old/TXT"]})";
}

std::string zoneFile(int owners) {
  std::string text = "@ 60 IN NS ns\n";
  for (int i = 0; i < owners; ++i)
    text += "o" + std::to_string(i) + " 60 IN A 192.0.2." + std::to_string(i % 250) + "\n";
  return text;
}

void feed(Reception& reception, std::string_view body, std::size_t step) {
  for (std::size_t at = 0; at < body.size(); at += step) reception.feed(body.substr(at, step));
}

std::unique_ptr<Reception> begun(const Receptions& receptions, DocumentFormat format) {
  Result<std::unique_ptr<Reception>> reception = receptions.begin(Zone(name("z.")), format, 1000);
  REQUIRE(reception);
  return *std::move(reception);
}

bool areEqual(const Plan& a, const Plan& b) {
  bool same = a.generation == b.generation && a.kind == b.kind;
  NameTable::differences(a.sets->names(), b.sets->names(), [&](NodeView, NodeView) { return same = false; });
  const auto keysOf = [](const Plan& plan) {
    std::vector<std::string> keys;
    for (const EmptyEndpoint& each : plan.emptied) keys.push_back(toText(each.owner) + " " + each.where);
    for (const Removal& each : plan.removals) keys.push_back("-" + each.name.text());
    for (const PlanNote& each : plan.notes)
      keys.push_back(toText(each.owner) + " " + each.where + each.observed);
    return keys;
  };
  return same && a.base == b.base && keysOf(a) == keysOf(b);
}

}  // namespace

TEST_CASE("a document that is received in pieces is the one that was sent") {
  const TemporaryDirectory directory;
  const PlanLimits limits;
  const Receptions receptions(directory.path(), 4, limits);
  const bool isJson = GENERATE(true, false);
  const DocumentFormat format = isJson ? DocumentFormat::Json : DocumentFormat::ZoneFile;
  const std::string body = isJson ? largePlan(20'000) : zoneFile(60'000);
  const Result<Plan> whole =
      isJson ? parseJsonPlanWhole(body, name("z."), limits) : parseZoneFilePlan(body, name("z."), limits);
  REQUIRE(whole);
  // More than may read along at once: the others read when all is there. And no more than these.
  std::vector<std::unique_ptr<Reception>> all;
  for (int i = 0; i < 4; ++i) all.push_back(begun(receptions, format));
  CHECK(std::ranges::count_if(all, [](const auto& each) { return each->readsAlong(); }) == 2);
  const auto more = receptions.begin(Zone(name("z.")), format, 1000);
  REQUIRE_FALSE(more);
  CHECK(more.error().text().find("holds 4 large documents already (limits.submissions-running)") !=
        std::string::npos);
  for (const auto& each : all) feed(*each, body, 9'999);
  for (const auto& each : all) {
    const Result<Reception::Read> read = each->finish();
    REQUIRE(read);
    CHECK(read->digest == toHex(sha256(body)));
    REQUIRE(read->plan);
    CHECK(areEqual(*whole, *read->plan));
  }
  CHECK(std::filesystem::is_empty(directory.path()));
}

TEST_CASE("what is wrong with a document that was received is told as of one that was there at once") {
  const TemporaryDirectory directory;
  const PlanLimits limits;
  const Receptions receptions(directory.path(), 4, limits);
  const std::string good = largePlan(20'000);
  for (const auto& [text, instead] : {std::pair("\"e19000\"", "\"e1\""),
                                      {"\"e15000\": {", "\"e15000\": ["},
                                      {"\"e15000\": {", "\"e15000\": "},
                                      {"\"plan\": 1", "\"plan\": 2"},
                                      {"\"e19999\": {", "\"e19999\": {\"x\": 1, "},
                                      {"\"plan\"", "plan"}}) {
    std::string body = good;
    body.replace(body.find(text), std::string_view(text).size(), instead);
    const Result<Plan> whole = parseJsonPlanWhole(body, name("z."), limits);
    REQUIRE_FALSE(whole);
    const auto reception = begun(receptions, DocumentFormat::Json);
    feed(*reception, body, 100'000);
    const Result<Reception::Read> read = reception->finish();
    REQUIRE(read);
    CHECK(read->digest == toHex(sha256(body)));
    REQUIRE_FALSE(read->plan);
    CHECK(read->plan.error().text() == whole.error().text());
    CHECK(read->plan.error().kind == whole.error().kind);
  }
  const auto nothing = begun(receptions, DocumentFormat::Json);
  const Result<Reception::Read> read = nothing->finish();
  REQUIRE(read);
  REQUIRE_FALSE(read->plan);
  CHECK(read->plan.error().kind == ErrorKind::Unreadable);
}

TEST_CASE("a document whose end never comes is forgotten, and its seat is free again") {
  const TemporaryDirectory directory;
  const Receptions receptions(directory.path(), 4, {});
  const std::string body = largePlan(20'000);
  for (int i = 0; i < 10; ++i)
    feed(*begun(receptions, DocumentFormat::Json), body.substr(0, body.size() / 2), 50'000);
  const auto last = begun(receptions, DocumentFormat::Json);
  CHECK(last->readsAlong());
  CHECK(std::filesystem::is_empty(directory.path()));
}

TEST_CASE("a document that cannot be kept is an error of the store that names the directory") {
  const TemporaryDirectory directory;
  const Receptions nowhere(directory.path() + "/missing", 4, {});
  const auto none = nowhere.begin(Zone(name("z.")), DocumentFormat::Json, 1000);
  REQUIRE_FALSE(none);
  CHECK(none.error().kind == ErrorKind::Store);
  CHECK(none.error().where == directory.path() + "/missing");

  const Receptions receptions(directory.path(), 4, {});
  const auto large = receptions.begin(Zone(name("z.")), DocumentFormat::Json, std::uint64_t{1} << 60);
  REQUIRE_FALSE(large);
  CHECK(large.error().text().find("has not room") != std::string::npos);
  const auto reception = begun(receptions, DocumentFormat::Json);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{500'000, before.rlim_max};
  std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  feed(*reception, largePlan(20'000), 100'000);
  const auto read = reception->finish();
  setrlimit(RLIMIT_FSIZE, &before);
  REQUIRE_FALSE(read);
  CHECK(read.error().kind == ErrorKind::Store);
  CHECK(read.error().text().find("cannot keep a large document: File too large") != std::string::npos);
}
