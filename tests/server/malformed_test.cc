#include <catch2/catch.hpp>

#include "server/random.h"
#include "tests/server/serving_fixture.h"

// Whatever comes in, what goes out is nothing or a well-formed response to it.
namespace holdfast::test {

namespace {

Answers someAnswers() {
  MessageSettings settings;
  settings.cookies = CookieMode::On;
  settings.nsid = "ns1";
  settings.version = "v";
  return Answers({zoneOf("example",
                         "@ 60 IN SOA ns a 1 2 3 4 5\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\n"
                         "www 60 IN CNAME ns\nd 60 IN DNAME ns.cut\ncut 60 IN NS ns.cut\n"
                         "ns.cut 60 IN AAAA 2001:db8::1\n* 60 IN MX 1 ns\n")},
                 1232, settings);
}

/// Returns whether there was a response.
bool judge(Answers& answers, const Bytes& message, Transport transport) {
  const Bytes response = answers.raw(message, transport);
  if (response.empty()) {
    // Only what is no query stays without a response.
    REQUIRE((message.size() < 12 || (message[2] & 0x80) != 0));
    return false;
  }
  REQUIRE(message.size() >= 12);
  REQUIRE((message[2] & 0x80) == 0);
  const auto decoded = decode(response);
  REQUIRE(decoded);
  REQUIRE(decoded->id == (message[0] << 8 | message[1]));
  return true;
}

std::vector<Bytes> seeds() {
  // NSID, a cookie, keepalive, padding, and one nobody knows.
  const Bytes kOptions =
      optionBytes({{3, {}}, {10, Bytes(24, 1)}, {11, {}}, {12, Bytes(4)}, {65001, Bytes(3)}});
  return {
      queryBytes({"www.example"}),
      queryBytes({.name = "www.example", .edns = 1232, .dnssecOk = true}),
      queryBytes({"a.b.d.example", RRType::ANY}),
      queryBytes({"x.cut.example", RRType::MX, 65535}),
      queryBytes({"nothing.here.example", RRType::MX, 0}),
      queryBytes({.name = "www.example", .edns = 1232, .options = kOptions}),
      queryBytes({.name = "version.bind", .type = RRType::TXT, .edns = 0, .qclass = 3, .options = kOptions})};
}

}  // namespace

TEST_CASE("every truncation of a query is answered with nothing or a well-formed response") {
  Answers answers = someAnswers();
  for (const Bytes& seed : seeds())
    for (std::size_t size = 0; size <= seed.size(); ++size) {
      const Bytes message(seed.begin(), seed.begin() + static_cast<std::ptrdiff_t>(size));
      CHECK(judge(answers, message, Transport::Udp) == (size >= 12));
      if (size >= 12 && size < seed.size()) CHECK(answers.last().rcode == Rcode::FormErr);
    }
}

TEST_CASE("random changes to queries never lead out of bounds or to a malformed response") {
  Answers answers = someAnswers();
  Random random(42);
  for (unsigned round = 0; round < 100'000; ++round) {
    Bytes message = seeds()[round % seeds().size()];
    for (std::uint64_t changes = 1 + random.below(4); changes > 0; --changes)
      message[random.below(message.size())] = static_cast<std::uint8_t>(random.next());
    if (random.below(8) == 0) message.resize(random.below(message.size() + 20));
    judge(answers, message, random.below(8) == 0 ? Transport::Tcp : Transport::Udp);
  }
}

TEST_CASE("random lists of options are answered with FORMERR or in full, by either transport") {
  Answers answers = someAnswers();
  answers.scratch().tcpKeepalive = 100;
  Random random(44);
  constexpr unsigned kCodes[] = {3, 10, 11, 12, 15, 65001};
  unsigned refused = 0, answered = 0;
  for (unsigned round = 0; round < 50'000; ++round) {
    std::vector<std::pair<unsigned, Bytes>> options;
    for (std::uint64_t count = random.below(5); count > 0; --count)
      options.emplace_back(kCodes[random.below(6)], Bytes(random.below(4) * 8));
    Bytes list = optionBytes(options);
    const bool isCut = !list.empty() && random.below(4) == 0;
    if (isCut) list.resize(random.below(list.size()));
    const Bytes message = queryBytes({.name = "ns.example", .edns = 1232, .options = list});
    judge(answers, message, round % 2 == 0 ? Transport::Tcp : Transport::Udp);
    (answers.last().rcode == Rcode::FormErr ? refused : answered) += 1;
    REQUIRE((answers.last().rcode == Rcode::FormErr || answers.last().rcode == Rcode::NoError));
  }
  CHECK(refused > 1000);
  CHECK(answered > 1000);
}

TEST_CASE("random octets never lead out of bounds or to a malformed response") {
  Answers answers = someAnswers();
  Random random(43);
  for (unsigned round = 0; round < 100'000; ++round) {
    Bytes message(random.below(120));
    for (std::uint8_t& octet : message) octet = static_cast<std::uint8_t>(random.next());
    // Half of them as a header that gets past the first checks.
    if (round % 2 == 0 && message.size() >= 12) {
      message[2] = message[4] = 0;
      message[5] = 1;
      for (unsigned i = 6; i < 12; ++i)
        message[i] = static_cast<std::uint8_t>(i % 2 == 0 ? 0 : message[i] % 4);
    }
    judge(answers, message, Transport::Udp);
  }
}

}  // namespace holdfast::test
