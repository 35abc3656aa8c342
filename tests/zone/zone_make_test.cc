// Zones and tables made at once must be what edits make of them one by one.
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <map>
#include <numeric>
#include <random>
#include <set>

#include "tests/zone/fixtures.h"
#include "zone/compile.h"
#include "zone/parallel.h"
#include "zone/zone_make.h"

using namespace holdfast;
using holdfast::test::name;

namespace {

using Owners = std::map<Name, std::vector<RRset>>;

Result<std::string> never(std::span<const NodeView>) {
  throw std::logic_error("no name comes twice");
}

RRset addresses(std::mt19937& random) {
  RRset rrset{RRType::A, 60 + static_cast<std::uint32_t>(random() % 3), 0, {}, {}};
  for (std::size_t i = random() % 4; i < 4; ++i)
    rrset.rdata.push_back({'\x0a', '\1', static_cast<char>(random()), static_cast<char>(i)});
  const bool isEndpoint = random() % 3 != 0;
  for (std::size_t i = 0; isEndpoint && i < rrset.rdata.size(); ++i)
    rrset.targets.push_back(
        {random() % 4 == 0 ? "lb-" + std::to_string(i) : "", static_cast<std::uint32_t>(random() % 2)});
  rrset.canonicalise();
  return rrset;
}

/// Names at several depths, with aliases, cuts and a wildcard among them.
Owners content(std::mt19937& random, int names) {
  Owners owners;
  owners[name("z.")] = {{RRType::NS, 60, 0, {name("ns.elsewhere.").wire()}, {}}};
  for (int i = 0; i < names; ++i) {
    std::string text = "n" + std::to_string(random() % (2 * names));
    for (std::size_t depth = random() % 3; depth > 0; --depth) text += ".d" + std::to_string(random() % 5);
    std::vector<RRset>& rrsets = owners[name(text + ".z.")];
    rrsets.clear();
    switch (random() % 8) {
      case 0:
        rrsets.push_back({RRType::CNAME, 60, 0, {name("n1.z.").wire()}, {}});
        break;
      case 1:
        rrsets.push_back({RRType::NS, 60, 0, {name("ns.elsewhere.").wire()}, {}});
        break;
      case 2:
        rrsets.push_back({RRType::TXT, 60, 0, {"\1x", "\2yy"}, {}});
        [[fallthrough]];
      default:
        rrsets.insert(rrsets.begin(), addresses(random));
    }
  }
  owners[name("*.d1.z.")] = {{RRType::TXT, 60, 0, {"\1x"}, {}}};
  return owners;
}

std::shared_ptr<const Zone> made(const Owners& owners) {
  GatheredNodes nodes;
  for (const auto& [owner, rrsets] : owners)
    nodes.add(HashedName(owner).hash(), encodeNode(owner, 0, settled(rrsets)));
  return *makeZone(name("z."), std::move(nodes), never);
}

std::shared_ptr<const Zone> edited(const Owners& owners) {
  const Zone empty(name("z."));
  ZoneEdit edit(empty);
  for (const auto& [owner, rrsets] : owners) edit.setRRsets(owner, rrsets);
  return edit.finish(0, 0, WallTime{});
}

/// Each node's octets: name, children, RRsets.
std::set<std::string> nodesOf(const Zone& zone) {
  std::set<std::string> nodes;
  zone.names().forEach([&](NodeView node) {
    nodes.emplace(reinterpret_cast<const char*>(node.bytes().data()), node.bytes().size());
    return true;
  });
  return nodes;
}

bool isSame(const ZoneFacts& a, const ZoneFacts& b) {
  return a.records == b.records && a.endpoints == b.endpoints && a.cuts == b.cuts && a.dnames == b.dnames &&
         a.cnames == b.cnames && a.wildcards == b.wildcards && a.addressNames == b.addressNames &&
         a.targets == b.targets && a.weight == b.weight;
}

std::size_t aliasesTo(const Zone& zone, const Name& target) {
  std::size_t count = 0;
  zone.aliases().cnamesTo(target, false, [&](NameView, NameView) { return ++count > 0; });
  return count;
}

}  // namespace

TEST_CASE("a zone made at once is the one that edits make, small or large") {
  std::mt19937 random(2025);
  for (const int names : {1, 5, 60, 700, 3000, 30'000}) {
    CAPTURE(names);
    const Owners owners = content(random, names);
    const auto once = made(owners), byEdits = edited(owners);
    CHECK(nodesOf(*once) == nodesOf(*byEdits));
    CHECK(once->names().size() == byEdits->names().size());
    CHECK(isSame(once->facts(), byEdits->facts()));
    CHECK(aliasesTo(*once, name("n1.z.")) == aliasesTo(*byEdits, name("n1.z.")));
    for (const auto& [owner, rrsets] : owners) {
      REQUIRE(once->find(owner));
      REQUIRE(ownedRRsets(once->find(owner)) == settled(rrsets));
    }
  }
}

TEST_CASE("what shares with the zone before holds its own content, and differs where that does") {
  std::mt19937 random(7);
  Owners owners = content(random, 4000);
  const auto before = made(owners);
  std::set<Name> changed;
  for (int round = 0; round < 20; ++round) {
    const auto at = std::next(owners.begin(), static_cast<std::ptrdiff_t>(random() % owners.size()));
    if (at->first == name("z.")) continue;
    at->second = {{RRType::TXT, 60, 0, {"\3new"}, {}}};
    changed.insert(at->first);
  }
  const auto wanted = made(owners);
  const auto shared = sharing(*wanted, *before, WallTime{});
  CHECK(nodesOf(*shared) == nodesOf(*wanted));
  std::set<Name> differing;
  std::size_t compared = 0;
  NameTable::differences(before->names(), shared->names(), [&](NodeView old, NodeView now) {
    differing.emplace((old ? old : now).name());
    return ++compared > 0;
  });
  CHECK(differing == changed);
  // Nodes that are equal are the same memory, but for those that share a bucket with one that changed.
  std::size_t same = 0;
  shared->names().forEach([&](NodeView node) {
    same += before->find(node.name()).data() == node.data() ? 1 : 0;
    return true;
  });
  CHECK(same > shared->names().size() - 20 * changed.size());
  CHECK(same < shared->names().size());
  // All alike: nothing is new.
  const auto equal = sharing(*made(owners), *shared, WallTime{});
  CHECK(equal->find(name("z.")).data() == shared->find(name("z.")).data());
}

TEST_CASE("nodes of one name are merged, and what cannot be is told") {
  const auto node = [](const char* owner, const char* text) {
    return encodeNode(name(owner), 0, {{RRType::TXT, 60, 0, {text}, {}}});
  };
  const auto add = [&](GatheredNodes& nodes, const char* owner, const char* text) {
    nodes.add(HashedName(name(owner)).hash(), node(owner, text));
  };
  for (const int others : {0, 2000}) {
    GatheredNodes first, second;
    add(first, "a.z.", "\1x");
    add(second, "a.z.", "\1y");
    for (int i = 0; i < others; ++i)
      add(i % 2 == 0 ? first : second, ("n" + std::to_string(i) + ".z.").c_str(), "\1n");
    add(second, "a.z.", "\1z");
    first.join(std::move(second));
    CHECK(first.size() == static_cast<std::size_t>(others) + 3);
    int merges = 0;
    const Result<NameTable> table =
        NameTable::of(std::move(first), [&](std::span<const NodeView> same) -> Result<std::string> {
          ++merges;
          RRset all = (*same.front().begin()).toOwned();
          for (const NodeView more : same.subspan(1))
            all.rdata.push_back((*more.begin()).toOwned().rdata.front());
          return encodeNode(same.front().name(), 0, {all});
        });
    REQUIRE(table);
    CHECK(merges == 1);
    CHECK(table->size() == static_cast<std::size_t>(others) + 1);
    const NodeView merged = table->find(HashedName(name("a.z.")).hash(), name("a.z."));
    CHECK((*merged.begin()).toOwned().rdata == std::vector<std::string>{"\1x", "\1y", "\1z"});
  }
  GatheredNodes twice;
  add(twice, "a.z.", "\1x");
  add(twice, "a.z.", "\1x");
  const auto refused = NameTable::of(std::move(twice), [](std::span<const NodeView>) -> Result<std::string> {
    return Error{ErrorKind::Malformed, "/endpoints/a", "comes twice"};
  });
  REQUIRE_FALSE(refused);
  CHECK(refused.error().where == "/endpoints/a");
}

TEST_CASE(
    "of many names each has one node in a large table, those that came twice what came first in front") {
  constexpr int kNames = 100'000, kMany = 50;
  const auto owner = [](int i) { return name("n" + std::to_string(i) + ".z."); };
  GatheredNodes nodes;
  const auto add = [&](int i, char round) {
    const Name at = owner(i);
    nodes.add(HashedName(at).hash(), encodeNode(at, 0, {{RRType::TXT, 60, 0, {{'\1', round}}, {}}}));
  };
  for (int i = 0; i < kNames; ++i) add(i, 'a');
  for (int i = 0; i < kNames; i += 3) add(i, 'b');
  for (int i = 0; i < kMany; ++i) add(7, 'c');
  std::atomic<int> merges = 0;
  std::vector<std::atomic<int>> seen(GatheredNodes::kParts);
  const Result<NameTable> table = NameTable::of(
      std::move(nodes),
      [&](std::span<const NodeView> same) -> Result<std::string> {
        ++merges;
        std::string rounds;
        for (const NodeView node : same) rounds += (*node.begin()).toOwned().rdata.front()[1];
        const std::string wanted = same.front().name() == owner(7) ? "a" + std::string(kMany, 'c') : "ab";
        if (rounds != wanted) return Error{ErrorKind::Invalid, "", rounds};
        return encodeNode(same.front().name(), 0, {{RRType::TXT, 61, 0, {"\1m"}, {}}});
      },
      [&](std::size_t part, NodeView) { ++seen[part]; });
  REQUIRE(table);
  CHECK(table->size() == kNames);
  CHECK(merges == kNames / 3 + 2);
  CHECK(std::accumulate(seen.begin(), seen.end(), 0) == kNames);
  CHECK(std::ranges::all_of(seen, [](const auto& count) { return count > 0; }));
  for (int i = 0; i < kNames; ++i) {
    const Name at = owner(i);
    const NodeView node = table->find(HashedName(at).hash(), at);
    REQUIRE(node);
    REQUIRE((*node.begin()).ttl() == (i % 3 == 0 || i == 7 ? 61u : 60u));
  }
}

TEST_CASE("every step of parallel work is done once, and what one throws is thrown") {
  std::vector<std::atomic<int>> done(1000);
  inParallel(done.size(), true, [&](std::size_t i) { ++done[i]; });
  CHECK(std::ranges::all_of(done, [](const auto& times) { return times == 1; }));
  CHECK_THROWS_WITH(inParallel(100, true,
                               [](std::size_t i) {
                                 if (i >= 40) throw std::runtime_error("step");
                               }),
                    "step");
}
