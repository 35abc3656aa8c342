// The forms of what is stored of a change: the one that is written, and those of earlier builds.
#include "zone/store_codec.h"

#include <catch2/catch.hpp>
#include <random>
#include <tuple>

#include "tests/zone/fixtures.h"
#include "zone/content_builder.h"
#include "zone/octets.h"

using namespace holdfast;
using holdfast::test::keysIn;
using holdfast::test::name;

namespace {

RRset endpoint(std::vector<std::string> addresses, std::vector<Target> targets, std::uint16_t pick = 0) {
  return {RRType::A, 5, pick, std::move(addresses), std::move(targets)};
}
RRset texts() {
  return {RRType::TXT, 60, 0, {"\1a", "\2bc"}, {}};
}
std::string address(char last) {
  return {'\xc0', '\0', '\2', last};
}

std::shared_ptr<const Zone> zoneBefore() {
  const Zone none(name("example."));
  ZoneEdit edit(none);
  edit.setRRset(name("www.example."), endpoint({address(1), address(2)}, {{"i-1", 1}, {"i-2", 3}}, 2));
  edit.setRRset(name("example."), texts());
  edit.setRRset(name("gone.example."), texts());
  return edit.finish(1, 1, WallTime{});
}

std::shared_ptr<const Zone> zoneAfter(const Zone& before) {
  ZoneEdit edit(before);
  edit.setRRset(name("www.example."), endpoint({address(1), address(3)}, {{"i-1", 7}, {"i-2", 3}}, 2));
  edit.setRRset(name("new.example."), endpoint({address(4)}, std::vector<Target>{Target{"", 1}}));
  edit.removeName(name("gone.example."));
  return edit.finish(2, 2, WallTime{});
}

void requireSame(const Zone& one, const Zone& other) {
  CHECK(one.names().size() == other.names().size());
  NameTable::differences(one.names(), other.names(), [](NodeView a, NodeView b) {
    FAIL(toText((a ? a : b).name()) << " differs");
    return true;
  });
}

std::shared_ptr<const Zone> applied(std::string_view stored, const Zone& to) {
  ZoneEdit edit(to);
  REQUIRE(applyChange(stored, edit));
  return edit.finish(2, 2, WallTime{});
}

std::string octets(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return out;
}

// What the code that wrote "HFC2" made of zoneBefore(), and of the change from it to zoneAfter().
constexpr std::string_view kSecondWhole =
    "48464332000c0c04037777770504676f6e6500555028b52ffd04001d02007403000100010000000500020100020004c0"
    "020000000103692d310000000303692d32000100100000003c00000000020002016100030262630300cfa99f12c082b2"
    "043ac7d46a";
constexpr std::string_view kSecondChange =
    "4846433201101004037777770504676f6e6504036e6577432828b52ffd0400dd00006003000000070004000000010005"
    "002080e58253c585430930040144ffe1ca";

}  // namespace

TEST_CASE("a stored change keeps weights, ids, picks and records of all lengths") {
  const auto before = zoneBefore();
  const auto after = zoneAfter(*before);
  requireSame(*applied(encodeChange(*before, *after), *before), *after);
  requireSame(*applied(encodeChange(Zone(name("example.")), *after), Zone(name("example."))), *after);
}

TEST_CASE("a change that an earlier build stored is read") {
  const auto before = applied(octets(kSecondWhole), Zone(name("example.")));
  requireSame(*before, *zoneBefore());
  requireSame(*applied(octets(kSecondChange), *before), *zoneAfter(*before));
}

TEST_CASE("numbers that do not fit are no stored RRset") {
  OctetReader fits("\xff\xff\x03");
  CHECK(fits.varint<std::uint16_t>() == 65535);
  CHECK(fits.ok());
  OctetReader large("\x80\x80\x04");
  CHECK(large.varint<std::uint16_t>() == 0);
  CHECK_FALSE(large.ok());
}

namespace {

/// Content with names below names, and changes of it.
class RandomContent {
 public:
  explicit RandomContent(unsigned seed) : random_(seed) {}

  std::shared_ptr<const Zone> changed(const Zone& before, int changes) {
    ZoneEdit edit(before);
    for (int i = 0; i < changes; ++i) {
      std::string owner = "example.";
      for (unsigned depth = random_() % 4; depth > 0; --depth)
        owner = std::string(1, static_cast<char>('a' + random_() % 5)) + "." + owner;
      if (random_() % 8 == 0) owner = "*." + owner;
      switch (random_() % 7) {
        case 0:
          edit.removeName(name(owner));
          break;
        case 1:
          edit.setRRset(name(owner), texts());
          break;
        case 2:
          edit.setRRset(name(owner), {RRType::CNAME, 5, 0, {name("a.example.").wire()}, {}});
          break;
        case 3:
          edit.setRRset(name(owner), {RRType::DNAME, 5, 0, {name("a.example.").wire()}, {}});
          break;
        case 4:
          edit.setRRset(name(owner), {RRType::NS, 5, 0, {name("ns.example.").wire()}, {}});
          break;
        case 5:  // of A alone
          edit.setRRset(name(owner),
                        {RRType::NSEC, 5, 0, {name("a.example.").wire() + std::string("\0\1\x40", 3)}, {}});
          break;
        default:
          edit.setRRset(name(owner), endpoint({address(static_cast<char>(random_()))}, {{"id", 3}}));
      }
    }
    return edit.finish(1, 1, WallTime{});
  }

 private:
  std::mt19937 random_;
};

}  // namespace

TEST_CASE("a change that is made at once is what edits make of it") {
  const auto seed = GENERATE(range(0u, 200u));
  RandomContent random(seed);
  const Zone none(name("example."));
  const int size = seed % 10 == 0 ? 3000 : 60;  // large enough to share what is repeated, or not
  const auto before = seed % 4 == 0 ? std::make_shared<const Zone>(none) : random.changed(none, size);
  const auto after = random.changed(*before, 60);
  const std::string stored = encodeChange(*before, *after);
  const Result<std::shared_ptr<const Zone>> made = changedAtOnce(stored, *before);
  REQUIRE(made);
  requireSame(**made, *after);
  const ZoneFacts is = (*made)->facts(), wanted = after->facts();
  CHECK(std::tie(is.records, is.endpoints, is.cuts, is.dnames, is.cnames, is.wildcards, is.addressNames,
                 is.targets, is.weight) == std::tie(wanted.records, wanted.endpoints, wanted.cuts,
                                                    wanted.dnames, wanted.cnames, wanted.wildcards,
                                                    wanted.addressNames, wanted.targets, wanted.weight));
  CHECK(keysIn((*made)->aliases().keys()) == keysIn(after->aliases().keys()));
  CHECK(keysIn((*made)->denial().keys()) == keysIn(after->denial().keys()));
}

TEST_CASE("a damaged change that is made at once is an error or a change, never a crash") {
  RandomContent random(1);
  const Zone none(name("example."));
  // So small that its blocks are not compressed, so that what is altered is seen; and one that is.
  const int size = GENERATE(1, 2, 60);
  const auto before = random.changed(none, 60);
  const std::string stored = encodeChange(*before, *random.changed(*before, size));
  for (std::size_t cut = 0; cut < stored.size(); ++cut)
    CHECK_FALSE(changedAtOnce(std::string_view(stored).substr(0, cut), *before));
  std::mt19937 octet(1);
  for (int i = 0; i < 10'000; ++i) {
    std::string altered = stored;
    for (auto more = octet() % 3 + 1; more > 0; --more)
      altered[octet() % altered.size()] = static_cast<char>(octet());
    const auto made = changedAtOnce(altered, *before);
    if (made) (*made)->names().forEach([](NodeView node) { return ownedRRsets(node).size() < 100; });
    ZoneEdit edit(*before);
    (void)static_cast<bool>(applyChange(altered, edit));
  }
}

TEST_CASE("records of a stored change have no more octets than a record can have") {
  // An RRset of TXT at the apex: flags 0, one record, of 65,536 octets. Blocks as large as stored are not
  // packed.
  std::string rrsets;
  OctetWriter(rrsets).varint(1).varint(16).varint(60).varint(0).number(std::uint8_t{0}).varint(1);
  const std::size_t octets = GENERATE(65'535u, 65'536u);
  OctetWriter(rrsets).varint(octets).octets(std::string(octets, 'x'));
  std::string owners("\1a"), stored("HFC3\0", 5);
  OctetWriter writer(stored);
  writer.varint(1 + owners.size()).varint(1 + owners.size()).counted<std::uint8_t>(owners);
  writer.varint(rrsets.size()).varint(rrsets.size()).octets(rrsets);
  const Zone none(name("example."));
  ZoneEdit edit(none);
  CHECK(static_cast<bool>(applyChange(stored, edit)) == (octets == 65'535u));
  CHECK(static_cast<bool>(changedAtOnce(stored, none)) == (octets == 65'535u));
}

TEST_CASE("a content is built of large and small changes alike") {
  const Name apex = name("example.");
  const auto filled = [&](const Zone& from, int count, char last, Generation generation) {
    ZoneEdit edit(from);
    for (int i = 0; i < count; ++i)
      edit.setRRset(name("endpoint-number-" + std::to_string(i) + ".example."),
                    endpoint({address(last)}, {{"", 1}}));
    return edit.finish(generation, 1, WallTime(std::chrono::microseconds(generation)));
  };
  std::vector<std::shared_ptr<const Zone>> contents{std::make_shared<const Zone>(apex)};
  std::vector<std::string> changes;
  const int counts[] = {20'000, 3, 19'000, 19'500, 5};
  for (const int count : counts) {
    const Generation next = contents.size();
    contents.push_back(filled(*contents.back(), count, static_cast<char>(next), next));
    changes.push_back(encodeChange(*contents[next - 1], *contents[next]));
    CHECK(isWorthDoingAtOnce(changes.back(), *contents[next - 1]) == (count > 1000));
  }
  for (std::size_t first = 0; first < contents.size(); ++first) {
    ContentBuilder builder(contents[first]);
    for (std::size_t i = first; i < changes.size(); ++i) REQUIRE(builder.apply(changes[i]));
    const auto built = builder.finish(5, 7, WallTime(std::chrono::microseconds(99)));
    requireSame(*built, *contents.back());
    CHECK(built->generation() == 5);
    CHECK(built->serial() == 7);
    // When it got content at all: then, or before all these changes.
    const auto since = first == 0 ? built->committedAt() : contents[1]->committedAt();
    CHECK(built->firstCommittedAt() == since);
  }
}
