// A task that there is no memory for is not taken, and changes nothing for those that come after it.
#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <new>

#include "server/work_pool.h"
#include "tests/zone/allocations.h"

using namespace holdfast;
using namespace holdfast::test;

TEST_CASE("whatever of a task there is no memory for, its lane goes on") {
  constexpr int kLanes = 300;  // so many that what a container has in stock for their turns is used up
  std::promise<void> begin, end;
  WorkPool pool({1, 1, 100, 1000});
  pool.run("the first", [&] { begin.get_future().wait(); });
  std::size_t ranOut = 0;
  std::atomic<int> done = 0;
  for (int i = 0; i < kLanes; ++i) {
    const std::string lane = "a lane with a name that needs memory of its own " + std::to_string(i);
    for (std::size_t after = 0; after < 10; ++after) {
      const FailingAllocation failing(after, Fails::FromThenOn);
      try {
        pool.run(lane, [] {});
        break;
      } catch (const std::bad_alloc&) {
        ++ranOut;
      }
    }
    const auto count = [&] {
      if (++done == kLanes) end.set_value();
    };
    REQUIRE(pool.run(lane, count) == WorkPool::Taken::Yes);
  }
  CHECK(ranOut > kLanes);
  begin.set_value();
  CHECK(end.get_future().wait_for(std::chrono::seconds(10)) == std::future_status::ready);
}
