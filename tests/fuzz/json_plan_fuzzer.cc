// A JSON plan over a zone with content: what it makes, written as JSON, makes the same; and our own reader
// and simdjson make the same of its endpoints.
#include "tests/fuzz/round_trip.h"
#include "tests/server/serving_fixture.h"
#include "tests/zone/endpoint_readings.h"
#include "zone/json_cutter.h"
#include "zone/json_plan_stream.h"

namespace holdfast::test {

namespace {

struct Fixture {
  Name apex = *Name::absolute("example.");
  std::shared_ptr<const Zone> before = withRRset(
      *zoneOf("example", "@ 60 IN SOA ns a 1 2 3 4 5\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\nw 5 IN CNAME e\n"),
      "e.example", endpointOf(2, {1, 2, 3}));
};

void compareReadings(const Fixture& fixture, std::string_view members) {
  const std::string difference = differenceOfReadings(members, fixture.apex, PlanLimits{});
  expect(difference.empty(), "our own reader and simdjson make the same of endpoints", difference);
}

/// By the way that large documents take.
Result<Plan> streamed(std::string_view text, NameView zone) {
  const PlanLimits limits;
  JsonPlanStream stream(zone, limits);
  stream.feed(text);
  if (std::optional<Result<Plan>> plan = stream.finish()) return *std::move(plan);
  return parseJsonPlanWhole(text, zone, limits);
}

void run(const Fixture& fixture, std::string_view input) {
  constexpr std::size_t kPieceOctets = 200;  // a few members, other ones as an input grows
  compareReadings(fixture, input);
  JsonCutter cutter("endpoints", kPieceOctets,
                    [&](const std::string& members) { compareReadings(fixture, members); });
  cutter.feed(input);
  const auto plan = streamed(input, fixture.apex);
  const auto whole = parseJsonPlanWhole(input, fixture.apex, PlanLimits{});
  expect(static_cast<bool>(plan) == static_cast<bool>(whole), "pieces and the whole are read alike");
  if (!plan) {
    expect(!plan.error().what.empty(), "an error says what is wrong");
    return;
  }
  const auto first = compiled(*fixture.before, *plan);
  if (!fitsInText(*first)) return;
  const std::string text = contentAsJson(*first, plan->source);
  const auto again = parseJsonPlan(text, fixture.apex, PlanLimits{});
  expect(static_cast<bool>(again), "what was written is read back",
         (again ? "" : again.error().text()) + "\n" + text);
  const auto second = compiled(Zone(fixture.apex), *again);
  expectSameContent(*first, *second, text);
  expect(contentAsJson(*second, plan->source) == text, "written again it is the same text", text);
}

}  // namespace

}  // namespace holdfast::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const holdfast::test::Fixture fixture;
  holdfast::test::run(fixture, {reinterpret_cast<const char*>(data), size});
  return 0;
}
