#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <set>

#include "tests/zone/fixtures.h"

using namespace holdfast;
using holdfast::test::name;

TEST_CASE("names survive text, wire and back, lower-cased and escaped") {
  const auto [text, expected] = GENERATE(table<std::string, std::string>({
      {".", "."},
      {"Example.COM.", "example.com."},
      {"example.com", "example.com."},
      {"a\\.b.example.", "a\\.b.example."},
      {"\\000\\255.example.", "\\000\\255.example."},
      {"*.x.", "*.x."},
      {"_sip._tcp.x.", "_sip._tcp.x."},
      {"a\\@b.x.", "a\\@b.x."},
  }));
  const Name parsed = name(text);
  CHECK(parsed.text() == expected);
  CHECK(name(parsed.text()) == parsed);
  CHECK(*Name::fromWire(parsed.view().bytes()) == parsed);
}

TEST_CASE("names over a limit or badly written are errors that say which rule") {
  const std::string label63(63, 'a');
  const std::string longName = label63 + "." + label63 + "." + label63 + "." + label63 + ".";
  const auto [text, rule] = GENERATE_COPY(table<std::string, std::string>({
      {"", "is empty"},
      {"a..b.", "empty label"},
      {".a.", "empty label"},
      {label63 + "a.", "over 63 octets"},
      {longName, "over 255 octets"},
      {"a\\25", "bad escape"},
      {"a\\256.", "bad escape"},
      {"a\\", "bad escape"},
  }));
  const Result<Name> parsed = Name::absolute(text);
  REQUIRE_FALSE(parsed);
  CHECK_THAT(parsed.error().text(), Catch::Contains(rule));
}

TEST_CASE("names are read into a buffer as they are read into a string") {
  const Name origin = name("Example.");
  std::array<std::uint8_t, kMaxNameOctets> kept{};
  NameBuffer buffer(origin);
  for (const std::string& text :
       {std::string("@"), std::string("."), std::string("A.b"), std::string("A\\.\\090.B."), std::string(""),
        std::string("a..b"), std::string("a\\"), std::string(63, 'A'), std::string(64, 'A'),
        "A." + std::string(300, 'x'), std::string(249, '.')}) {
    CAPTURE(text);
    const Result<Name> read = Name::fromText(text, origin);
    CHECK(buffer.assignText(text, origin) == static_cast<bool>(read));
    CHECK(buffer.view() == (read ? read->view() : Name().view()));
    const std::size_t octets = nameFromText(text, origin, Letters::Kept, kept);
    REQUIRE((octets > 0) == static_cast<bool>(read));
    if (read) CHECK(*Name::fromWire(std::span(kept).first(octets)) == *read);
  }
  REQUIRE(nameFromText("A.b", origin, Letters::Kept, kept) == 13);
  CHECK(kept[1] == 'A');
  REQUIRE(buffer.assignWire(std::vector<std::uint8_t>{1, 'A', 0}));
  CHECK(toText(buffer.view()) == "a.");
  CHECK_FALSE(buffer.assignWire(std::vector<std::uint8_t>{1, 'A'}));
  CHECK(buffer.view().isRoot());
}

TEST_CASE("wire-format names that do not end where their octets end are refused") {
  const std::vector<std::vector<std::uint8_t>> bad = {{},      {1},       {1, 'a'},   {0, 0},
                                                      {64, 0}, {0xc0, 0}, {3, 'a', 0}};
  for (const auto& wire : bad) CHECK_FALSE(Name::fromWire(wire));
}

TEST_CASE("canonical order is that of RFC 4034 section 6.1") {
  const std::vector<std::string> ordered = {"example.",         "a.example.",      "yljkjljk.a.example.",
                                            "z.a.example.",     "zabc.a.example.", "z.example.",
                                            "\\001.z.example.", "*.z.example.",    "\\200.z.example."};
  for (std::size_t i = 0; i + 1 < ordered.size(); ++i) CHECK(name(ordered[i]) < name(ordered[i + 1]));
}

TEST_CASE("a name is below an ancestor by labels, not by octets") {
  CHECK(name("a.example.").view().isBelow(name("example.")));
  CHECK(name("example.").view().isAtOrBelow(name("example.")));
  CHECK_FALSE(name("example.").view().isBelow(name("example.")));
  CHECK_FALSE(name("xexample.").view().isBelow(name("example.")));
  // The last octets of the first label look like the ancestor's wire format.
  CHECK_FALSE(name("a\\007example.").view().isAtOrBelow(name("example.")));
}

TEST_CASE("octets are lower-cased alike in any number, and none beyond them is written") {
  for (std::size_t size = 0; size <= kMaxNameOctets; ++size) {
    std::vector<std::uint8_t> from(size);
    for (std::size_t i = 0; i < size; ++i) from[i] = static_cast<std::uint8_t>(i * 7 + size);
    std::vector<std::uint8_t> to(size + 1, 0xee);
    lowerOctets(from, to.data());
    INFO(size);
    CHECK(std::equal(from.begin(), from.end(), to.begin(),
                     [](std::uint8_t before, std::uint8_t after) { return lowerOctet(before) == after; }));
    CHECK(to.back() == 0xee);
  }
}

TEST_CASE("a name is read from a message in lower case and hashed as such") {
  const std::vector<std::uint8_t> wire{3, 'W', 'w', 'W', 7, 'E', 'X', 'A', 'M', 'P', 'L', 'E', 0, 0, 1};
  NameRoom lowered;
  HashedName hashed;
  REQUIRE(hashed.read(wire, lowered) == 13);
  CHECK(hashed.name() == name("www.example.").view());
  CHECK(hashed.labels() == 2);
  CHECK(hashed.hash() == HashedName(name("www.example.")).hash());
  CHECK(hashed.hash(1) == HashedName(name("example.")).hash());
  for (const std::size_t cut : {0u, 1u, 3u, 4u, 12u})
    CHECK(hashed.read(std::span(wire).first(cut), lowered) == 0);
  const std::vector<std::uint8_t> pointer{3, 'w', 'w', 'w', 0xc0, 12, 0};
  CHECK(hashed.read(pointer, lowered) == 0);

  // 254 octets of labels and the root are a name; one octet more is none.
  std::vector<std::uint8_t> longest;
  for (int i = 0; i < 127; ++i) longest.insert(longest.end(), {1, 'a'});
  longest.push_back(0);
  CHECK(hashed.read(longest, lowered) == kMaxNameOctets);
  CHECK(hashed.labels() == 127);
  longest.insert(longest.begin(), {1, 'a'});
  CHECK(hashed.read(longest, lowered) == 0);
}

TEST_CASE("a name hashes the same wherever it lies and whatever follows it") {
  for (std::size_t first = 1; first <= kMaxLabelOctets; ++first)
    for (const std::size_t second : {1, 7, 8, 15, 16, 17, 63}) {
      const std::string text = std::string(first, 'm') + "." + std::string(second, 'q') + ".z.";
      const Name alone = name(text.c_str());
      NameRoom lowered;
      lowered.fill(static_cast<std::uint8_t>(first * 3 + second));
      HashedName hashed;
      REQUIRE(hashed.read(alone.view().bytes(), lowered) == alone.view().size());
      INFO(text);
      CHECK(hashed.hash() == HashedName(alone).hash());
      CHECK(hashed.hash(2) == HashedName(alone.view().parent()).hash());
    }
}

TEST_CASE("names of every length hash apart from their neighbours") {
  std::set<std::uint64_t> hashes;
  std::vector<std::uint8_t> octets(kMaxNameOctets, 'a');
  std::size_t made = 0;
  for (std::size_t size = 1; size <= kMaxNameOctets; ++size)
    for (std::size_t i = 0; i <= size; ++i) {
      // All alike, and each octet changed in turn.
      if (i < size) octets[i] = 'b';
      hashes.insert(HashedName::of({octets.data(), size}));
      ++made;
      if (i < size) octets[i] = 'a';
    }
  CHECK(hashes.size() == made);
}

TEST_CASE("the hash of a suffix is the hash of that name") {
  const Name full = name("a.b.c.example.");
  const HashedName hashed(full.view());
  REQUIRE(hashed.labels() == 4);
  for (unsigned labels = 0; labels <= 4; ++labels) {
    const Name suffix(hashed.suffix(labels));
    CHECK(HashedName(suffix.view()).hash() == hashed.hash(labels));
    CHECK(suffix.view().labels() == labels);
  }
}
