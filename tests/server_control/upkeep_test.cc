#include "server/upkeep.h"

#include <catch2/catch.hpp>
#include <new>
#include <sstream>

#include "tests/zone/store_model.h"

namespace holdfast {

namespace {

/// Runs out of memory in the first rounds of upkeep.
class Throwing : public test::StoreModel {
 public:
  using StoreModel::StoreModel;
  Status maintain() override {
    if (++rounds <= kThrows) throw std::bad_alloc();
    return Done{};
  }
  static constexpr int kThrows = 2;
  std::atomic<int> rounds{0};
};

}  // namespace

TEST_CASE("I8: what upkeep throws is told as a problem once, counted, and the next round tries again") {
  const RcuThread registered;
  test::Disk disk;
  auto made = std::make_unique<Throwing>(disk);
  const Throwing& store = *made;
  auto publisher =
      Publisher::open(std::move(made), [] { return WallTime(std::chrono::seconds(1'800'000'000)); });
  REQUIRE(publisher);
  std::ostringstream lines;
  Log log(LogFormat::Text, LogLevel::Info, lines);
  Keeping keeping;
  keeping.goodAfter = std::chrono::milliseconds(1);  // as often as upkeep goes
  Upkeep upkeep(**publisher, log, keeping, HeapUpkeep(false));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (store.rounds <= Throwing::kThrows && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  upkeep.stop();
  CHECK(store.rounds > Throwing::kThrows);
  CHECK(upkeep.stats().failures == Throwing::kThrows);
  const std::string said = lines.str();
  const std::string cause = "was ended by: std::bad_alloc";
  const std::size_t told = said.find(cause);
  REQUIRE(told != std::string::npos);
  CHECK(said.find(cause, told + 1) == std::string::npos);
  CHECK(said.find("upkeep works again", told) != std::string::npos);
}

}  // namespace holdfast
