// Memory that runs out while a plan is read is no fault of the plan.
#include <catch2/catch.hpp>
#include <new>

#include "tests/zone/allocations.h"
#include "tests/zone/concurrency_fixture.h"
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
