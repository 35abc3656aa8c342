// A reply of the control API that there is no memory for ends neither the server nor another request.
#include <catch2/catch.hpp>
#include <new>

#include "server/api_json.h"
#include "tests/zone/allocations.h"

using namespace holdfast;
using namespace holdfast::test;

namespace {

const std::string kLong = "a text that is too long to be kept where the string itself is";

HistoryEntry refusal() {
  HistoryEntry entry;
  entry.id = 7;
  entry.source = entry.who = entry.digest = kLong;
  entry.reasons.assign(3, {Rule::Floor, kLong, "A", kLong, kLong, kLong, "code", kLong});
  return entry;
}

Outcome refused() {
  Outcome outcome;
  outcome.kind = Outcome::Kind::Refused;
  outcome.verdict.reasons = refusal().reasons;
  outcome.kept.assign(3, *Name::absolute("kept.example."));
  return outcome;
}

/// How often there was no memory for it, until it was written whole.
std::size_t timesStarved(const std::function<std::string()>& write) {
  const std::string whole = write();
  std::string written;
  const std::size_t ranOut = starve([&] { written = write(); });
  CHECK(written == whole);
  return ranOut;
}

}  // namespace

TEST_CASE("whatever of it there is no memory for, a reply is not written, and that is all") {
  const Name zone = *Name::absolute("example.");
  const Outcome outcome = refused();
  const Asked asked{zone, 5, std::nullopt, 10, kLong, {kLong}};
  CHECK(timesStarved([&] { return outcomeResponse(outcome, asked, std::chrono::microseconds(9)).body; }) > 5);

  const std::vector<HistoryEntry> entries(4, refusal());
  CHECK(timesStarved([&] { return historyJson(zone, entries, 3); }) > 5);

  ZoneStatus status;
  status.apex = zone;
  status.frozen = kLong;
  status.lastRefusal = std::make_shared<HistoryEntry>(refusal());
  EnactorHealth enactor;
  enactor.detail = kLong;
  const auto server = [&] {
    ServerFacts facts{std::chrono::steady_clock::time_point(), {kLong}};
    const std::string text = serverJson(facts, {}, {}, {status}, {enactor}, WallTime());
    return text.substr(text.find("\"pid\""));  // how long it has been up is never the same
  };
  CHECK(timesStarved(server) > 5);
}
