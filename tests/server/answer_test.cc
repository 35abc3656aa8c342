#include "server/answer.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "tests/server/serving_fixture.h"

namespace holdfast::test {

namespace {

using Lines = std::vector<std::string>;

constexpr const char* kZone = R"(
$TTL 300
@       IN SOA ns1 admin 1 3600 600 86400 30
@       IN NS ns1
@       IN NS ns2.other.org.
@       IN MX 10 mail
@       IN MX 20 mail
ns1     IN A 192.0.2.1
ns1     IN AAAA 2001:db8::1
mail    IN A 192.0.2.25
www     IN A 192.0.2.80
_x._tcp IN SRV 1 2 53 www
a.b.c   IN TXT "below an empty non-terminal"
*.wild  IN A 192.0.2.77
sub     IN NS ns.sub
sub     IN NS ns.elsewhere.org.
sub     IN NS ns1
sub     IN DS 1 13 2 00000000000000000000000000000000000000000000000000000000000000aa
ns.sub  IN A 192.0.2.53
ns.sub  IN AAAA 2001:db8::53
)";
constexpr const char* kSoa = "example.net. 30 SOA ns1.example.net. admin.example.net. 1 3600 600 86400 30";

Answers exampleAnswers() {
  return Answers({zoneOf("example.net", kZone), std::make_shared<Zone>(*Name::absolute("empty.test"))});
}

Lines sorted(Lines lines) {
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace

TEST_CASE("data is answered with authority and the question in the client's case") {
  Answers answers = exampleAnswers();
  const Decoded response = answers.ask({"wWw.exAMPle.neT"});
  CHECK(response.id == 0x1234);
  CHECK(response.flags == 0x8500);
  CHECK(response.question == "wWw.exAMPle.neT. A");
  CHECK(response.answer() == Lines{"wWw.exAMPle.neT. 300 A 192.0.2.80"});
  CHECK(response.authority().empty());
  CHECK(response.additional().empty());
  CHECK_FALSE(response.edns);
}

TEST_CASE("rcodes of what is not answered") {
  struct Case {
    const char* description;
    Ask ask;
    unsigned rcode;
  };
  const Case cases[] = {
      {"a zone not held", {"example.org"}, 5},
      {"the root", {".", RRType::NS}, 5},
      {"a zone without content", {"www.empty.test"}, 2},
      {"another class", {.name = "www.example.net", .qclass = 3}, 5},
      {"a transfer", {"example.net", RRType::AXFR}, 5},
      {"an incremental transfer", {"example.net", RRType::IXFR}, 5},
      {"NOTIFY", {.name = "example.net", .flags = 0x2000}, 4},
      {"UPDATE", {.name = "example.net", .flags = 0x2800}, 4},
      {"EDNS version 1", {.name = "www.example.net", .edns = 1232, .ednsVersion = 1}, 16},
  };
  Answers answers = exampleAnswers();
  for (const Case& each : cases) {
    INFO(each.description);
    const Decoded response = answers.ask(each.ask);
    CHECK(response.rcode == each.rcode);
    CHECK(static_cast<unsigned>(answers.last().rcode) == each.rcode);
    CHECK_FALSE(response.authoritative());
    CHECK(response.answer().empty());
    CHECK(response.authority().empty());
    CHECK(response.edns == each.ask.edns.has_value());
  }
}

TEST_CASE("negative answers carry the SOA for the lesser of its TTL and minimum") {
  struct Case {
    const char* name;
    RRType type;
    unsigned rcode;
  };
  const Case cases[] = {{"www.example.net", RRType::AAAA, 0},
                        {"b.c.example.net", RRType::A, 0},
                        {"nothing.example.net", RRType::A, 3},
                        {"x.www.example.net", RRType::A, 3},
                        {"x.b.c.example.net", RRType::A, 3},
                        {"y.wild.example.net", RRType::MX, 0},
                        {"wild.example.net", RRType::A, 0},
                        {"example.net", RRType::DS, 0},
                        {"a.a.b.c.example.net", RRType::TXT, 3},
                        // Types that no zone can hold are not there, like any other.
                        {"www.example.net", RRType{0}, 0},
                        {"www.example.net", RRType::OPT, 0},
                        {"www.example.net", RRType::MAILA, 0},
                        {"no.example.net", RRType::TSIG, 3}};
  Answers answers = exampleAnswers();
  for (const Case& each : cases) {
    INFO(each.name);
    const Decoded response = answers.ask({each.name, each.type});
    CHECK(response.rcode == each.rcode);
    CHECK(response.authoritative());
    CHECK(response.answer().empty());
    CHECK(response.authority() == Lines{kSoa});
  }
}

TEST_CASE("a wildcard answers under the name asked") {
  Answers answers = exampleAnswers();
  CHECK(answers.ask({"p.q.wild.example.net"}).answer() == Lines{"p.q.wild.example.net. 300 A 192.0.2.77"});
  CHECK(answers.ask({"*.wild.example.net"}).answer() == Lines{"*.wild.example.net. 300 A 192.0.2.77"});
}

TEST_CASE("a delegation is a referral with glue and without authority") {
  Answers answers = exampleAnswers();
  for (const char* name : {"sub.example.net", "deep.down.sub.example.net"}) {
    const Decoded response = answers.ask({name, RRType::A});
    CHECK(response.rcode == 0);
    CHECK_FALSE(response.authoritative());
    CHECK(response.answer().empty());
    CHECK(sorted(response.authority()) == Lines{"sub.example.net. 300 NS ns.elsewhere.org.",
                                                "sub.example.net. 300 NS ns.sub.example.net.",
                                                "sub.example.net. 300 NS ns1.example.net."});
    // In-domain glue comes first: it is what must not be missing.
    REQUIRE(response.additional().size() == 4);
    CHECK(response.additional()[0] == "ns.sub.example.net. 300 A 192.0.2.53");
    CHECK(response.additional()[1] == "ns.sub.example.net. 300 AAAA 2001:db8::53");
    CHECK(response.additional()[2] == "ns1.example.net. 300 A 192.0.2.1");
  }
}

TEST_CASE("the DS of a cut is answered by the parent's side") {
  Answers parent = exampleAnswers();
  const Decoded response = parent.ask({"sub.example.net", RRType::DS});
  CHECK(response.authoritative());
  REQUIRE(response.answer().size() == 1);

  const auto child =
      zoneOf("sub.example.net", "@ 60 IN SOA ns a 1 2 3 4 5\n@ 60 IN NS ns\nns 60 IN A 192.0.2.3\n");
  Answers both({zoneOf("example.net", kZone), child});
  CHECK(both.ask({"sub.example.net", RRType::DS}).answer().size() == 1);
  CHECK(both.ask({"ns.sub.example.net"}).answer() == Lines{"ns.sub.example.net. 60 A 192.0.2.3"});

  Answers alone({child});
  const Decoded none = alone.ask({"sub.example.net", RRType::DS});
  CHECK(none.authoritative());
  CHECK(none.rcode == 0);
  CHECK(none.authority().size() == 1);

  // A zone two cuts up knows nothing of the name: the child itself says that there is no DS here.
  Answers apart(
      {zoneOf("net", "@ 60 IN SOA ns a 1 2 3 4 5\n@ 60 IN NS ns\nexample 60 IN NS ns.example\n"), child});
  CHECK(apart.ask({"sub.example.net", RRType::DS}).authority() == none.authority());
}

TEST_CASE("hosts named in an answer bring their addresses, each once") {
  Answers answers = exampleAnswers();
  const Decoded mail = answers.ask({"example.net", RRType::MX});
  CHECK(mail.answer().size() == 2);
  CHECK(mail.additional() == Lines{"mail.example.net. 300 A 192.0.2.25"});
  CHECK(answers.ask({"_x._tcp.example.net", RRType::SRV}).additional() ==
        Lines{"www.example.net. 300 A 192.0.2.80"});
  CHECK(answers.ask({"example.net", RRType::NS}).additional() ==
        Lines{"ns1.example.net. 300 A 192.0.2.1", "ns1.example.net. 300 AAAA 2001:db8::1"});
}

TEST_CASE("the servers of a zone bring their addresses also where these are glue below a cut") {
  Answers answers({zoneOf(".",
                          ". 60 IN SOA a.gtld.net. x. 1 2 3 4 5\n. 60 IN NS a.gtld.net.\n"
                          "net. 60 IN NS a.gtld.net.\na.gtld.net. 60 IN A 192.0.2.9\n")});
  CHECK(answers.ask({".", RRType::NS}).additional() == Lines{"a.gtld.net. 60 A 192.0.2.9"});
}

TEST_CASE("ANY is answered with one RRset") {
  Answers answers = exampleAnswers();
  const Decoded response = answers.ask({"ns1.example.net", RRType::ANY});
  CHECK(response.answer() == Lines{"ns1.example.net. 300 A 192.0.2.1"});
}

TEST_CASE("class ANY is answered without authority") {
  Answers answers = exampleAnswers();
  const Decoded response = answers.ask({.name = "www.example.net", .qclass = 255});
  CHECK(response.answer().size() == 1);
  CHECK_FALSE(response.authoritative());
}

TEST_CASE("EDNS is answered with our payload size and the client's DO bit") {
  Answers answers = exampleAnswers();
  const Decoded response = answers.ask({.name = "www.example.net", .edns = 4096, .dnssecOk = true});
  CHECK(response.edns);
  CHECK(response.dnssecOk);
  CHECK(response.payload == 1232);
  CHECK_FALSE(answers.ask({.name = "www.example.net", .edns = 4096}).dnssecOk);
}

TEST_CASE("an RRset that does not fit is left out whole and told by TC") {
  const auto zone = withRRset(*zoneOf("example.net", kZone), "big.example.net",
                              endpointOf(0, std::vector<std::uint32_t>(100, 1)));
  Answers answers({zone});
  struct Case {
    std::optional<std::uint16_t> edns;
    std::size_t records;
  };
  for (const Case& each : {Case{std::nullopt, 0}, Case{100, 0}, Case{1232, 0}, Case{65535, 0}}) {
    const Decoded response = answers.ask({"big.example.net", RRType::A, each.edns});
    CHECK(response.truncated());
    CHECK(response.answer().size() == each.records);
    CHECK(answers.last().truncated);
    CHECK(response.rcode == 0);
  }
  CHECK(answers.ask({"big.example.net"}, Transport::Tcp).answer().size() == 100);
  Answers roomy({zone}, 4096);
  CHECK(roomy.ask({"big.example.net", RRType::A, 4096}).answer().size() == 100);
  CHECK(roomy.ask({"big.example.net", RRType::A, 1500}).truncated());
}

TEST_CASE("in-domain glue that does not fit is told by TC, other addresses are not missed") {
  std::string text = "@ 60 IN SOA ns a 1 2 3 4 5\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\n";
  std::string elsewhere = text;
  for (unsigned i = 0; i < 13; ++i) {
    const std::string host = "h" + std::to_string(i);
    text += "sub 60 IN NS " + host + ".sub\n" + host + ".sub 60 IN A 192.0.2.1\n" + host +
            ".sub 60 IN AAAA 2001:db8::1\n";
    elsewhere +=
        "sub 60 IN NS " + host + "\n" + host + " 60 IN A 192.0.2.1\n" + host + " 60 IN AAAA 2001:db8::1\n";
  }
  Answers inDomain({zoneOf("example.net", text)});
  const Decoded cut = inDomain.ask({"x.sub.example.net"});
  CHECK(cut.truncated());
  CHECK(cut.authority().size() == 13);
  CHECK_FALSE(inDomain.ask({"x.sub.example.net", RRType::A, 1232}).truncated());
  CHECK(inDomain.ask({"x.sub.example.net", RRType::A, 1232}).additional().size() == 26);

  Answers sibling({zoneOf("example.net", elsewhere)});
  const Decoded whole = sibling.ask({"x.sub.example.net"});
  CHECK_FALSE(whole.truncated());
  CHECK(whole.authority().size() == 13);
  CHECK(whole.additional().size() < 26);
}

TEST_CASE("an endpoint answers with as many targets as it picks, or with all from a random one on") {
  auto zone = withRRset(*zoneOf("example.net", kZone), "picks.example.net",
                        endpointOf(4, std::vector<std::uint32_t>(20, 10)));
  zone = withRRset(*zone, "all.example.net", endpointOf(0, {1, 1, 0, 1}));
  zone = withRRset(*zone, "over.example.net", endpointOf(9, {1, 1, 0, 1}));
  Answers answers({zone});
  std::set<std::string> first, any;
  for (unsigned i = 0; i < 400; ++i) {
    const Decoded picked = answers.ask({"picks.example.net"});
    REQUIRE(std::set<std::string>(picked.answer().begin(), picked.answer().end()).size() == 4);
    any.insert(picked.answer().begin(), picked.answer().end());
    const Decoded all = answers.ask({"all.example.net"});
    REQUIRE(std::set<std::string>(all.answer().begin(), all.answer().end()).size() == 4);
    first.insert(all.answer().front());
    REQUIRE(answers.ask({"over.example.net"}).answer().size() == 4);
  }
  CHECK(any.size() == 20);
  CHECK(first.size() == 4);
}

}  // namespace holdfast::test
