#include "server/pick.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <set>

#include "tests/server/serving_fixture.h"
#include "zone/node.h"

namespace holdfast::test {

namespace {

/// A compiled endpoint.
class Endpoint {
 public:
  Endpoint(std::uint16_t pick, const std::vector<std::uint32_t>& weights) {
    node_ = encodeNode(name_, 0, {endpointOf(pick, weights)});
  }
  RRsetView rrset() const {
    return NodeView(reinterpret_cast<const std::uint8_t*>(node_.data())).find(RRType::A);
  }

 private:
  Name name_;
  std::string node_;
};

double chiSquared(const std::vector<double>& seen, const std::vector<double>& expected) {
  double sum = 0;
  for (std::size_t i = 0; i < seen.size(); ++i)
    sum += (seen[i] - expected[i]) * (seen[i] - expected[i]) / expected[i];
  return sum;
}

constexpr unsigned kRounds = 200'000;

}  // namespace

TEST_CASE("the first target drawn follows the weights, with few targets and with many") {
  for (const unsigned targets : {5u, 100u, 4000u}) {
    std::vector<std::uint32_t> weights;
    double total = 0;
    for (unsigned i = 0; i < targets; ++i) {
      weights.push_back(i % 10 == 9 ? 100'000'000 : 20 * (i + 1) + 100'000);
      total += weights.back();
    }
    const Endpoint endpoint(4, weights);
    const auto picker = std::make_unique<TargetPicker>();
    Random random(7);
    TargetPicker::Picked picked;
    // In ten groups, so that every cell is filled at any number of targets.
    std::vector<double> seen(10), expected(10);
    for (unsigned i = 0; i < targets; ++i) expected[i % 10] += weights[i] / total * kRounds;
    for (unsigned round = 0; round < kRounds / (targets > 1000 ? 10 : 1); ++round) {
      picker->pick(endpoint.rrset(), random, picked);
      seen[picked.index[0] % 10] += targets > 1000 ? 10 : 1;
    }
    while (!expected.empty() && expected.back() == 0) expected.pop_back(), seen.pop_back();
    // 9 degrees of freedom: 27.9 at p = 0.001. Seen counts by tens weigh ten times as much.
    CHECK(chiSquared(seen, expected) < 27.9 * (targets > 1000 ? 10 : 1));
  }
}

TEST_CASE("later targets are drawn by weight among those left") {
  const std::vector<std::uint32_t> weights{1, 2, 3, 94};
  const Endpoint endpoint(2, weights);
  TargetPicker picker;
  Random random(11);
  TargetPicker::Picked picked;
  std::vector<double> seen(16), expected(16);
  for (unsigned a = 0; a < 4; ++a)
    for (unsigned b = 0; b < 4; ++b)
      if (a != b) expected[a * 4 + b] = kRounds * (weights[a] / 100.0) * weights[b] / (100.0 - weights[a]);
  for (unsigned round = 0; round < kRounds; ++round) {
    picker.pick(endpoint.rrset(), random, picked);
    REQUIRE(picked.count == 2);
    ++seen[picked.index[0] * 4u + picked.index[1]];
  }
  std::vector<double> seenPairs, expectedPairs;
  for (unsigned i = 0; i < 16; ++i)
    if (expected[i] > 0) seenPairs.push_back(seen[i]), expectedPairs.push_back(expected[i]);
  // 11 degrees of freedom: 31.3 at p = 0.001.
  CHECK(chiSquared(seenPairs, expectedPairs) < 31.3);
}

TEST_CASE("a target of weight 0 is drawn only when nothing else is left") {
  TargetPicker picker;
  Random random(3);
  TargetPicker::Picked picked;
  const Endpoint enough(2, {0, 5, 0, 1, 0, 4'000'000'000});
  for (unsigned round = 0; round < 10'000; ++round) {
    picker.pick(enough.rrset(), random, picked);
    REQUIRE(picked.count == 2);
    for (unsigned i = 0; i < 2; ++i) REQUIRE(picked.index[i] % 2 == 1);
  }
  const Endpoint tooFew(3, {0, 5, 0, 0, 0});
  std::vector<double> fill(5);
  for (unsigned round = 0; round < 40'000; ++round) {
    picker.pick(tooFew.rrset(), random, picked);
    REQUIRE(picked.count == 3);
    REQUIRE(picked.index[0] == 1);
    ++fill[picked.index[1]];
    ++fill[picked.index[2]];
  }
  fill.erase(fill.begin() + 1);
  // 3 degrees of freedom: 16.3 at p = 0.001.
  CHECK(chiSquared(fill, std::vector<double>(4, 20'000)) < 16.3);
}

TEST_CASE("every pick is of distinct targets, whatever the weights") {
  TargetPicker picker;
  Random random(5);
  TargetPicker::Picked picked;
  for (unsigned round = 0; round < 3'000; ++round) {
    std::vector<std::uint32_t> weights(2 + random.below(round % 100 == 0 ? 3999 : 80));
    for (std::uint32_t& weight : weights)
      weight =
          random.below(3) == 0 ? 0 : static_cast<std::uint32_t>(random.next() >> (32 + random.below(32)));
    const auto most = std::min<std::size_t>(weights.size() - 1, kMaxPick);
    const Endpoint endpoint(static_cast<std::uint16_t>(1 + random.below(most)), weights);
    picker.pick(endpoint.rrset(), random, picked);
    REQUIRE(picked.count == endpoint.rrset().pick());
    std::set<unsigned> distinct(picked.index.begin(), picked.index.begin() + picked.count);
    REQUIRE(distinct.size() == picked.count);
    REQUIRE(*distinct.rbegin() < weights.size());
  }
}

TEST_CASE("random numbers below a bound are spread evenly") {
  Random random(1);
  std::vector<double> seen(7);
  for (unsigned round = 0; round < 70'000; ++round) ++seen.at(random.below(7));
  // 6 degrees of freedom: 22.5 at p = 0.001.
  CHECK(chiSquared(seen, std::vector<double>(7, 10'000)) < 22.5);
}

}  // namespace holdfast::test
