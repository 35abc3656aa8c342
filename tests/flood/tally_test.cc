#include "tools/flood/tally.h"

#include <catch2/catch.hpp>
#include <map>

#include "tools/flood/pending.h"
#include "tools/flood/schedule.h"
#include "tools/flood/timeline.h"

namespace holdfast::flood {

TEST_CASE("a histogram's quantiles are never below the times, and at most a 64th above") {
  LatencyHistogram latency;
  CHECK(latency.quantile(0.5) == 0);
  for (std::uint64_t i = 1; i <= 100'000; ++i) latency.add(i * 1000);
  CHECK(latency.count() == 100'000);
  for (const double share : {0.01, 0.5, 0.9, 0.99, 0.999}) {
    const double exact = share * 1e8;
    CHECK(static_cast<double>(latency.quantile(share)) >= exact);
    CHECK(static_cast<double>(latency.quantile(share)) <= exact * (1 + 1.0 / 64) + 1000);
  }
  CHECK(latency.quantile(1) == 100'000'000);
  CHECK(latency.most() == 100'000'000);
  LatencyHistogram other;
  other.add(std::uint64_t{1} << 50);  // over the greatest bucket
  other.add(latency);
  CHECK(other.count() == 100'001);
  CHECK(other.most() == std::uint64_t{1} << 50);
  std::uint64_t counted = 0, before = 0;
  other.forEach([&](std::uint64_t longest, std::uint64_t count) {
    CHECK(longest > before);
    before = longest;
    counted += count;
  });
  CHECK(counted == 100'001);
}

TEST_CASE("questions wait by their IDs until they are answered or their time is over") {
  Pending pending;
  for (std::uint32_t i = 0; i < 10; ++i) {
    CHECK(pending.nextId() == i);
    pending.add(i == 5 ? kGarbage : 100 + i, 1000 * i);
  }
  CHECK(pending.questions() == 9);
  CHECK(pending.take(3)->number == 103);
  CHECK(pending.take(3) == nullptr);
  CHECK(pending.take(999) == nullptr);
  CHECK(pending.takeDueBefore(0) == nullptr);
  for (const std::uint32_t expected : {100u, 101u, 102u, 104u, kGarbage}) {
    const Pending::Entry* entry = pending.takeDueBefore(6000);
    REQUIRE(entry != nullptr);
    CHECK(entry->number == expected);
  }
  CHECK(pending.takeDueBefore(6000) == nullptr);
  CHECK(pending.questions() == 4);
}

TEST_CASE("an ID is not given out again while its question waits") {
  Pending pending;
  for (std::uint32_t i = 0; i < Pending::kIds; ++i) {
    REQUIRE_FALSE(pending.isFull());
    pending.add(i, i);
  }
  CHECK(pending.isFull());
  REQUIRE(pending.take(7) != nullptr);
  CHECK(pending.isFull());  // the oldest still waits
  REQUIRE(pending.take(0) != nullptr);
  CHECK_FALSE(pending.isFull());
  CHECK(pending.nextId() == 0);
  pending.add(1, 1);
  CHECK(pending.isFull());
}

TEST_CASE("what is due does not depend on when anybody looks") {
  Schedule schedule(1'000'000'000, 3);
  unsigned taken = 0;
  for (; schedule.isDue(2'000'000'000); ++taken) schedule.take();
  CHECK(taken == 4);  // at 1, 1.33, 1.66 and 2 s
  CHECK(schedule.next() > 2'000'000'000);
  for (; schedule.isDue(1'001'000'000'000); ++taken) schedule.take();
  CHECK(taken == 3001);
}

TEST_CASE("a timeline of any length has a bounded number of moments, and loses nothing") {
  Timeline timeline;
  constexpr unsigned kSteps = 20'000;
  for (unsigned i = 1; i <= kSteps; ++i) {
    Tally tally;
    tally.sent = 2;
    tally.latency.add(i == 777 ? 5'000'000 : 1000);
    tally.answered = 1;
    tally.lost = i % 1000 == 0;
    tally.newest = Stamp(static_cast<std::uint16_t>(i / 5000));
    timeline.add(0.1 * i, tally);
  }
  timeline.finish();
  CHECK(timeline.moments().size() <= Timeline::kMostMoments);
  CHECK(timeline.moments().size() > Timeline::kMostMoments / 4);
  CHECK(timeline.total().sent == 2 * kSteps);
  Moment sum;
  for (const Moment& each : timeline.moments()) {
    sum.sent += each.sent;
    sum.answered += each.answered;
    sum.lost += each.lost;
    sum.seconds += each.seconds;
    sum.most = std::max(sum.most, each.most);
  }
  CHECK(sum.sent == 2 * kSteps);
  CHECK(sum.answered == kSteps);
  CHECK(sum.lost == 20);
  CHECK(sum.seconds == Approx(0.1 * kSteps));
  CHECK(sum.most == 5'000'000);
  REQUIRE(timeline.swaps().size() == 5);
  CHECK(timeline.swaps()[1].at == Approx(500));
}

TEST_CASE("tallies add up, and the newest generation is that of the newer one") {
  Tally one, two;
  one.count({Fault::None, 0, false, Stamp(65'535)}, 10);
  two.count({Fault::Torn, 3, true, Stamp(2)}, 30);
  two.lost = 4;
  one.add(two);
  CHECK(one.answered == 2);
  CHECK(one.lost == 4);
  CHECK(one.faulty() == 1);
  CHECK(one.faults[static_cast<std::size_t>(Fault::Torn)] == 1);
  CHECK(one.rcodes[3] == 1);
  CHECK(one.truncated == 1);
  CHECK(one.newest == Stamp(2));
  CHECK(one.latency.most() == 30);
}

}  // namespace holdfast::flood
