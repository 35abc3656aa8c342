#include "zone/zone_text.h"

#include <catch2/catch.hpp>
#include <random>
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
  std::vector<std::pair<int, std::string>> read;
  ZoneTextReader reader("a A 1 ; (\"\r\n \t\n;\nb TXT \"(;\\\"\" \\( ; )\n c ( 1;)\n2\n) 3\n(d)\ne\\;f");
  for (auto more = reader.next(); more && *more; more = reader.next())
    read.emplace_back(reader.line(), reader.entry());
  CHECK(read ==
        std::vector<std::pair<int, std::string>>{
            {1, "a A 1 "}, {4, "b TXT \"(;\\\"\" \\( "}, {5, " c   1 2   3"}, {8, "d "}, {9, "e\\;f"}});
}

namespace {

using Entries = std::vector<std::pair<int, std::string>>;

/// The entries of a text octet by octet, as the rules say; one of line 0 stands for an error.
Entries entriesByRule(std::string_view text) {
  Entries entries;
  std::string entry;
  bool quoted = false;
  bool comment = false;
  int depth = 0;
  int line = 1;
  int begin = 1;
  const auto finish = [&] {
    if (entry.find_first_not_of(" \t") != std::string::npos) entries.emplace_back(begin, entry);
    entry.clear();
  };
  const auto wrong = [&] {
    entries.emplace_back(0, "");
    return entries;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const char following = i + 1 < text.size() ? text[i + 1] : '\n';
    if (c == '\n') {
      if (quoted) return wrong();
      comment = false;
      ++line;
      if (depth > 0) {
        if (!entry.empty()) entry += ' ';
        continue;
      }
      finish();
      begin = line;
    } else if (comment) {
      continue;
    } else if (c == '\\') {
      if (following == '\n' || following == '\r') return wrong();
      entry += c;
      entry += text[++i];
    } else if (c == '\r' || c == '\v' || c == '\f') {
      if (c != '\r' || following != '\n') return wrong();
    } else if (c == '"' || quoted) {
      quoted = quoted != (c == '"');
      entry += c;
    } else if (c == ';') {
      comment = true;
    } else if (c == '(' || c == ')') {
      depth += c == '(' ? 1 : -1;
      if (depth < 0) return wrong();
      if (!entry.empty()) entry += ' ';
    } else if (depth > 0 && entry.empty() && (c == ' ' || c == '\t')) {
      continue;  // the owner follows
    } else {
      entry += c;
    }
  }
  if (quoted || depth > 0) return wrong();
  finish();
  return entries;
}

Entries entriesOf(std::string_view text) {
  Entries entries;
  ZoneTextReader reader(text);
  for (auto more = reader.next(); !more || *more; more = reader.next()) {
    entries.emplace_back(more ? reader.line() : 0, more ? reader.entry() : "");
    if (!more) break;
  }
  return entries;
}

}  // namespace

TEST_CASE("entries are found octet by octet and many octets at once") {
  std::mt19937 random(5);
  const auto below = [&](std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
  };
  static constexpr std::string_view kSpecial = "\n\n\n\r\"\"\\;()\f\v";
  std::size_t whole = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string text;
    while (below(12) > 0) {
      text += std::string(below(40), "a\t"[below(8) == 0]);
      if (below(3) == 0) text += kSpecial[below(kSpecial.size())];
      if (below(3) == 0) text += below(2) == 0 ? "\r\n" : "\n";
    }
    const Entries wanted = entriesByRule(text);
    if (entriesOf(text) != wanted) FAIL("of " << quotedForMessage(text));
    if (!wanted.empty() && wanted.back().first > 0) ++whole;
  }
  CHECK(whole > 30'000);
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
