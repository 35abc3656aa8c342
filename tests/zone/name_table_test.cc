#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "tests/zone/fixtures.h"

using namespace holdfast;
using holdfast::test::name;

namespace {

std::string nodeFor(const Name& owner, int value) {
  RRset txt{RRType::TXT, static_cast<std::uint32_t>(value), 0, {std::string("\1x")}, {}};
  return encodeNode(owner, 0, {txt});
}

using Model = std::map<std::string, int>;

Model contentOf(const NameTable& table) {
  Model content;
  table.forEach([&](NodeView node) {
    content[toText(node.name())] = static_cast<int>((*node.begin()).ttl());
    return true;
  });
  return content;
}

}  // namespace

TEST_CASE("random edits of a name table agree with a map, and older tables never change") {
  std::mt19937 random(20251019);
  NameTable table;
  Model model;
  std::vector<std::pair<NameTable, Model>> kept;
  for (int round = 0; round < 120; ++round) {
    NameTableEdit edit(table);
    const Model before = model;
    // Rounds grow the table past several spreads, later ones shrink it again.
    const int changes = round < 60 ? 40 : 60;
    for (int i = 0; i < changes; ++i) {
      const std::string text = "n" + std::to_string(random() % 1500) + ".example.";
      const bool erase = round < 60 ? random() % 8 == 0 : random() % 8 != 0;
      if (erase) {
        edit.erase(name(text));
        model.erase(text);
      } else {
        const int value = static_cast<int>(random() % 1000);
        edit.put(name(text), nodeFor(name(text), value));
        model[text] = value;
      }
      REQUIRE(edit.size() == model.size());
    }
    const NameTable next = edit.finish();
    REQUIRE(contentOf(next) == model);
    REQUIRE(next.size() == model.size());

    Model differing;
    NameTable::differences(table, next, [&](NodeView old, NodeView now) {
      differing[toText((old ? old : now).name())] = now ? static_cast<int>((*now.begin()).ttl()) : -1;
      return true;
    });
    Model expected;
    for (const auto& [text, value] : model)
      if (!before.contains(text) || before.at(text) != value) expected[text] = value;
    for (const auto& [text, value] : before)
      if (!model.contains(text)) expected[text] = -1;
    REQUIRE(differing == expected);
    table = next;
    if (round % 10 == 0) kept.emplace_back(table, model);
  }
  for (const auto& [old, content] : kept) CHECK(contentOf(old) == content);
  for (const auto& [text, value] : model) {
    const Name owner = name(text);
    CHECK(table.find(HashedName(owner.view()).hash(), owner));
  }
  const Name absent = name("absent.example.");
  CHECK_FALSE(table.find(HashedName(absent.view()).hash(), absent));
}

TEST_CASE("an edit of one name shares every other node with the table before") {
  NameTableEdit edit{NameTable()};
  for (int i = 0; i < 5000; ++i) {
    const Name owner = name("n" + std::to_string(i) + ".example.");
    edit.put(owner, nodeFor(owner, i));
  }
  const NameTable before = edit.finish();
  NameTableEdit one(before);
  const Name changed = name("n77.example.");
  one.put(changed, nodeFor(changed, 1'000'000));
  const NameTable after = one.finish();
  int moved = 0;
  before.forEach([&](NodeView node) {
    const NodeView now = after.find(HashedName(node.name()).hash(), node.name());
    if (now.bytes().data() != node.bytes().data()) ++moved;
    return true;
  });
  // One bucket is copied: the changed name and the few that live beside it.
  CHECK(moved >= 1);
  CHECK(moved <= 40);
}
