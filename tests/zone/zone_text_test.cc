#include "zone/zone_text.h"

#include <catch2/catch.hpp>
#include <utility>
#include <vector>

using namespace holdfast;

TEST_CASE("a TTL is a number of seconds, or numbers with units") {
  const auto [text, seconds] = GENERATE(table<std::string, std::uint32_t>({
      {"0", 0},
      {"007", 7},
      {"1h30m", 5400},
      {"1W2d3H4m5S", 604800 + 2 * 86400 + 3 * 3600 + 4 * 60 + 5},
      {"30m1h", 5400},
      {"2147483648", 2147483648},
      {"4294967295", 4294967295},
      {"7101w", 4294684800},
  }));
  INFO(text);
  const auto ttl = parseTtl(text);
  REQUIRE(ttl);
  CHECK(*ttl == seconds);
}

TEST_CASE("what is no TTL is quoted") {
  for (const char* text :
       {"", "1x", "1hour", "1h30", "h", "-1", "+1", "1.5", "0x10", "1 h", "1hh", "4294967296", "9999999999",
        "7102w", "4294967295s1s", "18446744073709551617", "99999999999999999999999999w"}) {
    CAPTURE(text);
    const auto ttl = parseTtl(text);
    REQUIRE_FALSE(ttl);
    CHECK_THAT(ttl.error().what, Catch::Contains("\"" + std::string(text) + "\""));
  }
}

TEST_CASE("entries end where no quote, escape, comment or parenthesis says otherwise") {
  using Entries = std::vector<std::pair<int, std::string>>;
  Entries read;
  ZoneTextReader reader("a A 1 ; (\"\r\n \t\n;\nb TXT \"(;\\\"\" \\( ; )\n c ( 1;)\n2\n) 3\n(d)\ne\\;f");
  for (auto more = reader.next(); more && *more; more = reader.next())
    read.emplace_back(reader.line(), reader.entry());
  CHECK(read ==
        Entries{{1, "a A 1 "}, {4, "b TXT \"(;\\\"\" \\( "}, {5, " c   1 2   3"}, {8, "d "}, {9, "e\\;f"}});
}

TEST_CASE("fields end at blanks that are neither quoted nor escaped") {
  std::string_view rest = "  a\\ b\t\"c d\"e \\";
  CHECK(takeField(rest) == "a\\ b");
  CHECK(takeField(rest) == "\"c d\"e");
  CHECK(takeField(rest) == "\\");
  CHECK(takeField(rest).empty());
}

TEST_CASE("a quoted text is bounded and prints") {
  CHECK(quotedForMessage("a\tb\x1b\xff") == "\"a b\\027\\255\"");
  CHECK(quotedForMessage(std::string(500, 'a')) == "\"" + std::string(120, 'a') + "...\"");
}
