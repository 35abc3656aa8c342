// Memory that runs out while JSON is read or written is no fault of it, and ends nothing.
#include <catch2/catch.hpp>
#include <new>

#include "tests/zone/allocations.h"
#include "tests/zone/concurrency_fixture.h"
#include "zone/history_json.h"
#include "zone/json_values.h"

using namespace holdfast;
using namespace holdfast::test;

TEST_CASE("whichever allocation fails while JSON is read, the plan is read or it is told as that") {
  const std::string body = fullPlan(3);
  const Name zone = name("example.");
  const PlanLimits limits;
  std::size_t ranOut = 0;
  for (std::size_t after = 0;; ++after) {
    bool hasFailed = false, isFault = false;
    {
      const FailingAllocation failing(after);
      try {
        isFault = !parseJsonPlan(body, zone, limits);
        hasFailed = failing.hasFailed();
      } catch (const std::bad_alloc&) {
        hasFailed = true;
        ++ranOut;
      }
    }
    CAPTURE(after);
    REQUIRE_FALSE(isFault);
    if (!hasFailed) break;
  }
  CHECK(ranOut > 10);
}

TEST_CASE("memory that does not suffice is thrown, and what is not JSON is not") {
  CHECK_THROWS_AS(isRead(simdjson::MEMALLOC), std::bad_alloc);
  CHECK_FALSE(isRead(simdjson::TAPE_ERROR));
  CHECK(isRead(simdjson::SUCCESS));
}

TEST_CASE("where nothing is left from any moment on, reasons are read and written or it is told as that") {
  const std::vector<Reason> reasons(
      5, {Rule::Floor, "a name too long for a short string.", "A", "none of its targets",
          "at least one of its targets", "detail enough to be kept elsewhere than in the string itself"});
  const std::string written = reasonsToJson(reasons);
  prepareJsonReader();
  bool isWhole = false;
  CHECK(starve([&] { isWhole = reasonsToJson(reasons) == written; }) > 3);
  CHECK(isWhole);
  CHECK(starve([&] { isWhole = reasonsFromJson(written).size() == 5; }) > 3);
  CHECK(isWhole);
}
