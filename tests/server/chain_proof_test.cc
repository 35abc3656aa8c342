#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/server/serving_fixture.h"

namespace holdfast::test {

namespace {

constexpr const char* kPlain =
    "@ 60 IN SOA ns a 1 2 3 4 5\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\nb 60 IN A 192.0.2.2\n";
/// What the signatures say is not looked at.
constexpr const char* kSigned = R"(
@ 60 IN SOA ns a 1 2 3 4 5
@ 60 IN NS ns
@ 60 IN NSEC *.a NS SOA RRSIG NSEC
@ 60 IN RRSIG NSEC 13 1 60 20301231000000 20250101000000 1 @ aaaa
ns 60 IN A 192.0.2.1
*.a 60 IN CNAME b.plain.
*.a 60 IN NSEC @ CNAME RRSIG NSEC
*.a 60 IN RRSIG CNAME 13 2 60 20301231000000 20250101000000 1 @ aaaa
*.a 60 IN RRSIG NSEC 13 2 60 20301231000000 20250101000000 1 @ bbbb
)";

bool hasLine(const std::vector<std::string>& lines, const std::string& part) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return line.find(part) != std::string::npos; });
}

}  // namespace

TEST_CASE(
    "RFC 4035 3.1.3.3: the proof of a wildcard stays signed where the chain goes on in an unsigned zone") {
  Answers answers({zoneOf("signed", kSigned), zoneOf("plain", kPlain)});
  const Decoded response = answers.ask({.name = "x.a.signed", .edns = 1232, .dnssecOk = true});
  CHECK(hasLine(response.answer(), "x.a.signed. 60 RRSIG"));
  CHECK(hasLine(response.answer(), "b.plain. 60 A 192.0.2.2"));
  CHECK(hasLine(response.authority(), "*.a.signed. 60 NSEC"));
  CHECK(hasLine(response.authority(), "*.a.signed. 60 RRSIG"));
  const Decoded plain = answers.ask({.name = "x.a.signed", .edns = 1232});
  CHECK(plain.answer().size() == 2);
  CHECK(plain.authority().empty());
}

TEST_CASE("whoever sets DO gets a signed endpoint whole and in a fixed order, others what it picks") {
  RRset targets = endpointOf(2, {1, 1, 1, 1, 1});
  const auto unsignedZone = withRRset(*zoneOf("signed", kSigned), "pick.signed", targets);
  const auto zone = withRRset(*unsignedZone, "pick.signed",
                              {RRType::RRSIG, 5, 0, {std::string("\0\1\15\2\0\0\0\5", 8)}, {}});
  Answers answers({zone});
  const std::vector<std::string> whole =
      answers.ask({.name = "pick.signed", .edns = 1232, .dnssecOk = true}).answer();
  REQUIRE(whole.size() == 6);
  CHECK(std::is_sorted(whole.begin(), whole.begin() + 5));
  for (int i = 0; i < 20; ++i) {
    CHECK(answers.ask({.name = "pick.signed", .edns = 1232, .dnssecOk = true}).answer() == whole);
    CHECK(answers.ask({.name = "pick.signed", .edns = 1232}).answer().size() == 2);
  }
}

TEST_CASE("the stable view has all records of an endpoint in the order of their RDATA") {
  const auto zone = withRRset(*zoneOf("plain", kPlain), "pick.plain", endpointOf(2, {1, 0, 1, 1, 1}));
  const Snapshot snapshot({zone});
  AnswerScratch scratch(1, 1232);
  const RcuThread thread;
  const Bytes query = queryBytes({.name = "pick.plain"});
  for (const View view : {View::Stable, View::Client}) {
    Bytes out(kMaxMessageOctets);
    const ReadSection section;
    out.resize(answer(snapshot, section, {.message = query, .view = view}, out, scratch));
    const auto response = decode(out);
    REQUIRE(response);
    CHECK(response->answer().size() == (view == View::Stable ? 5 : 2));
    if (view == View::Stable) CHECK(std::is_sorted(response->answer().begin(), response->answer().end()));
  }
}

}  // namespace holdfast::test
