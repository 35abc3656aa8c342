#include <catch2/catch.hpp>

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
