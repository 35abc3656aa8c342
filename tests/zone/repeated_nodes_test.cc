// A plan is read beside what its zone holds: what it repeats is shared, and it is the plan that it is alone.
#include "zone/repeated_nodes.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <string>

#include "tests/zone/fixtures.h"
#include "zone/json_plan_stream.h"

using namespace holdfast;
using holdfast::test::name;

namespace {

/// Endpoints as a plan has them, by name.
using Wanted = std::map<std::string, unsigned>;

Wanted endpoints(unsigned count) {
  Wanted wanted;
  for (unsigned i = 0; i < count; ++i) wanted["e" + std::to_string(i)] = i;
  return wanted;
}

std::string bodyOf(const Wanted& wanted, const std::string& more = "") {
  std::string members;
  for (const auto& [owner, number] : wanted)
    members += (members.empty() ? "" : ",\n") + ("\"" + owner) + R"(": {"targets": [{"address": "10.)" +
               std::to_string(number % 200) + "." + std::to_string(number / 200 % 200) + ".1\"}]}";
  return R"({"plan": 1, "generation": 2, "endpoints": {)" + members + more + R"(}, "records": ["@ NS ns"]})";
}

Result<Plan> readBeside(const NameTable& known, const std::string& body) {
  const PlanLimits limits;
  const Name zone = name("z.");
  JsonPlanStream stream(zone, limits, known);
  stream.feed(body);
  std::optional<Result<Plan>> plan = stream.finish();
  REQUIRE(plan);
  return *std::move(plan);
}

NameTable tableOf(const Result<Plan>& plan) {
  REQUIRE(plan);
  return plan->sets->names();
}

bool isSame(const NameTable& a, const NameTable& b) {
  return a.size() == b.size() && NameTable::differences(a, b, [](NodeView, NodeView) { return false; });
}

/// How many nodes of the one are not copied in the other.
std::size_t shared(const NameTable& of, const NameTable& in) {
  std::size_t count = 0;
  of.forEach([&](NodeView node) {
    const NodeView other = in.find(HashedName(node.name()).hash(), node.name());
    count += other && other.data() == node.data();
    return true;
  });
  return count;
}

}  // namespace

TEST_CASE("what a plan repeats is shared with what the zone holds") {
  constexpr unsigned kCount = 5000;
  Wanted wanted = endpoints(kCount);
  const NameTable known = tableOf(readBeside({}, bodyOf(wanted)));
  const NameTable again = tableOf(readBeside(known, bodyOf(wanted)));
  CHECK(isSame(known, again));
  CHECK(shared(known, again) > kCount - 50);  // but for what stands beside the apex

  for (unsigned i = 0; i < kCount; i += 100) wanted["e" + std::to_string(i)] += 1;
  const NameTable few = tableOf(readBeside(known, bodyOf(wanted)));
  CHECK(isSame(few, tableOf(readBeside({}, bodyOf(wanted)))));
  CHECK(shared(known, few) > kCount * 80 / 100);
  CHECK(shared(known, few) < kCount);
}

TEST_CASE("beside whatever the zone holds, a plan is what it is alone") {
  std::mt19937 random(GENERATE(range(0u, 30u)));
  const auto below = [&](unsigned bound) { return std::uniform_int_distribution(0u, bound - 1)(random); };
  const Wanted held = endpoints(500 + below(4000));
  const NameTable known = tableOf(readBeside({}, bodyOf(held)));
  Wanted wanted;
  const unsigned changed = below(3) == 0 ? 100 : below(10);
  const unsigned missing = below(3) == 0 ? 97 : below(10);
  for (const auto& [owner, number] : held)
    if (below(100) >= missing) wanted[owner] = number + (below(100) < changed ? 1 : 0);
  const unsigned added = below(3) * 4000;
  for (unsigned i = 0; i < added; ++i) wanted["n" + std::to_string(i)] = i;
  CHECK(isSame(tableOf(readBeside(known, bodyOf(wanted))), tableOf(readBeside({}, bodyOf(wanted)))));
}

TEST_CASE("an endpoint that comes twice is told beside what the zone holds, and so is one with records") {
  const Wanted wanted = endpoints(3000);
  const NameTable known = tableOf(readBeside({}, bodyOf(wanted)));
  for (const std::string more : {R"(, "e7": {"targets": [{"address": "10.7.0.1"}]})",
                                 R"(, "e7": {"targets": [{"address": "10.7.0.2"}]})"}) {
    const Result<Plan> twice = readBeside(known, bodyOf(wanted, more));
    REQUIRE_FALSE(twice);
    CHECK(twice.error().where == "/endpoints/e7");
    CHECK(twice.error().what == "comes twice");
  }
  std::string body = bodyOf(wanted);
  body.replace(body.find("\"@ NS ns\""), 9, R"("e7 60 IN A 10.7.0.1")");
  const Result<Plan> overlap = readBeside(known, body);
  REQUIRE_FALSE(overlap);
  CHECK(overlap.error().where == "/records/0");
}

TEST_CASE("a bucket of more nodes than there are marks is made again") {
  std::map<std::uint64_t, std::vector<Name>> byBucket;
  for (unsigned i = 0; i < 6000; ++i) {
    const Name each = name(("m" + std::to_string(i) + ".z.").c_str());
    byBucket[HashedName(each).hash() >> 58].push_back(each);
  }
  GatheredNodes first;
  const auto addAll = [&](GatheredNodes& nodes) {
    for (const auto& [bucket, names] : byBucket)
      for (std::size_t i = 0; i < (bucket == 5 ? 60u : 4u); ++i)
        nodes.add(HashedName(names.at(i)).hash(), encodeNode(names[i], 0, {}));
  };
  const NameTable::Merge none = [](std::span<const NodeView>) -> Result<std::string> {
    return Error{ErrorKind::Invalid, "", "comes twice"};
  };
  addAll(first);
  const Result<NameTable> known = NameTable::of(std::move(first), none);
  REQUIRE(known);
  GatheredNodes again(*known);
  REQUIRE(again.repeated() != nullptr);
  REQUIRE(again.repeated()->bits() == 6);
  addAll(again);
  const Result<NameTable> table = NameTable::of(std::move(again), none);
  REQUIRE(table);
  CHECK(isSame(*known, *table));
  CHECK(shared(*known, *table) == 63u * 4);
  // And where one of them comes twice, the Error is that of merging.
  GatheredNodes twice(*known);
  addAll(twice);
  twice.add(HashedName(byBucket[5].front()).hash(), encodeNode(byBucket[5].front(), 0, {}));
  const Result<NameTable> refused = NameTable::of(std::move(twice), none);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().what == "comes twice");
}

TEST_CASE("threads that have the same node share it once and copy it once") {
  const NameTable known = tableOf(readBeside({}, bodyOf(endpoints(1000))));
  GatheredNodes all(known);
  GatheredNodes other(known);
  std::size_t added = 0;
  known.forEach([&](NodeView node) {
    const std::string_view octets(reinterpret_cast<const char*>(node.data()), node.bytes().size());
    const std::uint64_t hash = HashedName(node.name()).hash();
    (added++ % 2 == 0 ? all : other).add(hash, octets);
    if (added == 100) all.add(hash, octets);
    return true;
  });
  all.join(std::move(other));
  CHECK(all.size() == added + 1);
  std::size_t merged = 0;
  const Result<NameTable> table =
      NameTable::of(std::move(all), [&](std::span<const NodeView> nodes) -> Result<std::string> {
        ++merged;
        REQUIRE(nodes.size() == 2);
        CHECK(std::ranges::equal(nodes[0].bytes(), nodes[1].bytes()));
        return std::string(reinterpret_cast<const char*>(nodes[0].data()), nodes[0].bytes().size());
      });
  REQUIRE(table);
  CHECK(merged == 1);
  CHECK(isSame(*table, known));
}
