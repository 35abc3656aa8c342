// What differs between two tables must be the same however it is looked for, and as two maps have it.
#include "zone/node_changes.h"

#include <sched.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <future>
#include <map>
#include <random>
#include <thread>
#include <tuple>

#include "tests/zone/fixtures.h"
#include "zone/background.h"
#include "zone/diff.h"
#include "zone/store_codec.h"

using namespace holdfast;
using holdfast::test::name;

namespace {

/// Which types a name has: bits for A, CNAME, TXT and NSEC3, and a number that its RRsets carry.
struct Content {
  unsigned types;
  std::uint32_t ttl;
  friend bool operator==(const Content&, const Content&) = default;
};
constexpr unsigned kA = 1, kCname = 2, kTxt = 4, kNsec3 = 8;
using Model = std::map<std::string, Content>;

Name owner(const std::string& label) {
  return name(label + ".z.");
}

std::string nodeOf(const std::string& label, const Content& content) {
  std::vector<RRset> rrsets;
  if ((content.types & kA) != 0) rrsets.push_back({RRType::A, content.ttl, 0, {{"\x0a\x00\x00\x01", 4}}, {}});
  if ((content.types & kCname) != 0)
    rrsets.push_back({RRType::CNAME, content.ttl, 0, {name("a.z.").wire()}, {}});
  if ((content.types & kTxt) != 0) rrsets.push_back({RRType::TXT, content.ttl, 0, {"\1x"}, {}});
  if ((content.types & kNsec3) != 0) rrsets.push_back({RRType::NSEC3, content.ttl, 0, {"\1\1\1\1"}, {}});
  return encodeNode(owner(label), 0, rrsets);
}

NameTable tableOf(const Model& model, const NameTable& base = {}) {
  NameTableEdit edit(base);
  for (const auto& [label, content] : model) edit.put(owner(label), nodeOf(label, content));
  base.forEach([&](NodeView node) {
    if (!model.contains(toRelativeText(node.name(), name("z.")))) edit.erase(node.name());
    return true;
  });
  return edit.finish();
}

Model randomModel(std::mt19937& random, unsigned names) {
  Model model;
  while (model.size() < names)
    model["n" + std::to_string(random() % (2 * names))] = {1 + static_cast<unsigned>(random() % 15), 60};
  return model;
}

/// One in ten is changed, gone or new.
Model changedModel(std::mt19937& random, Model model) {
  const auto names = static_cast<unsigned>(model.size());
  for (unsigned i = 0; i < names / 10; ++i) {
    const std::string label = "n" + std::to_string(random() % (2 * names));
    if (random() % 3 == 0)
      model.erase(label);
    else
      model[label] = {1 + static_cast<unsigned>(random() % 15),
                      60 + static_cast<std::uint32_t>(random() % 2)};
  }
  return model;
}

using Row = std::tuple<std::string, bool, bool, bool>;  // name, was there, is there, quiet

std::vector<Row> found(const NodeChanges& changes) {
  std::vector<Row> all;
  for (auto at = changes.begin(); !(at == changes.end()); ++at)
    all.emplace_back(toText((*at).name()), static_cast<bool>((*at).before), static_cast<bool>((*at).after),
                     at.isQuiet());
  return all;
}

bool isQuietByTypes(const Content* before, const Content* after) {
  if (after == nullptr || (after->types & kCname) != 0) return false;
  if (before == nullptr) return true;
  const bool wasHidden = before->types == kNsec3;
  return !wasHidden && (before->types & kCname) == 0 && (before->types & ~after->types) == 0;
}

std::vector<Row> expected(const Model& before, const Model& after) {
  std::vector<Row> all;
  Model both = before;
  both.insert(after.begin(), after.end());
  for (const auto& [label, any] : both) {
    const auto old = before.find(label), now = after.find(label);
    const Content* was = old == before.end() ? nullptr : &old->second;
    const Content* is = now == after.end() ? nullptr : &now->second;
    if (was != nullptr && is != nullptr && *was == *is) continue;
    all.emplace_back(owner(label).text(), was != nullptr, is != nullptr, isQuietByTypes(was, is));
  }
  return all;
}

}  // namespace

TEST_CASE("changes are those between the contents, by one thread or several, whatever the tables' sizes") {
  std::mt19937 random(2026);
  for (const unsigned names : {0u, 1u, 3u, 100u, 700u, 5000u, 40'000u})
    for (const unsigned others : {names, 7 * names, 0u}) {
      CAPTURE(names, others);
      const Model one = randomModel(random, names);
      const Model other = others == names ? changedModel(random, one) : randomModel(random, others);
      const NameTable before = tableOf(one);
      const NameTable after = others == names ? tableOf(other, before) : tableOf(other);
      const NodeChanges byOne(before, after);
      std::vector<std::size_t> made(NameTable::kShares);
      const NodeChanges bySeveral(
          before, after, true,
          [&](std::size_t number, const NodeChanges::Part& part) { made[number] = part.changes.size(); });
      const std::vector<Row> inOrder = found(byOne);
      CHECK(found(bySeveral) == inOrder);
      std::vector<Row> sorted = inOrder;
      std::ranges::sort(sorted);
      std::vector<Row> wanted = expected(one, other);
      std::ranges::sort(wanted);
      REQUIRE(sorted == wanted);
      for (const NodeChanges* changes : {&byOne, &bySeveral}) {
        std::uint64_t was = 0, is = 0, sumBefore = 0, sumAfter = 0;
        for (const NodeChange& change : *changes) {
          was += change.before ? change.before.bytes().size() : 0;
          is += change.after ? change.after.bytes().size() : 0;
        }
        for (const NodeChanges::Part& part : changes->parts()) {
          sumBefore += part.octetsBefore;
          sumAfter += part.octetsAfter;
        }
        CHECK(std::pair(was, is) == std::pair(sumBefore, sumAfter));
      }
      for (std::size_t i = 0; i < made.size(); ++i) CHECK(made[i] == bySeveral.parts()[i].changes.size());
    }
}

TEST_CASE("a difference put together of parts is that of the whole, and lists as many names") {
  std::mt19937 random(7);
  const auto zoneOf = [](const Model& model, const Zone& base) {
    ZoneEdit edit(base);
    for (const auto& [label, content] : model) {
      RRset rrset{RRType::A, content.ttl, 0, {{"\x0a\x00\x00\x01", 4}}, {}};
      rrset.targets.push_back({"", content.types});
      edit.setRRset(owner(label), std::move(rrset));
    }
    return edit.finish(1, 1, WallTime{});
  };
  const Model one = randomModel(random, 3000);
  const auto before = zoneOf(one, Zone(name("z.")));
  const auto after = zoneOf(changedModel(random, one), *before);
  for (const std::size_t limit : {0u, 10u, 100'000u}) {
    CAPTURE(limit);
    std::vector<Diff> parts(NameTable::kShares);
    const NodeChanges changes(
        before->names(), after->names(), true,
        [&](std::size_t number, const NodeChanges::Part& part) { parts[number] = summaryOf(part.changes); });
    const Diff all = joined(parts, changes, limit), whole = diffZones(*before, *after, limit);
    CHECK(whole.namesAdded > 0);
    CHECK(whole.namesChanged > 0);
    CHECK(std::tuple(all.namesAdded, all.namesRemoved, all.namesChanged, all.truncated) ==
          std::tuple(whole.namesAdded, whole.namesRemoved, whole.namesChanged, whole.truncated));
    CHECK(std::tuple(all.before, all.after) == std::tuple(whole.before, whole.after));
    CHECK(whole.truncated == (limit < whole.namesAdded + whole.namesChanged));
    const auto namesOf = [](const Diff& diff) {
      std::vector<Name> names;
      for (const NameChange& change : diff.changes) names.push_back(change.name);
      return names;
    };
    CHECK(namesOf(all) == namesOf(whole));
    CHECK(all.changes.size() == std::min<std::size_t>(limit, whole.namesAdded + whole.namesChanged));
    // What is stored is put together the same way.
    ZoneEdit replay(*before);
    REQUIRE(applyChange(encodeChange(*before, *after, changes), replay));
    const auto replayed = replay.finish(1, 1, WallTime{});
    CHECK(found(NodeChanges(after->names(), replayed->names())).empty());
  }
}

TEST_CASE("a thread that is put aside may use all processors that it might before") {
  cpu_set_t before;
  REQUIRE(sched_getaffinity(0, sizeof before, &before) == 0);
  for (unsigned distance = 0; distance < 5; ++distance) {
    std::promise<void> isPutAside;
    std::thread thread([&] {
      isPutAside.get_future().wait();
      cpu_set_t after;
      CHECK(sched_getaffinity(0, sizeof after, &after) == 0);
      CHECK(CPU_EQUAL(&before, &after));
    });
    putAside(thread.native_handle(), distance);
    isPutAside.set_value();
    thread.join();
  }
}
