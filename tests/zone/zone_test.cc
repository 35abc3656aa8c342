#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <stop_token>

#include "tests/zone/fixtures.h"
#include "zone/store_codec.h"

using namespace holdfast;
using holdfast::test::name;

namespace {

RRset text(std::uint32_t ttl) {
  return {RRType::TXT, ttl, 0, {std::string("\1x")}, {}};
}

/// Which names exist, with their children, computed from scratch.
std::map<std::string, std::uint32_t> expectedNames(const std::map<Name, int>& owners, const Name& apex) {
  std::map<Name, std::set<Name>> children;
  if (!owners.empty()) children[apex];
  for (const auto& [owner, value] : owners) {
    Name at = owner;
    children[at];
    while (at != apex) {
      Name parent(at.view().parent());
      children[parent].insert(at);
      at = parent;
    }
  }
  std::map<std::string, std::uint32_t> result;
  for (const auto& [owner, below] : children) result[owner.text()] = static_cast<std::uint32_t>(below.size());
  return result;
}

std::map<std::string, std::uint32_t> actualNames(const Zone& zone) {
  std::map<std::string, std::uint32_t> result;
  zone.names().forEach([&](NodeView node) {
    result[toText(node.name())] = node.children();
    return true;
  });
  return result;
}

}  // namespace

TEST_CASE("random edits keep empty non-terminals and child counts as built from scratch") {
  std::mt19937 random(7);
  const Name apex = name("example.");
  auto zone = std::make_shared<const Zone>(apex);
  std::map<Name, int> owners;
  for (int round = 0; round < 150; ++round) {
    ZoneEdit edit(*zone);
    for (int i = 0; i < 12; ++i) {
      std::string owner = "example.";
      for (unsigned depth = random() % 4; depth > 0; --depth)
        owner = std::string(1, static_cast<char>('a' + random() % 4)) + "." + owner;
      if (random() % 2 == 0) {
        edit.setRRset(name(owner), text(static_cast<std::uint32_t>(random() % 100)));
        owners[name(owner)] = 1;
      } else {
        edit.removeName(name(owner));
        owners.erase(name(owner));
      }
    }
    const auto next = edit.finish(static_cast<Generation>(round + 1), 1, WallTime{});
    REQUIRE(actualNames(*next) == expectedNames(owners, apex));
    REQUIRE(next->facts().records == owners.size());

    // What the store keeps of the change leads from the old content to the new.
    ZoneEdit replay(*zone);
    REQUIRE(applyChange(encodeChange(*zone, *next), replay));
    const auto replayed = replay.finish(1, 1, WallTime{});
    REQUIRE(actualNames(*replayed) == actualNames(*next));
    REQUIRE(encodeChange(*next, *replayed) == encodeChange(*next, *next));
    zone = next;
  }
}

TEST_CASE("a large change is packed in parts, and leads from the old content to the new") {
  const Name apex = name("example.");
  std::mt19937 random(3);
  const bool isCompressible = GENERATE(true, false);
  const auto filled = [&](const Zone& from, int first, int count) {
    ZoneEdit edit(from);
    for (int i = first; i < first + count; ++i) {
      RRset rrset{RRType::TXT, 60, 0, {}, {}};
      for (int part = 0; part < 4; ++part) {
        std::string rdata(256, static_cast<char>('a' + part));
        rdata[0] = '\xff';
        for (std::size_t at = 1; !isCompressible && at < rdata.size(); ++at)
          rdata[at] = static_cast<char>(random());
        rrset.rdata.push_back(std::move(rdata));
      }
      rrset.canonicalise();
      edit.setRRset(name("n" + std::to_string(i) + ".example."), std::move(rrset));
    }
    return edit.finish(1, 1, WallTime{});
  };
  const auto before = filled(Zone(apex), 0, 1000);
  const auto after = filled(*before, 500, 20'000);  // 20 MB
  const std::string stored = encodeChange(*before, *after);
  CHECK((stored.size() < 3'000'000) == isCompressible);
  ZoneEdit replay(*before);
  REQUIRE(applyChange(stored, replay));
  const auto replayed = replay.finish(1, 1, WallTime{});
  CHECK(replayed->names().size() == after->names().size());
  NameTable::differences(after->names(), replayed->names(), [](NodeView, NodeView) {
    FAIL("it leads elsewhere");
    return true;
  });
  const Result<std::vector<Name>> owners = ownersIn(stored, apex);
  REQUIRE(owners);
  CHECK(owners->size() == (isCompressible ? 19'500u : 20'000u));  // of the others nothing changed
  ZoneEdit damaged(*before);
  CHECK_FALSE(applyChange(std::string_view(stored).substr(0, stored.size() - 1), damaged));
  std::stop_source unwanted;
  unwanted.request_stop();
  CHECK(encodeChange(*before, *after, NodeChanges(before->names(), after->names()), unwanted.get_token())
            .empty());
}

TEST_CASE("of a small change the store keeps what differs") {
  const auto withEndpoints = [](const Zone& from, int last) {
    ZoneEdit edit(from);
    for (int i = 0; i < 10; ++i) {
      RRset rrset{RRType::A, 5, 8, {}, {}};
      for (int target = 0; target < 4; ++target) {
        const auto octet = static_cast<char>(target < 3 ? target : last);
        rrset.rdata.push_back(std::string("\x0a\x01") + static_cast<char>(i) + octet);
        Target made;
        made.id = "10.1." + std::to_string(i) + "." + std::to_string(int{octet});
        rrset.targets.push_back(std::move(made));
      }
      edit.setRRset(name("ep" + std::to_string(i) + ".example."), std::move(rrset));
      if (last > 3) break;  // only the first changes
    }
    return edit.finish(1, 1, WallTime{});
  };
  const auto before = withEndpoints(Zone(name("example.")), 3);
  const auto after = withEndpoints(*before, 77);
  const std::string stored = encodeChange(*before, *after);
  CHECK(stored.size() < 60);  // of 125 octets
  ZoneEdit replay(*before);
  REQUIRE(applyChange(stored, replay));
  CHECK(encodeChange(*after, *replay.finish(1, 1, WallTime{})) == encodeChange(*after, *after));
}

TEST_CASE("a stored change that is cut off or altered anywhere is an error or a change, never a crash") {
  const auto zone = test::zoneOf("example.", "@ 60 IN NS ns\n@ 60 IN TXT a b\nwww 60 IN A 192.0.2.1\n");
  const Zone empty(name("example."));
  const std::string stored = encodeChange(empty, *zone);
  for (std::size_t size = 0; size < stored.size(); ++size) {
    ZoneEdit edit(empty);
    const bool applied = static_cast<bool>(applyChange(std::string_view(stored).substr(0, size), edit));
    if (size < 4) CHECK_FALSE(applied);
  }
  std::mt19937 random(1);
  for (int i = 0; i < 3000; ++i) {
    std::string altered = stored;
    altered[random() % altered.size()] = static_cast<char>(random());
    ZoneEdit edit(empty);
    (void)static_cast<bool>(applyChange(altered, edit));
  }
  SUCCEED();
}
