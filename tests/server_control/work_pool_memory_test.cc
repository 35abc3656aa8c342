// A task that there is no memory for is not taken, and changes nothing for those that come after it.
#include <catch2/catch.hpp>
#include <future>
#include <new>

#include "server/work_pool.h"
#include "tests/zone/allocations.h"

using namespace holdfast;
using namespace holdfast::test;

TEST_CASE("whatever of a task there is no memory for, its lane goes on") {
  WorkPool pool({2, 2, 100, 100});
  std::size_t ranOut = 0;
  // So many that what a container keeps in stock is used up at each of its moments.
  for (int i = 0; i < 500; ++i) {
    const std::string lane = "a lane with a name that needs memory of its own " + std::to_string(i % 3);
    for (std::size_t after = 0; after < 6; ++after) {
      const FailingAllocation failing(after, Fails::FromThenOn);
      try {
        pool.run(lane, [] {});
        break;
      } catch (const std::bad_alloc&) {
        ++ranOut;
      }
    }
    std::promise<void> done;
    REQUIRE(pool.run(lane, [&done] { done.set_value(); }) == WorkPool::Taken::Yes);
    REQUIRE(done.get_future().wait_for(std::chrono::seconds(10)) == std::future_status::ready);
  }
  CHECK(ranOut > 500);
}
