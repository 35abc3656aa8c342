#include "server/chaos.h"

#include <catch2/catch.hpp>

#include "tests/server/serving_fixture.h"

namespace holdfast::test {

namespace {

using Lines = std::vector<std::string>;

constexpr std::uint16_t kChaos = 3;

Answers answersWith(const char* version, const char* name) {
  MessageSettings settings;
  settings.version = version;
  settings.name = name;
  return Answers({zoneOf("bind", "@ 60 IN SOA ns a 1 2 3 4 5\n@ 60 IN NS ns\nversion 60 IN TXT zone\n")},
                 1232, settings);
}

Ask chaos(const char* name, RRType type = RRType::TXT) {
  return {.name = name, .type = type, .edns = 1232, .qclass = kChaos};
}

constexpr const char* kNames[] = {"version.bind", "version.server", "id.server", "hostname.bind"};

}  // namespace

TEST_CASE("RFC 4892: class CH tells nothing unless it is configured") {
  Answers answers = answersWith("", "");
  for (const char* name : kNames) {
    const Decoded response = answers.ask(chaos(name));
    CHECK(response.rcode == 5);
    CHECK_FALSE(response.authoritative());
    CHECK(response.option(15)->at(1) == 18);
  }
}

TEST_CASE("RFC 4892: the names of class CH are answered with TXT of TTL 0 and authority") {
  Answers answers = answersWith("Holdfast 9", "ns7");
  for (const char* name : kNames) {
    const Decoded response = answers.ask(chaos(name));
    const char* text = std::string_view(name).starts_with("version") ? "Holdfast 9" : "ns7";
    CHECK(response.rcode == 0);
    CHECK(response.authoritative());
    CHECK(response.answer() == Lines{std::string(name) + ". 0 TXT \"" + text + "\""});
    CHECK(response.authority().empty());
    CHECK_FALSE(response.option(15));
  }
  CHECK(answers.ask(chaos("Version.BIND")).answer() == Lines{"Version.BIND. 0 TXT \"Holdfast 9\""});
  CHECK(answers.ask(chaos("version.bind", RRType::ANY)).answer().size() == 1);
}

TEST_CASE("RFC 4892: one name may be told without the other") {
  Answers answers = answersWith("Holdfast 9", "");
  CHECK(answers.ask(chaos("version.server")).answer().size() == 1);
  CHECK(answers.ask(chaos("id.server")).rcode == 5);
}

TEST_CASE("class CH has no other data: other types are NODATA, other names REFUSED, zones are of class IN") {
  Answers answers = answersWith("Holdfast 9", "ns7");
  const Decoded other = answers.ask(chaos("version.bind", RRType::A));
  CHECK(other.rcode == 0);
  CHECK(other.authoritative());
  CHECK(other.answer().empty());
  CHECK(other.authority().empty());
  for (const char* name : {"bind", "x.version.bind", "version", ".", "authors.bind", "ns.bind"})
    CHECK(answers.ask(chaos(name)).rcode == 5);
  CHECK(answers.ask({"version.bind", RRType::TXT}).answer() == Lines{"version.bind. 60 TXT \"zone\""});
}

TEST_CASE("a text of class CH that is as long as can be fits into 512 octets with everything else") {
  MessageSettings settings;
  settings.version = std::string(255, 'v');
  settings.nsid = std::string(128, 'n');
  settings.cookies = CookieMode::On;
  Answers answers({}, 512, settings);
  Ask ask = chaos("version.server");
  ask.options = optionBytes({{3, {}}, {10, Bytes(8)}});
  const Decoded response = answers.ask(ask);
  CHECK_FALSE(response.truncated());
  CHECK(response.answer().size() == 1);
  CHECK(response.options.size() == 2);
}

}  // namespace holdfast::test
