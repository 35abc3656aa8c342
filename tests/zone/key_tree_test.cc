#include "zone/key_tree.h"

#include <catch2/catch.hpp>
#include <random>
#include <set>

namespace holdfast::test {

namespace {

std::span<const std::uint8_t> octets(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string text(std::span<const std::uint8_t> key) {
  return {reinterpret_cast<const char*>(key.data()), key.size()};
}

std::string modelAtOrBefore(const std::set<std::string>& model, const std::string& key) {
  const auto above = model.upper_bound(key);
  return above == model.begin() ? *model.rbegin() : *std::prev(above);
}

std::string randomKey(std::mt19937& random, unsigned most) {
  std::string key(std::uniform_int_distribution<std::size_t>(1, 3)(random), ' ');
  for (char& c : key) c = static_cast<char>(std::uniform_int_distribution<unsigned>(0, most)(random));
  return key;
}

}  // namespace

TEST_CASE("a key tree is an ordered ring of octets, and a model agrees") {
  std::mt19937 random(20261121);
  for (const unsigned most : {3u, 40u, 255u}) {
    KeyTree tree;
    std::set<std::string> model;
    CHECK(tree.atOrBefore(octets("x")).empty());
    for (int round = 0; round < 300; ++round) {
      // Few changes to much go page by page, many lay the tree out anew: both must happen.
      const int changes = round % 50 == 0 ? 400 : 3;
      std::vector<std::string> added, removed;
      for (int i = 0; i < changes; ++i) removed.push_back(randomKey(random, most));
      for (int i = 0; i < changes; ++i) added.push_back(randomKey(random, most));
      if (round % 2 == 0 && !model.empty()) removed.push_back(*model.begin());
      const KeyTree before = tree;
      const std::set<std::string> modelBefore = model;
      tree = tree.with(added, removed);
      for (const std::string& key : removed) model.erase(key);
      model.insert(added.begin(), added.end());
      REQUIRE(tree.size() == model.size());
      for (int i = 0; i < 20; ++i) {
        const std::string key = randomKey(random, most);
        if (!model.empty()) REQUIRE(text(tree.atOrBefore(octets(key))) == modelAtOrBefore(model, key));
        // What the new tree shares with the old one it must not have changed.
        if (!modelBefore.empty())
          REQUIRE(text(before.atOrBefore(octets(key))) == modelAtOrBefore(modelBefore, key));
      }
    }
  }
}

TEST_CASE("a key tree can be emptied key by key and filled again") {
  std::vector<std::string> keys;
  for (int i = 0; i < 3000; ++i) keys.push_back(std::to_string(i));
  KeyTree tree = KeyTree().with(keys, {});
  std::mt19937 random(1);
  std::shuffle(keys.begin(), keys.end(), random);
  for (const std::string& key : keys) tree = tree.with({}, {key});
  CHECK(tree.empty());
  CHECK(tree.atOrBefore(octets("1")).empty());
  for (const std::string& key : keys) tree = tree.with({key}, {});
  CHECK(tree.size() == keys.size());
  CHECK(text(tree.atOrBefore(octets("2000"))) == "2000");
}

}  // namespace holdfast::test
